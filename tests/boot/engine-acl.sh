#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ACLs on a writable mount through a guest: a default ACL counts instead of the
# umask, and without one the umask does.
. "$UMKIT_SRC/tests/boot/engine.sh"
IMGTOOL=imgtool
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3
need_mount
mkdir m

for type in ext4 xfs f2fs; do
	rm -rf img host
	mkdir host
	case $type in
	ext4) truncate -s 64M img; mke2fs -q -F -t ext4 img ;;
	xfs) command -v mkfs.xfs >/dev/null || continue
		truncate -s 320M img; mkfs.xfs -q img ;;
	f2fs) empty_image f2fs img || continue ;;
	esac
	echo "# $type"
	do_mount --rw --engine guest img m
	python3 "$UMKIT_SRC/tests/cli/mount-acl.py" m host || fail "$type"
	do_umount m img
	check $type img
	imgtool stat --json img:/d3/0-777-dir >out
	assert_match posix_acl_default
done
do_mount --rw img m
(umask 027 && mkdir m/dir && : >m/dir/file)
assert_eq "$(stat -c %a m/dir) $(stat -c %a m/dir/file)" '750 640'
do_umount m img
