#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: POSIX ACLs are the host's, with mapped ids; without them on the host
# they are refused.
. "$TEST_LIB/boot.sh"

program=$UMKIT_BUILD/tests/boot/hostfs_xattrs
# An ACL as text, by what it is on disk: tag perm id of each entry.
acl()
{
	python3 -c '
import os, struct, sys
raw = os.getxattr(sys.argv[1], "system.posix_acl_" + sys.argv[2])
print(" ".join("%d:%d:%d" % e for e in struct.iter_unpack("<HHi", raw[4:])))
' "$@"
}
command -v python3 >/dev/null || skip "python3: not here"
mkdir probe
python3 -c '
import os
os.setxattr("probe", "system.posix_acl_access", bytes.fromhex(
    "02000000" "01000700ffffffff" "0200070005000000" "04000500ffffffff"
    "10000700ffffffff" "20000500ffffffff"))' 2>/dev/null ||
	skip "$WORK: its file system has no POSIX ACLs"

# check OPTIONS UID [COMMAND...]: as the guest's user 5 is the host's UID
check()
{
	local options=$1 uid=$2
	shift 2
	rm -rf dir
	mkdir dir
	cp "$program" dir/program
	cp -a probe dir/given
	[ $# = 0 ] || chown -R nobody dir
	status=0
	# shellcheck disable=SC2016
	"$@" imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- sh -ec '
		mount -t hostfs none /mnt -o "$1"
		/mnt/program /mnt acl
		mkdir /mnt/given/in
	' sh "$PWD/dir$options" </dev/null >out 2>err || status=$?
	assert_status 0
	assert_eq "$(acl dir/acls default)" \
		"1:6:-1 2:7:$uid 4:0:-1 16:7:-1 32:0:-1"
	assert_eq "$(acl dir/acls/file access)" \
		"1:6:-1 2:7:$uid 4:0:-1 16:6:-1 32:0:-1"
	assert_eq "$(acl dir/given access)" "$(acl probe access)"
	assert_eq "$(stat -c %a dir/given/in)" 755
}
chmod 755 "$WORK"
echo "# as we are"
check "" 5
if [ "$(id -u)" = 0 ]; then
	echo "# with a map"
	check ,uidmap=0:0:5,uidmap=5:70005:1 70005
	echo "# as nobody"
	check "" 5 as_nobody env HOME=/nonexistent TMPDIR=/tmp
fi

# where an entry cannot be had it is not left out
mkdir unmapped
cp "$program" unmapped/program
# shellcheck disable=SC2016
run_guest --append hostfs=/ -- sh -c '
	mount -t hostfs none /mnt -o "$1,uidmap=0:$2:1" && /mnt/program /mnt acl
' sh "$PWD/unmapped" "$(id -u)" </dev/null
assert_status 1
grep -q 'setxattr.*Invalid argument' err || fail "an entry of nobody is taken"

# ramfs has none
[ "$(id -u)" = 0 ] || exit 0
mkdir ramfs
unshare -m true || exit 0
# shellcheck disable=SC2016
guarded unshare -m sh -c '
	mount -t ramfs none ramfs && cp "$1" ramfs/program || exit 99
	exec imgtool run --mem "$2" --append hostfs=/ "$3" -- sh -c "
		mount -t hostfs none /mnt -o \"\$1\" && /mnt/program /mnt noacl
	" sh "$PWD/ramfs"
' sh "$program" "$MEM" "$TEST_IMAGE" </dev/null >out 2>err
[ "$status" = 99 ] || assert_status 0
