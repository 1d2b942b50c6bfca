#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The most vcpus there can be: each runs programs, and goes offline and comes back.
# ROUNDS (1) is how often.
. "$TEST_LIB/boot.sh"

CPUS=64
MEM=512M
# shellcheck disable=SC2016 # expanded by the guest
run_guest -- /bin/sh -c '
cd /sys/devices/system/cpu
all() { for cpu in cpu[0-9]*; do echo ${cpu#cpu}; done; }
[ "$(all | wc -l)" = 64 ] || exit 1
used() {
	for cpu in $(all); do
		[ "$cpu" = 0 ] || [ "$(cat cpu$cpu/online)" = 1 ] || continue
		taskset -c $cpu sh -c "grep ^Cpus_allowed_list: /proc/self/status"
	done | sort -u | wc -l
}
for round in $(seq '"${ROUNDS:-1}"'); do
	echo "$(used) run on $(cat online)"
	for cpu in $(all); do
		[ $cpu = 0 ] || echo 0 >cpu$cpu/online || exit 1
	done
	echo "$(used) run on $(cat online)"
	for cpu in $(all); do
		[ $((cpu % 2)) = 0 ] || echo 1 >cpu$cpu/online || exit 1
	done
	echo "$(used) run"
	for cpu in $(all); do
		[ $cpu = 0 ] || echo 1 >cpu$cpu/online || exit 1
	done
	[ "$(cat online)" = 0-63 ] || exit 1
done
dmesg | grep -A 1 "^[^a-z]*WARNING: \|BUG: \|rcu.*stall" >&2
exit 0' </dev/null
assert_status 0
# One is Linux 6.12's own (kernel/doc/architecture.md).
grep -vE '^--$|WARNING: .* sched_cpu_dying|Dying CPU not properly vacated' err >bad ||
	:
assert_eq "$(cat bad)" '' "warnings"
assert_eq "$(sort out | uniq -c | awk '{ $1 = ""; print }')" \
	" 1 run on 0
 33 run
 64 run on 0-63"

capture "$UMKIT_KERNEL" ncpus=65
assert_plain_error 1 '^command line: ncpus=65: .*1 to 64'
