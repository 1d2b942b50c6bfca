#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What goes out of an image through the engine: cp, tar, build, with all that a
# file has; large files, and what is wrong.
. "$UMKIT_SRC/tests/boot/engine.sh"

make_tree tree
make_more tree
need_cmd setfattr
setfattr -n user.small -v value tree/dir/big 2>/dev/null &&
	setfattr -n user.large -v "$(printf 'v%.0s' {1..3000})" tree/hello ||
	echo "# no attributes of users on $PWD"
truncate -s 210M tree/sparse
for at in 0 1000000 70000000 209000000; do
	echo "data at $at" | dd of=tree/sparse bs=1 seek=$at conv=notrunc \
		status=none
done
imgtool build --quiet --owner "$(id -u):$(id -g)" tree -o img
before=$(sha256sum <img)

echo "# tar, byte by byte"
imgtool tar img >want
guarded imgtool tar --engine guest img >got
assert_status 0
cmp want got || fail "tar differs"

echo "# cp -a out"
guarded imgtool cp -a --engine guest img:/ copied >out 2>err
assert_status 0
rmdir copied/lost+found
rm tree/fifo copied/fifo # diff opens them
diff -r --no-dereference tree copied || fail "what was copied out differs"
[ "$(stat -c '%h %i' copied/hello | cut -d' ' -f1)" = 2 ] || fail "hard link lost"
[ "$(stat -c %b copied/sparse)" -lt 2000 ] || fail "the holes were filled"

echo "# build from it, and between images"
make_image squashfs tree fs || skip "mksquashfs is not installed"
guarded imgtool build --quiet image:fs -o again
assert_status 0
guarded imgtool diff fs again >out
assert_out '+ /lost+found'
make_tree plain
for type in erofs xfs btrfs vfat; do
	make_image $type plain other || continue
	# found out by what is in it
	for source in fs other; do
		imgtool build --quiet $source -o $source.img
	done
	guarded imgtool diff other other.img >out
	assert_out '+ /lost+found'
done
imgtool mkdir again:/new
guarded imgtool cp -a fs:/dir again:/new
assert_status 0
assert_eq "$(imgtool cat again:/new/dir/sub/file-7)" 7

echo "# many operands, one guest; an image that is damaged, or none at all"
capture imgtool cat --engine guest img:/hello img:/dir/again img:/dir/sub/file-7
assert_out 'hello
hello
7'
capture imgtool cat --engine guest img:/nothing
assert_plain_error 1 'cat: img:/nothing: no such file in the image'
capture imgtool ls --engine guest img:/hello/x
assert_status 1
head -c 3000000 /dev/urandom >random
capture imgtool ls --engine guest random
assert_plain_error 1 'ls: random: the unknown file system cannot be mounted'
UMKIT_KERNEL=/nowhere capture imgtool ls --engine guest img
assert_plain_error 1 'nowhere'
UMKIT_KERNEL=/bin/false capture imgtool ls --engine guest img
assert_plain_error 1 "ls: img: the engine's guest has ended too early"
assert_eq "$(sha256sum <img)" "$before" "the image"
