#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest in a container without privileges: read-only root, small noexec
# tmpfs, no capabilities, no_new_privs, and a system call filter like Docker's.
. "$TEST_LIB/boot.sh"

imgtool=$(command -v imgtool)
sandbox=("$UMKIT_BUILD/tests/lib/sandbox" -k "$UMKIT_BUILD" -k
	"$(dirname "$UMKIT_KERNEL")")

# boxed OPTION... -- COMMAND...: run_guest in the sandbox
boxed()
{
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	guarded "${sandbox[@]}" "$imgtool" run --mem "$MEM" "${options[@]}" \
		"$TEST_IMAGE" "$@" >out 2>err </dev/null
}

# expect STATUS COMMAND...: on CPUS processors, with nothing on standard error
expect()
{
	local want=$1
	shift
	boxed --cpus "$CPUS" -- "$@"
	assert_status "$want"
	assert_eq "$(cat err)" '' "standard error"
}

capture "${sandbox[@]}" true
[ "$status" != 77 ] || skip "$(cat err)"
assert_status 0

echo "# the sandbox is one"
capture "${sandbox[@]}" sh -c 'grep -E "^(CapBnd|NoNewPrivs|Seccomp):" \
	/proc/self/status; unshare -U true || echo denied; touch /x || echo ro
	cp /bin/true /dev/shm/x && /dev/shm/x || echo noexec'
assert_out "$(printf '%s\n' $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1' \
	$'Seccomp:\t2' denied ro noexec)"

for CPUS in 1 2; do
	echo "# exit statuses, $CPUS processors"
	expect 0 true
	expect 7 sh -c 'exit 7'
	boxed --cpus "$CPUS" -- /nonexistent/program
	assert_plain_error 127 'not found in the image'
	expect 137 sh -c 'kill -9 $$'
	expect 139 sh -c 'kill -SEGV $$'
	expect 0 sh -c 'id -u; echo x >/file; cat /file'
	assert_out '0
x'
done

echo "# standard streams"
seq 200000 >lines
guarded "${sandbox[@]}" "$imgtool" run --mem "$MEM" "$TEST_IMAGE" -- cat \
	<lines >out 2>err
assert_status 0
assert_same_file lines out

echo "# guest root"
expect 0 sh -c 'mkdir -p /mnt && mount -t tmpfs none /mnt && echo y >/mnt/f &&
	unshare -m sh -c "umount /mnt && ! [ -e /mnt/f ]" && cat /mnt/f'
assert_out y

for program in guest_root proc_fork signal_fault mm_fault; do
	echo "# $program"
	boxed --cpus 2 -- "/tests/$program"
	assert_status 0
	assert_no_match '^not ok'
	assert_match '^1\.\.[1-9]'
done

echo "# the bare kernel"
image=$(scratch_image)
chmod 666 "$image"
guarded "${sandbox[@]}" -k "$WORK" "$UMKIT_KERNEL" mem="$MEM" con0=fd:0,fd:1 \
	con=null ubd0r="$image" root=/dev/ubda ro quiet init=/bin/sh -- \
	-c 'echo @up; exec poweroff -f' >console 2>err </dev/null
assert_status 0
assert_match '^@up' console
rm -f "$image"
