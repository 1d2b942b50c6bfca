#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SIGKILL of the kernel process at random moments, while the guest forks and
# faults: everything dies with it. KILLS (10) times, with and without a
# supervisor. RANDOM_SEED repeats a run.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
RANDOM=$seed

# Forks, executes, maps, faults, threads: programs that take no longer than
# this does, over and over.
# shellcheck disable=SC2016 # expanded by the guest
BUSY='cd /tests; mount -t tmpfs tmp /tmp;
	for program in proc_fork mm_fault mm_shootdown futex signal_fault; do
		while :; do ./$program; done >/dev/null 2>&1 &
	done; while :; do (/bin/true); done & wait'

for option in quiet um_nosupervisor; do
	for ((i = 0; i < ${KILLS:-10}; i++)); do
		CPUS=$((1 + i % 2)) launch "$BUSY" $option
		delay=0.$(printf %03d $((RANDOM % 700)))
		sleep "$delay"
		kill -KILL "$kernel"
		ended
		[ "$status" = 137 ] ||
			fail_here "$option: killed after $delay s: status $status"
		# nobody is there to remove it without a supervisor; the next
		# one of that name takes it over
		[ $option = um_nosupervisor ] || [ ! -e uml/life ] ||
			fail_here "the umid folder is still there"
	done
	echo "ok: $option"
done
launch 'poweroff -f'
ends_with 0 'after a kill'

echo "# before the guest runs"
for ((i = 0; i < ${KILLS:-10}; i++)); do
	"$UMKIT_BUILD/tests/lib/reaper" -t "$BOOT_TIMEOUT" "$UMKIT_KERNEL" \
		mem="$MEM" con=null con0=null um_nosupervisor \
		ubd0r="$TEST_IMAGE" root=/dev/ubda ro init=/bin/sh -- \
		-c "$BUSY" >console 2>err </dev/null &
	job=$!
	children=/proc/$job/task/$job/children
	retry 10 grep -q . "$children" || fail "not started"
	child=$(cat "$children")
	sleep "0.0$(printf %02d $((RANDOM % 60)))"
	kill -KILL "${child%% *}"
	wait "$job" && status=0 || status=$?
	[ "$status" = 137 ] || { show; fail "killed early: status $status"; }
done
echo "ok"
