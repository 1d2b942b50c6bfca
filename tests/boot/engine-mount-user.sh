#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount through a guest as an ordinary user: reading, writing, and what
# fusermount3 -u leaves: no mount, no process, no file, and a clean file system.
. "$UMKIT_SRC/tests/boot/engine.sh"
IMGTOOL=imgtool
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs fusermount3
ordinary_user
need_mount
me=$(id -u)
mkdir m
make_tree tree
head -c 3000000 /dev/urandom >big
tested=0

for type in vfat xfs; do
	make_image $type tree img || continue
	echo "# $type"
	before=$(sha256sum <img)
	do_mount img m
	grep -q " $WORK/m ro,nosuid,nodev.* - fuse.imgtool $WORK/img ro.*user_id=$me" \
		/proc/self/mountinfo || fail "$type: the table of mounts"
	diff -r tree m || fail "$type: contents differ"
	capture touch m/new
	[ "$status" != 0 ] || fail "$type: a new file"
	fusermount3 -u m
	nothing_left img
	assert_eq "$(sha256sum <img)" "$before" "$type: the image"

	do_mount --rw img m
	mkdir m/new
	cp big m/new/big
	cmp big m/new/big || fail "$type: what was written"
	[ $type = vfat ] || assert_eq "$(stat -c %u m/new/big)" "$me" \
		"$type: the owner of a new file"
	echo more >>m/hello
	mv m/hello m/new/moved
	rm m/dir/big
	fusermount3 -u m
	nothing_left img
	check $type img
	imgtool cat img:/new/big | cmp - big || fail "$type: what was written, later"
	assert_eq "$(imgtool cat img:/new/moved)" 'hello
more' "$type"
	capture imgtool cat img:/dir/big
	assert_plain_error 1 'no such file'

	chmod 400 img
	capture imgtool mount --rw img m
	assert_plain_error 1 '^imgtool: mount: img: .*Permission denied'
	chmod 0 img
	capture imgtool mount img m
	assert_plain_error 1 '^imgtool: mount: img: .*Permission denied'
	nothing_left img
	tested=$((tested + 1))
done
[ $tested = 2 ] || skip "no tools to make vfat or xfs"
