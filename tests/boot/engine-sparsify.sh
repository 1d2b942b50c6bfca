#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool sparsify of file systems that a guest knows: what was removed gives its
# room back, in plain images, in a partition and in a COW file, and what is there
# stays.
. "$UMKIT_SRC/tests/boot/engine.sh"
tested=0
mkdir tree
seq 100000 >tree/kept
head -c 10000000 /dev/urandom >large

# sparse IMG [OPTION...]: a large file that was in it leaves no room taken
sparse()
{
	local img=$1 file=${1%@*} before
	sync "$file"
	before=$(stat -c %b "$file")
	imgtool cp "${@:2}" large "$img:/large"
	imgtool rm "${@:2}" "$img:/large"
	capture imgtool sparsify "${@:2}" "$img"
	assert_status 0
	[ ! -s err ] || { show; fail "$img: not silent"; }
	assert_match "^$file: .*B given back"
	sync "$file"
	[ "$(stat -c %b "$file")" -lt $((before + 10000)) ] ||
		fail "$img: had $before blocks, has $(stat -c %b "$file")"
	# (these have told their disk before)
	[ $type = f2fs ] || [ $type = ntfs ] || assert_match '[5-9]\..*MiB given back|[1-9][0-9].*MiB'
	imgtool cat "$img:/kept" | cmp - tree/kept || fail "$img: /kept"
}

for type in ext4 xfs btrfs f2fs vfat exfat ntfs; do
	case $type in
	ext4) imgtool build -q tree --size 64M -o img ;;
	*) make_image $type tree img || continue ;;
	esac
	echo "# $type"
	sparse img --engine guest
	check $type img
	tested=$((tested + 1))

	case $type in xfs | vfat) ;; *) continue ;; esac
	echo "# $type, in a partition, and in a COW file"
	size=$(stat -c %s img)
	rm -f disk
	truncate -s $((size + (2 << 20))) disk
	printf 'start=2048,size=%s\n' $((size / 512)) | sfdisk -q disk
	dd if=img of=disk bs=1M seek=1 conv=notrunc,sparse status=none
	imgtool cow create layer disk
	sum=$(sha256sum <disk)
	sparse layer
	assert_eq "$(sha256sum <disk)" "$sum" "the backing"
	rm layer
	sparse disk@1
	# what is behind the partition is not its
	assert_eq "$(stat -c %s disk)" $((size + (2 << 20)))
done

echo "# what cannot be changed"
if make_image squashfs tree fs; then
	capture imgtool sparsify fs
	assert_plain_error 1 'sparsify: fs: a file system of type squashfs cannot be'
fi
make_image xfs tree img && {
	capture imgtool sparsify --engine direct img
	assert_plain_error 1 'img: has .* type xfs, of which only a guest knows'
	capture imgtool resize img 400M
	assert_plain_error 1 'img: has .* type xfs; the size of .*imgtool cp -a'
}
[ $tested = 7 ] || skip "not all are installed"
