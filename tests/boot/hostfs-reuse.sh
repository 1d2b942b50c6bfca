#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the host removes a file and gives its number to a new one that is as
# long and has the same mtime: the guest sees that it is another one.
#
# Needs a file system that uses numbers again at once: ext4 without a journal.
. "$TEST_LIB/boot.sh"

need_root
need_cmd mkfs.ext4
mkdir dir
truncate -s 16M disk
mkfs.ext4 -q -I 256 -O ^has_journal disk
unshare -m mount -o loop disk dir 2>/dev/null ||
	skip "a disk image cannot be mounted here"

# shellcheck disable=SC2016
script='
mkdir /a /b
mount -t hostfs none /a -o "$1,attr_timeout=3600000" &&
	mount -t hostfs none /b -o "$1,attr_timeout=0" && cd /b || exit 1
same() { [ "$(stat -c %i "$1")" = "$2" ]; }
# again NAME COMMAND: until it has the number it had
again()
{
	local ino=$(stat -c %i "$1") i
	for i in $(seq 100); do
		rm -f "$1"
		eval "$2"
		touch -h -d "2001-02-03 04:05:06" "$1"
		! same "$1" "$ino" || return 0
	done
	exit 77
}
echo old >f && ln -s old l && mkfifo p || exit 2
touch -h -d "2001-02-03 04:05:06" f l
[ "$(cat /a/f) $(readlink /a/l)" = "old old" ] || exit 3
[ -p /a/p ] || exit 3
again f "echo new >f"
[ "$(cat /a/f)" = new ] || { echo "still the old file"; exit 4; }
# of a link, whose text is kept, too
[ "$(readlink l)" = old ] || exit 5
cd /a && again l "ln -s new l" && cd /b || exit 5
[ "$(readlink /b/l)" = new ] || { echo "still the old link"; exit 5; }
# an open one goes on being the removed one
exec 3<f
rm f && echo xyz >f
[ "$(cat <&3) $(cat f)" = "new xyz" ] || exit 6
exec 3<&-
# what is removed by name is what was looked at: all of it works, once more
rm /a/f && [ ! -e /b/f ] || exit 7
'
guarded unshare -m sh -c '
mount -o loop disk dir && mkdir dir/in || exit 99
exec imgtool run --mem "$1" --append hostfs=/ "$2" -- sh -c "$3" sh "$PWD/dir/in"
' sh "$MEM" "$TEST_IMAGE" "$script" </dev/null >out 2>err
[ "$status" != 99 ] || skip "a disk image cannot be mounted here"
[ "$status" != 77 ] || skip "the host does not give a number again"
assert_status 0
