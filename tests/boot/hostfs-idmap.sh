#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: uidmap= and gidmap= map owners both ways, and grant nothing.
. "$TEST_LIB/boot.sh"

need_root
mkdir dir
chmod 755 "$WORK"
for id in 1000 1009 1010 2000 2001 0; do
	echo $id >"dir/$id"
	chown "$id:$((id + 1))" "dir/$id"
done

# shellcheck disable=SC2016
script='
cd /mnt || exit 1
stat -c "%n %u %g" 0 1000 1009 1010 2000 2001
owner() { stat -c %u:%g "$1"; }
echo >made; [ "$(owner made)" = 0:0 ] || exit 2
mkdir sub; chown 5:500 sub; [ "$(owner sub)" = 5:500 ] || exit 3
chmod 2777 sub; mkdir sub/in; [ "$(owner sub/in)" = 0:500 ] || exit 4
ln -s x link; chown -h 9:0 link; [ "$(owner link)" = 9:0 ] || exit 5
! chown 10 made 2>/dev/null || exit 6
! chown 65534 made 2>/dev/null || exit 7
! chgrp 1 made 2>/dev/null || exit 8
[ "$(owner made)" = 0:0 ] || exit 9
# users of the guest, and one whom the host does not know
chmod 777 .
echo "u:x:500:500::/:/bin/sh
n:x:77:500::/:/bin/sh
root:x:0:0::/:/bin/sh" >/etc/passwd
echo "g:x:500:" >/etc/group
su u -c "echo >/mnt/by-u" || exit 10
[ "$(owner by-u)" = 500:500 ] || exit 11
! su n -c "echo >/mnt/by-n" 2>/dev/null || exit 12
! su n -c "mkdir /mnt/by-n" 2>/dev/null || exit 13
# rights are those of the mapped owner
chmod 600 2000 2001
su u -c "cat /mnt/2000" || exit 14
! su u -c "cat /mnt/2001" 2>/dev/null || exit 15
grep -o "uidmap=.*" /proc/mounts
for bad in 0 0:0 0:0:0 x:0:1 0:0:1x 0:4294967295:1 4294967290:0:6 \
	0:1:4294967296 -1:0:1 0:0:1:1 0:0:5,9:3:2 0:0:5,4:9:2 ""; do
	! mount -t hostfs none /tmp -o "hostfs=$1,gidmap=$bad" 2>/dev/null ||
		{ echo "taken: $bad"; exit 16; }
done
'
map=uidmap=0:1000:10,500:2000:1,gidmap=0:1001:1,gidmap=500:2001:1
run_guest --append hostfs=/ -- sh -c \
	'mount -t hostfs none /mnt -o "$1,$2" || exit 20; '"$script" \
	sh "$PWD/dir" "$map" </dev/null
assert_status 0
assert_out "0 65534 65534
1000 0 0
1009 9 65534
1010 65534 65534
2000 500 500
2001 65534 65534
2000
uidmap=0:1000:10,uidmap=500:2000:1,gidmap=0:1001:1,gidmap=500:2001:1 0 0"
assert_eq "$(cd dir && stat -c '%n %u %g' made sub sub/in link by-u)" \
	"made 1000 1001
sub 1005 2001
sub/in 1000 2001
link 1009 1001
by-u 2000 2001"

echo "# an ordinary user's files are the guest root's"
mkdir own
chown nobody own
gid=$(id -g nobody)
status=0
as_nobody env HOME=/nonexistent TMPDIR=/tmp imgtool run --mem "$MEM" \
	--append hostfs=/ "$TEST_IMAGE" -- sh -c '
	mount -t hostfs none /mnt -o "$1,uidmap=0:65534:1,gidmap=0:$2:1" &&
	cd /mnt && echo >file && chown 0:0 file && chmod 4755 file &&
	stat -c "%u %g %a" . file
	! chown 1 file 2>/dev/null' sh "$PWD/own" "$gid" \
	</dev/null >out 2>err || status=$?
assert_status 0
assert_match '^0 (0|65534) 755$'
assert_match '^0 0 4755$'
