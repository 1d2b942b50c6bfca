#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 300 s
# Signals to the kernel process and to its supervisor.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

# signal NAME PID: with the name in the log
signal() { echo "# $1"; kill -"$1" "$2"; }

echo "# the guest's answer: TERM and HUP are the power button, INT Ctrl-Alt-Del"
# busybox's poweroff tells init by SIGUSR2; and init may get SIGINT
ANSWER="trap 'echo 5 >/proc/exitcode; poweroff -f' USR2
	trap 'echo 6 >/proc/exitcode; poweroff -f' INT
	echo 0 >/proc/sys/kernel/ctrl-alt-del; echo @trap;"
for name in TERM HUP INT; do
	[ $name = INT ] && expected=6 || expected=5
	for cpus in 1 2; do
		CPUS=$cpus launch "$ANSWER $FOREVER" panic=0
		retry 60 says '^@trap'
		signal $name "$kernel"
		ends_with "$expected" "$name to the kernel process, ncpus=$cpus"
	done
	launch "$ANSWER $FOREVER"
	retry 60 says '^@trap'
	signal $name "$supervisor"
	ends_with "$expected" "$name to the supervisor"
done
launch 'echo 1 >/proc/sys/kernel/ctrl-alt-del;'" $FOREVER" noreboot
signal INT "$kernel"
ends_with 0 'INT, noreboot'
launch "echo /nosuch >/proc/sys/kernel/poweroff_cmd; echo @set; $FOREVER"
retry 60 says '^@set'
signal TERM "$kernel"
ends_with 0 'TERM, without a program for it'

echo "# no answer: asked again after a second"
now_ms() { echo "${EPOCHREALTIME/[.,]/}" | sed 's/...$//'; }
for name in TERM INT; do
	launch "echo 0 >/proc/sys/kernel/ctrl-alt-del; trap '' INT USR2
		echo @deaf; $FOREVER"
	retry 60 says '^@deaf'
	first=$(now_ms)
	signal $name "$kernel"
	sleep 0.3
	signal $name "$kernel"
	sleep 0.3
	if [ ! -e "/proc/$kernel" ]; then
		# on a busy host that was a second later
		[ $(($(now_ms) - first)) -gt 900 ] ||
			fail_here "$name twice at once: ended too soon"
		echo "$name: the host is slow"
		ended
		continue
	fi
	sleep 0.7
	if [ $name = TERM ]; then
		signal $name "$kernel"
		ends_with 143 'TERM, again'
	else
		# each was looked at: none is "again"
		signal $name "$kernel"
		sleep 0.3
		[ -e "/proc/$kernel" ] || fail_here "INT that was looked at: ended"
		signal KILL "$kernel"
		ends_with 137 'KILL after INT'
	fi
done

echo "# a crash of the kernel"
for name in SEGV BUS ILL FPE; do
	launch "$FOREVER" panic=0
	signal $name "$kernel"
	ends_with 134 "$name"
	says 'Kernel panic - not syncing: kernel fault' ||
		fail_here "$name: no message"
done
CPUS=2 launch "(while :; do :; done) & $FOREVER" panic=0
signal SEGV "$kernel"
ends_with 134 "SEGV, busy guest"
# (a shell makes its background jobs ignore QUIT)
for name in ABRT SYS USR1; do
	launch "$FOREVER"
	signal $name "$kernel"
	ends_with $((128 + $(kill -l $name))) "$name"
done

echo "# the supervisor dies"
launch "sleep 1000 & $FOREVER"
signal KILL "$supervisor"
ends_with 137 'KILL to the supervisor'

echo "# stop and go on"
launch "n=0; while :; do n=\$((n + 1)); echo @tick; sleep 0.1; done"
retry 60 times_said '^@tick' 3
state() { awk '/^State:/ { print $2 }' "/proc/$1/status"; }
is_state() { [ "$(state "$1")" = "$2" ]; }
signal STOP "$kernel"
retry 10 is_state "$kernel" T || fail_here "STOP: state $(state "$kernel")"
sleep 0.3
ticks=$(grep -ac '^@tick' console)
sleep 1
assert_eq "$(grep -ac '^@tick' console)" "$ticks" "lines while stopped"
signal CONT "$kernel"
retry 30 times_said '^@tick' $((ticks + 5)) || fail_here "CONT: no more lines"
signal KILL "$kernel"
ends_with 137 'KILL'

launch "sleep 3; echo @done; poweroff -f"
signal STOP "$kernel"
sleep 4
! says '^@done' || fail_here "stopped, and went on"
signal CONT "$kernel"
ends_with 0 'stopped and continued'
