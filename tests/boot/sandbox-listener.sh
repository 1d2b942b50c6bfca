#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In a container whose manager has a seccomp listener: a second one cannot be
# had, so the kernel takes the transport `trap` by itself.
. "$TEST_LIB/boot.sh"

imgtool=$(command -v imgtool)
sandbox=("$UMKIT_BUILD/tests/lib/sandbox" -l -k "$UMKIT_BUILD" -k
	"$(dirname "$UMKIT_KERNEL")")
capture "${sandbox[@]}" true
[ "$status" != 77 ] || skip "$(cat err)"
assert_status 0

boxed()
{
	guarded "${sandbox[@]}" "$imgtool" run --mem "$MEM" --cpus "$CPUS" \
		"$TEST_IMAGE" -- "$@" >out 2>err </dev/null
}

for CPUS in 1 2; do
	echo "# $CPUS processors"
	boxed sh -c 'grep ^mode /proc/cpuinfo; exit 7'
	assert_status 7
	assert_match '^mode.*: trap'
	assert_eq "$(cat err)" '' "standard error"
	# mknod, which the manager listens for, is the guest kernel's here
	boxed sh -c 'mknod /x c 1 3 && ls -l /x'
	assert_status 0
	assert_match '^crw.* 1, +3 '
	for program in guest_root proc_fork proc_clone signal_fault attack_entry; do
		boxed "/tests/$program"
		assert_status 0
		assert_no_match '^not ok'
	done
done
