#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --partition: tables that partx reads, around a file system that is whole.
. "$UMKIT_SRC/tests/cli/cli.sh"

command -v partx >/dev/null || skip "no partx"
make_image()
{
	capture "$IMGTOOL" build -q "$@"
	assert_status 0
}

mkdir d && seq 100000 >d/file
for table in gpt mbr; do
	for size in auto 60000001; do
		make_image d --partition $table --size $size -o t.img
		make_image d --partition $table --size $size -o u.img
		assert_same_file t.img u.img
		partx -s -b -g -o NR,START,SIZE t.img >parts
		read -r number start bytes <parts
		assert_eq "$number $start" "1 2048" "partition of $table"
		[ $((start * 512 + bytes)) -le "$(stat -c %s t.img)" ] ||
			fail "the partition is longer than the image"
		e2fsck -fn "t.img?offset=1048576" >log 2>&1 ||
			fail "$(cat log)"
		capture "$IMGTOOL" cat t.img@1:/file
		assert_status 0
	done
done
# The second header must do if the first is lost.
make_image d --partition gpt -o t.img
dd if=/dev/zero of=t.img bs=512 seek=1 count=1 conv=notrunc status=none
assert_eq "$(partx -s -g -o NR,START t.img 2>/dev/null | tr -s ' ')" " 1 2048"
refused 2 'x: not a partition table' d --partition x
refused 2 '--size: has no room for the partition table' d --partition gpt --size 1M

# an mbr ends at 2 TiB: said before the sources are read, or anything written
mkfifo never
refused 1 'no.img: .*2 TiB.*--partition gpt' never --size 2049G --partition mbr
capture "$IMGTOOL" build --dry-run d --size 2040G --partition mbr
assert_status 0
