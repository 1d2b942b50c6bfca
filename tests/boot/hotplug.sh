#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Vcpus are taken offline and brought back while programs run on them: none
# stops or is lost, and each counts on.
. "$TEST_LIB/boot.sh"

CPUS=4
# shellcheck disable=SC2016 # expanded by the guest
run_guest -- /bin/sh -c '
echo 1 >/proc/sys/kernel/panic_on_warn
cd /sys/devices/system/cpu
online() { cat online; }
[ "$(online)" = 0-3 ] || { echo "at start: $(online)"; exit 1; }
[ ! -e cpu0/online ] || { echo "the first one can go"; exit 1; }
for i in 1 2 3 4 5 6; do
	(while [ ! -e /stop ]; do /bin/true; echo >>/count.$i; done) &
done
for round in 1 2 3 4 5; do
	for cpu in 1 2 3; do
		echo 0 >cpu$cpu/online || exit 1
		[ "$(cat cpu$cpu/online)" = 0 ] || exit 1
	done
	[ "$(online)" = 0 ] || { echo "all off: $(online)"; exit 1; }
	for cpu in 3 1 2; do echo 1 >cpu$cpu/online || exit 1; done
	[ "$(online)" = 0-3 ] || { echo "all on: $(online)"; exit 1; }
done
for i in 1 2 3 4 5 6; do
	before=$(wc -c </count.$i)
	until [ "$(wc -c </count.$i)" -gt "$before" ]; do sleep 0.1; done
done
echo 0 >cpu2/online
: >/stop
wait
echo "$(nproc) of 4"' </dev/null
assert_status 0
assert_out "3 of 4"
