#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs, ownership=xattr: guest root unpacks a tree of any owners, modes and
# devices as an ordinary host user, and packs the same one again.
. "$TEST_LIB/boot.sh"

need_cmd getfattr setfattr
chmod 755 "$WORK"
touch probe
setfattr -n user.x -v y probe 2>/dev/null ||
	skip "$WORK: its file system has no user attributes"

# shellcheck disable=SC2016
script='
set -e
mount -t tmpfs tmp /tmp
cd /tmp
mkdir -p tree/dir/deep tree/sticky tree/setgid
echo file >tree/file
: >tree/empty
echo suid >tree/suid
echo none >tree/none
echo exec >tree/dir/exec
ln tree/file tree/dir/hard
ln -s ../file tree/dir/link
ln -s /no/where tree/dangling
mknod tree/null c 1 3
mknod tree/disk b 259 70000
mkfifo tree/fifo
ln tree/null tree/dir/null2
chown 1:2 tree/file
chown 1000:1000 tree/suid tree/dir
chown -h 7:8 tree/dangling tree/dir/link
chown 3:4 tree/null tree/fifo
chmod 0751 tree/dir/exec
chmod 6755 tree/suid
chmod 0000 tree/none
chmod 0444 tree/empty
chmod 1777 tree/sticky
chmod 2750 tree/setgid
chmod 0660 tree/disk
touch -h -d "2001-02-03 04:05:06" tree/file tree/dangling tree/null tree/setgid
tar c -f a.tar tree
# all of a tree but the times of what tar sets none of
list()
{
	(cd "$1" && find tree | sort | while read -r f; do
		time=; [ -h "$f" ] || [ -d "$f" ] || time=%Y
		stat -c "%n %f %u %g %t %T %h $time" "$f"
		[ -d "$f" ] || stat -c %s "$f"
		[ ! -h "$f" ] || readlink "$f"
		[ ! -f "$f" ] || cat "$f"
	done)
}
same() { list "$1" >/tmp/here; cmp /tmp/list /tmp/here || { cat /tmp/list /tmp/here; false; }; }
links() { chown -h 7:8 "$1/tree/dangling" "$1/tree/dir/link"; }
mkdir first again
tar x -C first -f a.tar
links first
list first >list
mount -t hostfs none /mnt -o "$1,ownership=xattr"
tar x -C /mnt -f a.tar
links /mnt
same /mnt
# once more, nothing of it from the cache
umount /mnt
mount -t hostfs none /mnt -o "$1,ownership=xattr"
same /mnt
tar c -C /mnt -f b.tar tree
tar x -C again -f b.tar
links again
same again
cd /mnt
# they are what they look like
[ "$(readlink tree/dir/link)" = ../file ]
[ "$(cat tree/dir/link)" = file ]
echo data >tree/null
[ ! -s tree/null ]
(echo through >tree/fifo) & [ "$(cat tree/fifo)" = through ]
[ "$(stat -c "%t %T" tree/disk)" = "103 11170" ]
[ "$(stat -c %h tree/file)" = 2 ]
# each change by itself
chmod 4711 tree/none; [ "$(stat -c "%a %u" tree/none)" = "4711 0" ]
chown 5 tree/none; [ "$(stat -c "%a %u" tree/none)" = "711 5" ]
chgrp 6 tree/fifo; [ "$(stat -c "%F %u %g" tree/fifo)" = "fifo 3 6" ]
mkdir tree/setgid/in; [ "$(stat -c "%a %g" tree/setgid/in)" = "2755 0" ]
mv tree/disk tree/moved; [ -b tree/moved ]
rm tree/fifo; [ ! -e tree/fifo ]
# what was there before is what it is
[ "$(cat given)" = given ]
[ "$(stat -c %F given-link)" = "symbolic link" ]
[ "$(stat -c %a nonsense)" = 644 ]
chmod 7777 given; chown 9:9 given; [ "$(stat -c "%a %u" given)" = "1777 9" ]
! chown -h 1:1 given-link 2>/dev/null || exit 2
grep -q ownership=xattr /proc/mounts
./xattrs .
'
check()
{
	local dir=$1
	shift
	mkdir "$dir"
	echo given >"$dir/given"
	chmod 444 "$dir/given"
	echo >"$dir/nonsense"
	chmod 644 "$dir/nonsense"
	setfattr -n user.umkit.owner -v "104755 0 0 0:0 x" "$dir/nonsense"
	ln -s given "$dir/given-link"
	cp "$UMKIT_BUILD/tests/boot/hostfs_xattrs" "$dir/xattrs"
	[ $# = 0 ] || chown -hR nobody "$dir"
	status=0
	"$@" imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
		sh -c "$script" sh "$dir" </dev/null >out 2>err || status=$?
	assert_status 0
	# the host has files and directories only, which their owner can read
	assert_eq "$(find "$dir" ! -name given-link ! -type f ! -type d)" ""
	assert_eq "$(find "$dir" -perm /7022 -o ! -perm -600)" "$dir/given-link"
	assert_eq "$(cat "$dir/tree/dangling")" /no/where
	assert_eq "$(getfattr --only-values -n user.umkit.owner \
		"$dir/tree/moved")" "60660 0 0 259:70000"
	assert_eq "$(stat -c %a "$dir/tree/dir/exec" "$dir/tree/dir" \
		"$dir/tree/null")" "711
711
600"
	getfattr -n user.umkit.system.posix_acl_default "$dir/acls" >/dev/null
	rm -rf "$dir"
}

echo "# as we are"
check "$WORK/dir"
if [ "$(id -u)" = 0 ]; then
	echo "# as nobody"
	check "$WORK/nobody" as_nobody env HOME=/nonexistent TMPDIR=/tmp
fi

echo "# refused where there is no place for it"
run_guest --append hostfs=/proc -- sh -c '
	mount -t hostfs none /mnt -o / && umount /mnt &&
	! mount -t hostfs none /mnt -o /,ownership=xattr 2>/dev/null &&
	! mount -t hostfs none /mnt -o /,ownership=x 2>/dev/null' </dev/null
assert_status 0
