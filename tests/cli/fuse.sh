# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For cases that mount: sourced after cli.sh. Skips where FUSE can't be had;
# whatever a case leaves mounted below $WORK is unmounted at its end.

if [ ! -e /dev/fuse ] && [ "$(id -u)" = 0 ]; then
	mknod -m 600 /dev/fuse c 10 229 2>/dev/null || :
fi
(exec 3<>/dev/fuse) 2>/dev/null || skip "/dev/fuse: not there, or no permission"
[ "$(id -u)" = 0 ] || need_cmd fusermount3

# mounts: the mount points below $WORK, the last one first
mounts()
{
	awk -v w="$WORK/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo |
		tac
}

unmount_all()
{
	local point
	mounts | while read -r point; do
		if [ "$(id -u)" = 0 ]; then
			umount -l "$point"
		else
			fusermount3 -u -z "$point"
		fi || :
	done
}
trap unmount_all EXIT

mounted()
{
	mounts | grep -qx "$WORK/$1"
}

not_mounted()
{
	! mounted "$1"
}

# The first mount tells whether this host lets us.
need_mount()
{
	truncate -s 2M probe.img
	mke2fs -q -F probe.img
	mkdir -p probe
	capture "$IMGTOOL" mount probe.img probe
	if [ "$status" != 0 ] && grep -qiE 'not permitted|denied' err; then
		skip "mounting is not allowed here: $(cat err)"
	fi
	assert_status 0
	[ -d probe/lost+found ] || fail "the first mount shows nothing"
	"$IMGTOOL" umount probe
	not_mounted probe || fail "the first mount is still there"
}

# idle IMG: nobody has it open any more
idle()
{
	local image=$1
	retry 60 unused "$(realpath "$image")" ||
		fail "$image: still in use after unmounting"
}

unused()
{
	# (no pipe to grep -q, which would end find before it has ended itself)
	[ -z "$(find /proc/[0-9]*/fd -lname "$1" 2>/dev/null)" ]
}

# as_mounter DEVICE COMMAND...: as nobody, whose /dev/fuse is this; for root
as_mounter()
{
	local device=$1
	shift
	unshare -m sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$device" \
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# ordinary_user: what follows is done by an ordinary user, in a folder of his own;
# root begins the case again as one
ordinary_user()
{
	[ "$(id -u)" = 0 ] || return 0
	need_cmd setpriv unshare fusermount3
	mknod -m 666 fuse c 10 229 2>/dev/null ||
		skip "no device of FUSE for all can be made here"
	mkdir mine
	chown 65534:65534 mine "$HOME" "$TMPDIR"
	export IMGTOOL
	as_mounter fuse sh -c 'exec 3<>/dev/fuse && "$IMGTOOL" --version' \
		>out 2>err || skip "not possible as nobody: $(cat err)"
	WORK=$WORK/mine
	export WORK
	cd mine
	as_mounter ../fuse bash "$0" || exit $?
	exit 0
}

# What runs because of this case has this in its environment; the shell has not.
export MOUNTED_BY=$$.$RANDOM

nobody_runs()
{
	[ -z "$(env -u MOUNTED_BY grep -lsF "MOUNTED_BY=$MOUNTED_BY" \
		/proc/[0-9]*/environ)" ]
}

# nothing_left IMG: of a mount that has ended: no mount, no process, no file
nothing_left()
{
	[ -z "$(mounts)" ] || fail "left mounted: $(mounts)"
	idle "$1"
	retry 60 nobody_runs || fail "$1: processes are left"
	local files
	files=$(find "$HOME" "$TMPDIR" -mindepth 1 ! -path "$HOME/.uml")
	[ -z "$files" ] || fail "$1: files are left: $files"
}

# do_mount ARGUMENT...: in silence
do_mount()
{
	capture "$IMGTOOL" mount "$@"
	assert_status 0
	[ ! -s out ] && [ ! -s err ] || { show; fail "not silent: mount $*"; }
}

# do_umount DIR IMG: and nothing is left
do_umount()
{
	capture "$IMGTOOL" umount "$1"
	assert_status 0
	mounted "$1" && fail "$1: still mounted"
	unused "$(realpath "$2")" || fail "$2: in use after unmounting"
}
