# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For cases that run the host's own programs in a guest, on a hostfs directory:
#
#	. "$UMKIT_SRC/tests/boot/hostfs-lib.sh"

. "$TEST_LIB/boot.sh"

# The host's root is the guest's, read-only; in it are the directory as /mnt,
# a new /tmp, and of the guest /dev and /proc. busybox of the test image is in
# /tmp, the folder of the case is $HERE, read-only.
# shellcheck disable=SC2016
hostfs_guest='
set -e
mkdir -p /host
mount -t hostfs none /host -o ro,hostfs=/
mount -t hostfs none /host/mnt -o "$1"
mount -t tmpfs tmp /host/tmp
cp /bin/busybox /host/tmp
mount -t proc proc /host/proc
mount -o bind /dev /host/dev
mkdir -p /dev/shm /host/tmp/here
mount -t tmpfs shm /dev/shm
mount -t hostfs none /host/tmp/here -o "ro,hostfs=$2"
export HOME=/tmp TMPDIR=/tmp LC_ALL=C HERE=/tmp/here
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export script="$3"
exec chroot /host /bin/bash -Eeuo pipefail -c "
	trap \"echo \\\"line \\\$LINENO: \\\$BASH_COMMAND\\\" >&2\" ERR
	cd /mnt
	eval \"\$script\""
'

# on_hostfs OPTIONS SCRIPT [COMMAND...]: SCRIPT is run by bash in the guest,
# in the directory that the mount options name; COMMAND becomes another user.
# Sets $status.
on_hostfs()
{
	local options=$1 script=$2
	shift 2
	status=0
	"$@" imgtool run --mem "$MEM" --cpus "$CPUS" --append hostfs=/ \
		"$TEST_IMAGE" -- sh -c "$hostfs_guest" sh "$options" "$WORK" \
		"$script" </dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
}

# on_each SCRIPT CHECK: plain, as we are; and with ownership=xattr, as an
# ordinary user of the host. CHECK is called with the directory.
on_each()
{
	local as=() options
	chmod 755 "$WORK"
	mkdir "$WORK/plain" "$WORK/xattr"
	options=$WORK/plain
	[ "$(id -u)" = 0 ] ||
		options+=,uidmap=0:$(id -u):1,gidmap=0:$(id -g):1
	echo "# plain"
	on_hostfs "$options" "$1"
	assert_status 0
	"$2" "$WORK/plain"
	setfattr -n user.x -v y "$WORK/xattr" 2>/dev/null || {
		echo "# no ownership=xattr: $WORK has no user attributes"
		return
	}
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$WORK/xattr"
		as=(as_nobody env HOME=/nonexistent TMPDIR=/tmp)
	fi
	echo "# ownership=xattr"
	on_hostfs "$WORK/xattr,ownership=xattr" "$1" "${as[@]}"
	assert_status 0
	"$2" "$WORK/xattr"
}
