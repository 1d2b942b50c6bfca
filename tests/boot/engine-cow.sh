#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The engine on partitions and in COW files.
. "$UMKIT_SRC/tests/boot/engine.sh"

make_tree tree
make_image squashfs tree fs || skip "mksquashfs is not installed"
imgtool sum fs:/ >want

echo "# on a partition"
# an MBR: a partition without a file system, then one from sector 4096 on
truncate -s 20M disk
{
	head -c 446 /dev/zero
	printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x08\0\0'
	printf '\0\0\0\0\x83\0\0\0\0\x10\0\0\0\x80\0\0'
	head -c 32 /dev/zero
	printf '\x55\xaa'
} | dd of=disk conv=notrunc status=none
dd if=fs of=disk bs=512 seek=4096 conv=notrunc status=none
imgtool info disk >out
assert_match 'type: squashfs'
for name in disk disk@2; do
	guarded imgtool sum "$name:/" >got
	assert_status 0
	cmp want got || fail "$name differs"
done
capture imgtool ls disk@1
assert_status 1

echo "# in a COW file over another, in another folder"
mkdir below
mv disk below
imgtool cow create below/middle.cow below/disk
imgtool cow create top.cow below/middle.cow
capture imgtool ls top.cow:/
assert_plain_error 1 'top.cow'
guarded imgtool sum --allow-backing top.cow:/ >got
assert_status 0
cmp want got || fail "top.cow differs"
guarded imgtool sum below/middle.cow:/ >got
cmp want got || fail "middle.cow differs"
