# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers for cases that boot a guest:
#
#	. "$TEST_LIB/boot.sh"
#
# Every boot runs under tests/lib/reaper, so a process or a changed terminal
# that is left behind fails the case at once, whatever the exit status was.
# Variables a case may set: MEM (256M), CPUS (1), BOOT_TIMEOUT (120 s),
# MAY_HANG (a time-out is not a failure but status 124).

. "$TEST_LIB/common.sh"

MEM=${MEM:-256M}
CPUS=${CPUS:-1}
BOOT_TIMEOUT=${BOOT_TIMEOUT:-120}

# The busybox root with the programs of tests/guest in /tests. Cases do not
# write to it: run_guest's layer is thrown away, and for boot_linux there is
# scratch_image.
TEST_IMAGE=$UMKIT_BUILD/rootfs/test.img

[ -x "$UMKIT_KERNEL" ] || skip "$UMKIT_KERNEL: not built"

# guarded COMMAND...: under the reaper; fails the case on what is left behind
# or a time-out, else sets $status, which is the command's own
guarded()
{
	local verdict=$WORK/verdict
	status=0
	rm -f "$verdict"
	"$UMKIT_BUILD/tests/lib/reaper" -t "$BOOT_TIMEOUT" -o "$verdict" "$@" ||
		status=$?
	case $(cat "$verdict" 2>/dev/null) in
	"own $status") ;;
	timeout)
		[ -z "${MAY_HANG-}" ] || return 0
		show_boot
		fail "no end after $BOOT_TIMEOUT s: $*" ;;
	'left '*) show_boot; fail "left something behind: $*" ;;
	*) show_boot; fail "the reaper failed, status $status: $*" ;;
	esac
}

show_boot()
{
	show
	[ ! -e "$WORK/console" ] || {
		echo "--- console (last 100 lines)"
		tail -n 100 "$WORK/console" | cat -v
	} >&2
}

# run_guest [OPTION...] -- COMMAND...: run COMMAND in the test image by
# `imgtool run`. Sets $status; output is in the files out and err. Standard
# input is the caller's, so give </dev/null in a loop. IMAGE is another image
# to take.
run_guest()
{
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -gt 1 ] || fail "run_guest: no command"
	shift
	rm -f "$WORK/console"
	guarded imgtool run --mem "$MEM" --cpus "$CPUS" "${options[@]}" \
		"${IMAGE:-$TEST_IMAGE}" -- "$@" >"$WORK/out" 2>"$WORK/err"
}

# boot_linux ARGUMENT...: start the bare kernel with its console on standard
# input and output. Sets $status; the console is in the file console, what the
# kernel's host side said in err.
boot_linux()
{
	rm -f "$WORK/out"
	guarded "$UMKIT_KERNEL" mem="$MEM" ncpus="$CPUS" con0=fd:0,fd:1 \
		con=null "$@" >"$WORK/console" 2>"$WORK/err"
}

# scratch_image [IMAGE]: prints the name of a copy a case may write to
scratch_image()
{
	local copy
	copy=$(mktemp "$WORK/image.XXXXXX")
	cp --sparse=always --reflink=auto "${1:-$TEST_IMAGE}" "$copy"
	echo "$copy"
}

# boot_shell SCRIPT [ARGUMENT...]: boot the bare kernel from a copy of the
# test image, run SCRIPT in its shell as init, then power off. What SCRIPT
# writes is on the console, between the lines @begin and @end STATUS.
boot_shell()
{
	local script=$1 image
	shift
	image=$(scratch_image)
	boot_linux ubd0="$image" root=/dev/ubda rw quiet init=/bin/sh "$@" \
		-- -c "mount -t proc proc /proc; mount -t sysfs sys /sys
echo @begin; ( $script ); echo @end \$?
sync; exec poweroff -f"
	rm -f "$image"
}

# boot_output: what the script of the last boot_shell wrote
boot_output()
{
	tr -d '\r' <"$WORK/console" | sed -n '/^@begin$/,/^@end /{//!p}'
}

# debian_image: prints the name of the Debian image with a compiler, strace
# and gdb in it, or skips where it was not built (it needs a Debian mirror)
debian_image()
{
	local image=$UMKIT_BUILD/rootfs/debian-test.img
	[ -e "$image" ] ||
		skip "$image: not built; run: make rootfs/debian-test.img"
	echo "$image"
}
