#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What vfat and exfat do not have is said in plain words; copies leave out what
# they can do without.
. "$UMKIT_SRC/tests/boot/engine.sh"

mkdir tree
echo hi >tree/file
chmod 640 tree/file
ln tree/file tree/link
mkdir tree/dir
xattrs=
! setfattr -n user.some -v value tree/file 2>/dev/null || xattrs=1
cp -a tree more
ln -s file more/symlink
mkfifo more/fifo
tested=0

# has_no WHAT VERB ARGUMENT...
has_no()
{
	capture imgtool "${@:2}"
	assert_plain_error 1 ": the file system, $type, has no $1\$"
}

for type in vfat exfat; do
	img=img.$type
	truncate -s 64M $img
	command -v mkfs.$type >/dev/null || continue
	mkfs.$type $img >/dev/null
	echo "# $type"
	capture imgtool cp -a tree $img:/
	assert_status 0
	if [ "$xattrs" ]; then
		assert_match "warning: user.some and maybe other attributes" err
		[ "$(wc -l <err)" = 1 ] || fail "more than one warning"
	fi
	assert_eq "$(imgtool cat $img:/tree/file $img:/tree/link)" 'hi
hi'
	has_no symlinks ln -s file $img:/symlink
	has_no 'hard links' ln $img:/tree/file $img:/link
	has_no owners chown 1:1 $img:/tree/file
	has_no 'modes but 0755 and 0555' chmod 640 $img:/tree/file
	has_no 'modes but 0755 of directories' chmod 700 $img:/tree/dir
	has_no 'extended attributes' setfattr -n user.a -v b $img:/tree/file
	has_no 'such names' mkdir $img:/a:b
	has_no 'such names' mv $img:/tree/file $img:/a?b
	capture imgtool chown 0:0 $img:/tree/file
	assert_status 0
	capture imgtool chmod 555 $img:/tree/file
	assert_status 0
	imgtool stat $img:/tree/file | grep -q 'mode: 0555' || fail "chmod 555"
	capture imgtool chmod 755 $img:/tree/file
	assert_status 0
	# the rest is copied
	capture imgtool cp -r more $img:/again
	assert_status 1
	assert_match 'more/symlink: the file system, .*, has no symlinks' err
	assert_match 'more/fifo: the file system, .*, has no fifos' err
	[ "$(wc -l <err)" = 2 ] || { show; fail "other errors"; }
	assert_eq "$(imgtool cat $img:/again/link)" hi
	tested=$((tested + 1))
done
[ $tested = 2 ] || skip "mkfs.vfat or mkfs.exfat is not installed"
