#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: every kind of file and operation, seen from both sides, as we are
# and as an ordinary host user.
. "$TEST_LIB/boot.sh"

# shellcheck disable=SC2016
script='
set -e
mount -t hostfs none /mnt -o "$1"
cd /mnt
[ "$(cat sub/given)" = given ]
[ "$(readlink out)" = /etc/hostname ]
mkdir -p a/b
echo one >a/f
echo two >>a/f
[ "$(cat a/f)" = "one
two" ]
mv a/f a/b/g
! mv a/b/g none/g 2>/dev/null || exit 2
ln a/b/g hard
[ "$(stat -c %h a/b/g)" = 2 ]
rm a/b/g
[ "$(stat -c %h hard)" = 1 ]
ln -s ../x a/link
[ "$(readlink a/link)" = ../x ]
mkfifo a/fifo
[ -p a/fifo ]
# no bit of a mode is lost to the umask of the host
(umask 0; echo >open; mkdir opendir)
[ "$(stat -c %a open opendir)" = "666
777" ]
chmod 640 hard
[ "$(stat -c %a hard)" = 640 ]
touch -h -d "2001-02-03 04:05:06" hard
[ "$(stat -c %Y hard)" = "$(date -d "2001-02-03 04:05:06" +%s)" ]
# written, closed, then made read-only or removed
echo kept >late && chmod 0444 late && [ "$(cat late)" = kept ]
exec 3<>gone; echo data >&3; rm gone; [ "$(cat /proc/self/fd/3)" = data ]
exec 3>&-
# data through the page cache, in pieces that match no page
dd if=/tests.data of=big bs=100003 2>/dev/null
cmp /tests.data big
truncate -s 5000 big
[ "$(stat -c %s big)" = 5000 ]
truncate -s 9000 big
[ "$(tail -c 4000 big | tr -d "\0" | wc -c)" = 0 ]
dd if=/tests.data of=full bs=1M 2>/dev/null
dd if=/dev/zero of=full bs=1 seek=12345 count=10 conv=notrunc 2>/dev/null
i=0; mkdir many; while [ $i -lt 2000 ]; do : >many/$i; i=$((i+1)); done
[ "$(ls many | wc -l)" = 2000 ]
rm -r many
! mkdir a 2>/dev/null || exit 3
! rmdir a 2>/dev/null || exit 4
rm -r a
cd /; umount /mnt
mount -t hostfs none /mnt -o "ro,hostfs=$1"
! ( : >/mnt/ro ) 2>/dev/null || exit 5
mount -o remount,rw /mnt
: >/mnt/ro
rm /mnt/ro
mount -o remount,ro /mnt
! ( : >/mnt/ro ) 2>/dev/null || exit 6
umount /mnt
'
check()
{
	local dir=$1
	shift
	mkdir "$dir" "$dir/sub"
	echo given >"$dir/sub/given"
	ln -s /etc/hostname "$dir/out"
	[ $# = 0 ] || chown -R nobody "$dir"
	status=0
	"$@" imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- sh -c '
		dd if=/dev/urandom of=/tests.data bs=1000 count=3001 2>/dev/null
		md5sum </tests.data; '"sh -ec '${script//\'/}'"' sh "$1"
		' sh "$dir" </dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
	assert_status 0
	assert_eq "$(cd "$dir" && echo *)" \
		"big full hard late open opendir out sub"
	assert_eq "$(cat "$dir/hard" "$dir/late")" "one
two
kept"
	assert_eq "$(stat -c %a "$dir/late" "$dir/open")" "444
666"
	assert_eq "$(stat -c %s "$dir/full" "$dir/big")" "3001000
9000"
	assert_eq "$(tail -c +12346 "$dir/full" | head -c 10 | tr -d '\0')" ""
	rm -rf "$dir"
}

chmod 755 "$WORK"
echo "# as we are"
check "$WORK/dir"
if [ "$(id -u)" = 0 ]; then
	echo "# as nobody"
	check "$WORK/nobody" as_nobody env HOME=/nonexistent TMPDIR=/tmp
fi
