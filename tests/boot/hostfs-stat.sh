#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: what stat tells of files of the host: sizes beyond 4 GiB, times with
# nanoseconds and that of birth, and inode numbers, which are unique across the
# host's devices below the directory and stay for the life of the mount.
. "$TEST_LIB/boot.sh"

mkdir dir dir/one dir/two
truncate -s 5G dir/big
echo "beyond" | dd of=dir/big bs=1 seek=$((4 * 1024 * 1024 * 1024 + 123)) \
	conv=notrunc status=none
touch -d '2001-02-03 04:05:06.123456789' dir/times
ln -s x dir/link
touch -h -d '1969-12-31 23:00:00.5Z' dir/link

# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1,attr_timeout=0" && cd /mnt || exit 1
stat -c "%n %s %Y %y" big times
stat -c "%n %s %Y" link
dd if=big bs=1 skip=4294967419 count=7 2>/dev/null
echo more | dd of=big bs=1 seek=4294967419 conv=notrunc 2>/dev/null
find . -exec stat -c %i {} + >/tmp/first
ls -ia one two | md5sum >/tmp/listed
[ "$(sort -u /tmp/first | wc -l)" = "$(wc -l </tmp/first)" ] || {
	echo "inode numbers are not unique"; exit 2; }
# the same in listings, and when the inodes have gone in between
for dir in one two; do
	for f in $dir/*; do
		[ "$(ls -i $dir | sed -n "s/^ *\([0-9]*\) ${f#*/}\$/\1/p")" = \
			"$(stat -c %i "$f")" ] || exit 3
	done
done
echo 3 >/proc/sys/vm/drop_caches
find . -exec stat -c %i {} + | cmp - /tmp/first || exit 4
'
# Two file systems whose files have the same numbers, where we may mount them.
# shellcheck disable=SC2016
inner='
for d in one two; do
	! mount -t tmpfs none dir/$d 2>/dev/null || touch dir/$d/a dir/$d/b
done
stat -c "%n %s %Y %y" dir/big dir/times | sed s,dir/,, >expected
exec imgtool run --mem "$1" --append hostfs=/ "$2" -- sh -c "$3" sh "$PWD/dir"
'
touch dir/one/a dir/two/a
ns=(unshare -m)
unshare -m true 2>/dev/null || ns=()
guarded "${ns[@]}" sh -c "$inner" sh "$MEM" "$TEST_IMAGE" "$script" \
	</dev/null >out 2>err
assert_status 0
{
	cat expected
	echo "link 1 -3600"
	echo beyond
} >all
diff all out || fail "not what the host has: see above"
assert_eq "$(dd if=dir/big bs=1 skip=4294967419 count=7 status=none)" "more
d"
