#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
# Some guest programs as on older hosts: without SYNC_WAKE_UP (before 6.6),
# without WAIT_KILLABLE_RECV (before 5.19), and without both.
. "$TEST_LIB/boot.sh"
BOOT_TIMEOUT=200

some="proc_fork signal_regs signal_fault fpu_many mm_fault mm_shootdown futex"
some+=" ptrace_event smp"
read -ra programs <<<"${GUEST_PROGRAMS:-$some}"
failed=
run_guest -- grep ^mode /proc/cpuinfo </dev/null
! grep -q 'trap' out || skip "the transport is trap, these are modes of notify"
for options in um_nosync um_nokillable "um_nosync um_nokillable"; do
	case $options in
	"um_nosync um_nokillable")
		mode='no SYNC_WAKE_UP, no WAIT_KILLABLE_RECV' ;;
	*um_nosync*) mode='no SYNC_WAKE_UP' ;;
	*) mode='no WAIT_KILLABLE_RECV' ;;
	esac
	for CPUS in 1 2; do
		run_guest --append "$options" -- sh -c \
			'grep ^mode /proc/cpuinfo; exec /tests/run "$@"' \
			run "${programs[@]}" </dev/null
		tr -d '\r' <out >lines
		assert_match "^mode.*($mode)" lines
		for program in "${programs[@]}"; do
			result=$(sed -n "s/^@status $program //p" lines)
			echo "$options ncpus=$CPUS $program: ${result:-no end}"
			case $result in
			0 | 77) ;;
			*) failed+=" $program($options,ncpus=$CPUS)" ;;
			esac
		done
		[ -z "$failed" ] || { show; fail "failed:$failed"; }
	done
done
