#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images that others have made: ext2, ext3, block sizes, inline data, sparse
# files, large directories, attributes in all places, partitions.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs

mkdir -p d/many d/deep/a/b/c
for ((i = 0; i < 1500; i++)); do
	: >"d/many/a-name-that-takes-room-in-the-directory-$i"
done
seq 100000 >d/big
echo tiny >d/tiny
ln -s "$(printf 't%.0s' {1..59})" d/short
ln -s "$(printf 't%.0s' {1..200})" d/long
truncate -s 300M d/sparse
for at in 0 1000000 70000000 299000000; do
	echo "data at $at" | dd of=d/sparse bs=1 seek=$at conv=notrunc status=none
done

check()
{
	local img=$1
	(cd d && find . -printf '/%P\n' | sort) >want
	"$IMGTOOL" find "$img" | grep -v '^/lost+found' | sort >got
	diff want got >&2 || fail "$img: names differ"
	for file in big tiny; do
		"$IMGTOOL" cat "$img:/$file" | cmp - "d/$file" ||
			fail "$img: $file differs"
	done
	for link in short long; do
		capture "$IMGTOOL" stat "$img:/$link"
		assert_match "target: $(readlink "d/$link")\$"
	done
}

n=0
for options in '-t ext2 -b 1024' '-t ext3 -b 2048' '-t ext4 -b 4096' \
		'-t ext4 -O inline_data -I 256' '-t ext4 -O ^extents,^64bit -b 1024' \
		'-t ext4 -I 1024 -O bigalloc,metadata_csum' '-t ext2 -r 0 -b 1024'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	mke2fs -q -F -d d $options "o$n.img" 100M 2>mke2fs.err ||
		{ cat mke2fs.err >&2; fail "mke2fs $options"; }
	check "o$n.img"
done
want=$(sha256sum <d/sparse | cut -d' ' -f1)
for img in o1.img o3.img; do
	# ext2 of 1 KiB blocks: through triple indirect blocks
	assert_eq "$("$IMGTOOL" sum "$img:/sparse" | cut -d' ' -f1)" "$want" "$img: sparse"
done

# attributes in the inode, in a block, in inodes of their own
mke2fs -q -F -t ext4 -O ea_inode x.img 16M
head -c 900 /dev/urandom >v900
head -c 1000 /dev/urandom >v1000
debugfs -w -f - x.img >/dev/null 2>&1 <<END
write v900 f
ea_set f user.small one
ea_set -f v900 f user.block
ea_set -f v1000 f user.inode
END
capture "$IMGTOOL" stat --json x.img:/f
for v in v900 v1000; do
	grep -q "$(od -An -v -tx1 $v | tr -d ' \n')" out || fail "xattr $v"
done
assert_match '"name":"user.small","hex":"6f6e65"'

# partitions
if command -v sfdisk >/dev/null; then
	truncate -s 200M mbr.img gpt.img
	printf 'start=2048,size=204800,type=83\n' | sfdisk -q mbr.img
	printf 'start=2048,size=2048\nstart=4096,size=204800\nstart=210000,size=32768\n' |
		sfdisk -q --label gpt gpt.img
	dd if=o3.img of=mbr.img bs=512 seek=2048 conv=notrunc,sparse status=none
	dd if=o3.img of=gpt.img bs=512 seek=4096 conv=notrunc,sparse status=none
	for img in mbr.img mbr.img@1 gpt.img gpt.img@2; do
		assert_eq "$("$IMGTOOL" cat $img:tiny)" tiny
	done
	capture "$IMGTOOL" ls gpt.img@1:/
	assert_plain_error 1 'gpt.img: has no ext2, ext3 or ext4 file system'
	capture "$IMGTOOL" ls gpt.img@9:/
	assert_plain_error 1 'gpt.img: has no partition 9'
	dd if=x.img of=gpt.img bs=512 seek=210000 conv=notrunc,sparse status=none
	capture "$IMGTOOL" ls gpt.img
	assert_plain_error 1 'gpt.img: has several partitions'
	assert_eq "$("$IMGTOOL" ls gpt.img@3)" "f
lost+found"
fi

# what is no ext4
head -c 1M /dev/zero >zero.img
capture "$IMGTOOL" ls zero.img
assert_plain_error 1 'zero.img: has no ext2, ext3 or ext4'
if command -v mksquashfs >/dev/null; then
	mksquashfs d/deep s.img >/dev/null 2>&1
	capture "$IMGTOOL" ls --engine direct s.img
	assert_plain_error 1 's.img: has a file system of type squashfs, which a guest reads'
fi
# images of other programs, which qemu-img makes where it is installed
printf 'QFI\373%0200d' 0 >o.qcow2
printf 'KDMV%0200d' 0 >o.VMDK
printf '%064d\177\020\332\276%0200d' 0 0 >o.VDI
printf 'conectix%0600d' 0 >o.VHD
printf 'vhdxfile%0600d' 0 >o.VHDX
for format in qcow2:qcow2 vmdk:VMDK vdi:VDI vpc:VHD vhdx:VHDX; do
	name=${format#*:}
	! command -v qemu-img >/dev/null ||
		qemu-img create -q -f ${format%:*} o.$name 10M
	for verb in info ls fsck convert; do
		words=
		[ $verb != convert ] || words=new.img
		capture "$IMGTOOL" $verb o.$name $words
		[ $verb != fsck ] || { assert_status 8; status=1; }
		assert_plain_error 1 "$verb: o.$name: is a $name file, .*; qemu-img convert"
		[ ! -e new.img ] || fail "$name: was converted"
	done
	"$IMGTOOL" convert --from raw o.$name new.img
	cmp o.$name new.img
	rm new.img
done
gzip -c o.VHD >o.gz
capture "$IMGTOOL" ls o.gz
assert_plain_error 1 'o.gz: is compressed .gzip.; images are read uncompressed'

# what cannot be read has its names, too
dd if=/dev/zero of=swap.img bs=1M count=2 status=none
mkswap -L words -U 01234567-89ab-cdef-0123-456789abcdef swap.img >mkswap.out
capture "$IMGTOOL" info swap.img
assert_status 0
assert_match 'readable: no'
assert_match 'label: words'
assert_match 'uuid: 01234567-89ab-cdef-0123-456789abcdef'
capture "$IMGTOOL" ls swap.img
assert_plain_error 1 'swap.img: has swap space, which cannot be read here'

: >empty.img
capture "$IMGTOOL" ls empty.img
assert_plain_error 1 'empty.img: is empty'
