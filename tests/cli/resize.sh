#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool resize and sparsify: sizes and contents; what is refused, and stays
# as it is; killed at any change of a file.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs resize2fs

seq 100000 >numbers
mke2fs -q -F -t ext4 -b 4096 -O 64bit,metadata_csum x.img 24M >mke2fs.out 2>&1
printf 'write numbers f\nmkdir d\n' | debugfs -w -f - x.img >debugfs.out 2>&1
chmod 640 x.img
cp x.img old.img

# sized BYTES: x.img is sound, that long, and has its file
sized()
{
	fsck x.img
	assert_eq "$(stat -c %s x.img)" "$1" "size"
	"$IMGTOOL" cat x.img:/f | cmp - numbers
}

for size in 40M 12M; do
	capture "$IMGTOOL" resize x.img $size
	assert_status 0
	[ ! -s out ] && [ ! -s err ] || { show; fail "not silent"; }
	sized $((${size%M} << 20))
	assert_eq "$(dumpe2fs -h x.img 2>/dev/null | sed -n 's/^Block count: *//p')" \
		$((${size%M} << 8)) "blocks"
done
assert_eq "$(stat -c %a x.img)" 640 "mode"

# what is refused leaves the image alone
cp x.img same.img
capture "$IMGTOOL" resize x.img 512K
assert_plain_error 1 'x.img: resize2fs: '
assert_same_file x.img same.img
capture "$IMGTOOL" resize x.img 1000
assert_plain_error 2 '1000: is not a size'
cp old.img base.img
"$IMGTOOL" cow create x.cow base.img
for verb in 'resize x.cow 40M' 'sparsify x.cow'; do
	# shellcheck disable=SC2086
	capture "$IMGTOOL" $verb
	assert_plain_error 1 'x.cow: is a COW file'
done
if command -v sfdisk >/dev/null; then
	truncate -s 40M p.img
	printf 'start=4096,size=49152\n' | sfdisk -q p.img
	dd if=old.img of=p.img bs=512 seek=4096 conv=notrunc status=none
	capture "$IMGTOOL" resize p.img 50M
	assert_plain_error 1 'p.img: has partitions'
	capture "$IMGTOOL" sparsify p.img@1
	assert_status 0
	"$IMGTOOL" cat p.img:/f | cmp - numbers
	dd if=p.img of=q.img bs=512 skip=4096 count=49152 status=none
	fsck q.img
fi

# free blocks become holes
cp --sparse=never old.img x.img
before=$(stat -c %b x.img)
capture "$IMGTOOL" sparsify x.img
assert_status 0
assert_match '^x.img: .*iB given back$'
sized $((24 << 20))
[ "$(stat -c %b x.img)" -lt $((before / 2)) ] || fail "no space was given back"
capture "$IMGTOOL" sparsify -q x.img
assert_status 0
[ ! -s out ] || fail "not quiet"

# defects, or a journal that is not empty
cp old.img bad.img
printf 'clri /d\n' | debugfs -w -f - bad.img >debugfs.out 2>&1
cp bad.img same.img
capture "$IMGTOOL" sparsify bad.img
assert_plain_error 1 'bad.img: e2fsck: '
assert_same_file bad.img same.img
cp old.img bad.img
printf 'set_super_value feature_incompat 0x2c6\n' |
	debugfs -w -f - bad.img >debugfs.out 2>&1
capture "$IMGTOOL" sparsify bad.img
[ "$status" = 1 ] || { show; fail "a file system that was not unmounted"; }

# killed: the old one or the new one, nothing else
for ((n = 1;; n++)); do
	cp old.img x.img
	capture killat $n "$IMGTOOL" resize x.img 40M
	[ "$status" != 77 ] || break
	if [ "$status" = 0 ]; then
		sized $((40 << 20))
		break
	fi
	assert_status 137
	if [ "$(stat -c %s x.img)" = $((40 << 20)) ]; then
		sized $((40 << 20))
		continue
	fi
	cmp x.img old.img >&2 || fail "killed at $n: neither old nor new"
done
rm -f .x.img.*
