#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs=/jail: nothing outside of the directory is mounted, read or made.
. "$TEST_LIB/boot.sh"

mkdir -p jail/in/deep outside
echo secret >outside/secret
echo fine >jail/in/file
ln -s "$PWD/outside" jail/abs
ln -s ../outside jail/rel
ln -s /proc/self/root jail/magic
ln -s in jail/inner

# shellcheck disable=SC2016
script='
try() { mount -t hostfs none /mnt -o "$1" 2>/dev/null || return 1; }
for path in ../outside ./../outside /../outside hostfs=../outside abs /abs \
	rel /rel magic /magic /in/../../outside '"$PWD/outside"'; do
	case $path in /*|.*|hostfs=*) ;; *) path=hostfs=$path ;; esac
	! try "$path" || { echo "mounted: $path"; exit 1; }
done
for path in /in hostfs=/in hostfs=in /inner; do
	try "$path" || { echo "not mounted: $path"; exit 1; }
	[ "$(cat /mnt/file)" = fine ] || exit 1
	[ "$(cat /mnt/../mnt/deep/../file)" = fine ] || exit 1
	umount /mnt
done
try / || exit 1
# links are followed in the guest, not on the host
! cat /mnt/abs/secret 2>/dev/null || exit 1
! cat /mnt/rel/secret 2>/dev/null || exit 1
! ls /mnt/magic/'"$PWD"' 2>/dev/null || exit 1
! ( : >/mnt/rel/made ) 2>/dev/null || exit 1
umount /mnt
'
run_guest --append "hostfs=$PWD/jail" -- sh -c "$script"
assert_status 0
assert_eq "$(ls outside)" secret

echo "# read-only, whatever the mount says"
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o /in || exit 1
! ( : >/mnt/new ) 2>/dev/null || exit 1
mount -o remount,rw /mnt 2>/dev/null
! ( : >/mnt/new ) 2>/dev/null || exit 1
! chmod 777 /mnt/file 2>/dev/null || exit 1
'
run_guest --append "hostfs=$PWD/jail,ro" -- sh -c "$script"
assert_status 0
assert_eq "$(ls jail/in)" "deep
file"

echo "# append only"
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o /in || exit 1
echo more >>/mnt/file || exit 1
! ( echo less >/mnt/file ) 2>/dev/null || exit 1
! rm /mnt/file 2>/dev/null || exit 1
! mv /mnt/file /mnt/other 2>/dev/null || exit 1
echo new >>/mnt/new || exit 1
# nor by any other way
mkdir /mnt/sub && echo x >>/mnt/sub/x || exit 1
fails() { ! "$@" 2>/dev/null || { echo "done: $*"; exit 1; }; }
fails truncate -s 1 /mnt/file
fails truncate -s 100 /mnt/file
fails dd if=/dev/zero of=/mnt/file conv=notrunc bs=1 count=1
fails ln /mnt/file /mnt/hard
fails mv /mnt/new /mnt/file
fails mv /mnt/sub /mnt/sub2
fails rmdir /mnt/sub
fails rm -r /mnt/sub
fails chmod 600 /mnt/file
fails chown 1 /mnt/file
fails touch -d 2001-01-01 /mnt/file
fails fallocate -l 1 -o 0 -p /mnt/file
mount -t hostfs none /tmp -o / && cp /tmp/program /program && umount /tmp || exit 1
/program append /mnt/file || exit 1
'
cp "$UMKIT_BUILD/tests/boot/hostfs_calls" jail/program
run_guest --append "hostfs=$PWD/jail,append" -- sh -c "$script"
assert_status 0
assert_eq "$(cat jail/in/file jail/in/new)" "fine
more
new"

echo "# as the root directory"
mkdir root
tar -C root -xf "$UMKIT_BUILD/rootfs/test.tar" 2>/dev/null ||
	skip "rootfs/test.tar: cannot be unpacked here"
boot_linux root=/dev/root rootfstype=hostfs rootflags="$PWD/root" rw quiet \
	init=/bin/sh -- -c 'echo made >/made; exec poweroff -f'
assert_eq "$(cat root/made)" made
