#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool resize and sparsify: sizes and contents; what is refused, and stays
# as it is; killed at any change of a file.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs resize2fs python3

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
capture "$IMGTOOL" resize x.cow 40M
assert_plain_error 1 'x.cow: is a COW file, .*imgtool convert x.cow NEW makes$'
# what it says helps
"$IMGTOOL" touch x.cow:/in-the-layer
"$IMGTOOL" convert x.cow x.img
"$IMGTOOL" resize x.img 40M
sized $((40 << 20))
"$IMGTOOL" stat x.img:/in-the-layer >stat.out
if command -v sfdisk >/dev/null; then
	truncate -s 40M p.img
	printf 'start=4096,size=49152\n' | sfdisk -q p.img
	dd if=old.img of=p.img bs=512 seek=4096 conv=notrunc status=none
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

# the last partition of an image, in tables of both kinds, with what is in
# front of it
mkdir tree
cp numbers tree/f
for table in gpt mbr; do
	"$IMGTOOL" build -q tree --partition $table --size 24M -o p.img
	cp p.img before.img
	for size in 60M 30M; do
		capture "$IMGTOOL" resize p.img $size
		assert_status 0
		assert_eq "$(stat -c %s p.img)" $((${size%M} << 20)) "$table: size"
		capture "$IMGTOOL" info --json p.img
		assert_status 0
		"$IMGTOOL" cat p.img@1:/f | cmp - numbers
		capture "$IMGTOOL" fsck p.img
		assert_status 0
		python3 - p.img $table <<'END' || fail "$table, $size: the table"
import struct, sys, zlib
d = open(sys.argv[1], "rb").read()
sectors = len(d) // 512
start, count = struct.unpack_from("<II", d, 446 + 8)
if sys.argv[2] == "gpt":
    assert (start, count) == (1, sectors - 1), (start, count)
    tables = []
    for at in 1, sectors - 1:
        h = bytearray(d[at * 512:at * 512 + 92])
        (crc, _, me, other, first, last) = struct.unpack_from("<IIQQQQ", h, 16)
        h[16:20] = bytes(4)
        assert h[:8] == b"EFI PART" and zlib.crc32(h) == crc, "header"
        assert (me, other) == (at, sectors - at), (me, other)
        table, n, size, sum_ = struct.unpack_from("<QIII", h, 72)
        entries = d[table * 512:table * 512 + n * size]
        assert zlib.crc32(entries) == sum_, "entries"
        assert last == sectors - 34, last
        tables.append(entries)
    assert tables[0] == tables[1]
    start, end = struct.unpack_from("<QQ", tables[0], 32)
    count = end - start + 1
    assert end <= last and end > last - 8, end
else:
    assert start + count <= sectors and start + count > sectors - 8
sb = start * 512 + 1024
blocks, = struct.unpack_from("<I", d, sb + 4)
log, = struct.unpack_from("<I", d, sb + 24)
assert blocks << 10 + log <= count * 512, "the file system is too large"
assert blocks << 10 + log > (count - 256) * 512, "it is too small"
END
	done
	cp p.img same.img
	capture "$IMGTOOL" resize p.img 1M
	assert_status 1
	assert_same_file p.img same.img
	for ((n = 1;; n++)); do
		cp before.img p.img
		capture killat $n "$IMGTOOL" resize p.img 40M
		[ "$status" != 77 ] && [ "$status" != 0 ] || break
		[ "$(stat -c %s p.img)" = $((40 << 20)) ] ||
			cmp p.img before.img >&2 || fail "killed at $n"
	done
	rm -f .p.img.*
done
python3 -c 'd = bytearray(open("before.img", "rb").read()); d[450] = 5
open("bad.img", "wb").write(d)'
capture "$IMGTOOL" resize bad.img 40M
assert_status 1

# a COW file gives back blocks that are free, and has its backing's else
cp old.img base.img
sha256sum base.img >sum
rm -f x.cow
"$IMGTOOL" cow create x.cow base.img
head -c 6000000 /dev/urandom >random
"$IMGTOOL" cp random x.cow:/random
"$IMGTOOL" rm x.cow:/random
"$IMGTOOL" truncate -s 40000 x.cow:/d/new
sync x.cow
before=$(stat -c %b x.cow)
capture "$IMGTOOL" sparsify x.cow
assert_status 0
assert_match '^x.cow: .*MiB given back$'
[ "$(stat -c %b x.cow)" -lt $((before - 10000)) ] || fail "a COW file: $before blocks, then $(stat -c %b x.cow)"
"$IMGTOOL" cat x.cow:/f | cmp - numbers
capture "$IMGTOOL" fsck x.cow
assert_status 0
sha256sum -c --quiet sum
"$IMGTOOL" cp random x.cow:/random
cp x.cow start.cow
"$IMGTOOL" rm start.cow:/random
for ((n = 1; n < 40; n += 3)); do
	cp start.cow x.cow
	capture killat $n "$IMGTOOL" sparsify x.cow
	[ "$status" = 137 ] || break
	capture "$IMGTOOL" fsck x.cow
	assert_status 0
	"$IMGTOOL" cat x.cow:/f | cmp - numbers
done

# an image that cannot be read to its end does not become a shorter one
cp old.img x.img
strace -qq -o trace -e trace=lseek "$IMGTOOL" resize x.img 40M
n=$(grep -n SEEK_DATA trace | sed -n '1s/:.*//p')
sum=$(sha256sum <old.img)
capture strace -qq -o trace -e trace=lseek -e inject=lseek:error=EIO:when="$n" \
	"$IMGTOOL" resize old.img 40M
grep -q 'SEEK_DATA.*INJECTED' trace
assert_plain_error 1 'old.img: cannot be read: Input/output error'
[ "$(sha256sum <old.img)" = "$sum" ] || fail "the image has changed"
