#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --size: what is asked for is there, what is too small is refused with a size
# that then works, for directories before anything is copied.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d
head -c 5000000 /dev/urandom >d/five
for i in {1..500}; do echo $i >d/$i; done
tar cf d.tar -C d .

# what df would call available: less what the kernel keeps back
available()
{
	local blocks free keep
	blocks=$(dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Block count: *//p')
	free=$(free_blocks "$1")
	keep=$((blocks / 50 < 4096 ? blocks / 50 : 4096))
	echo $(((free - keep) * 4096))
}

for source in d d.tar; do
	for free in 1 1M 10M 100M 1G 3G; do
		build $source --size +$free -o t.img
		[ "$(available t.img)" -ge "$(numfmt --from=iec $free)" ] ||
			fail "+$free: only $(available t.img) free"
	done
	build $source --size +0 -o t.img
	[ "$(stat -c %s t.img)" -lt 14000000 ] || fail "+0 is too large"
	build $source --size auto -o t.img
	build $source -o u.img
	assert_same_file t.img u.img
	[ "$(available t.img)" -gt 30000000 ] || fail "auto leaves nothing free"

	# the exact size, also an odd one, and up to the largest; sparse
	for size in 20M 23456789 127M 128M 129M 130M 1G 1025M 10G; do
		build $source --size $size -o t.img
		assert_eq "$(stat -c %s t.img)" "$(numfmt --from=iec $size)" "size"
	done
	rm t.img

	# too small: the size in the message is enough, and near the limit
	for size in 16K 1M 4M 5M 6M 7M; do
		capture "$IMGTOOL" build $source --size $size -o t.img
		[ "$status" = 1 ] || break
		assert_plain_error 1 '^imgtool: build: t.img: the size is too small'
		[ ! -e t.img ] || fail "half an image"
		enough=$(grep -oE '[0-9]+M' err)
	done
	build $source --size "$enough" -o t.img
	refused 1 'no.img: the size is too small' \
		$source --size $((${enough%M} * 9 / 10))M
done

# the largest, sparse
capture "$IMGTOOL" build -q d --size 16383G -o t.img
assert_status 0
assert_eq "$(stat -c %s t.img)" "$(numfmt --from=iec 16383G)" size
[ "$(du -m t.img | cut -f 1)" -lt 400 ] || fail "not sparse"
dumpe2fs -h t.img 2>/dev/null >superblock
assert_match '^Filesystem state: +clean' superblock
rm t.img

# nothing of a directory is copied when it is known not to fit
truncate -s 30G d/huge
head -c 1000000 /dev/urandom | dd of=d/huge conv=notrunc status=none
build d --size 20M -o t.img
rm d/huge
(ulimit -f 20000; refused 1 'no.img: the size is too small' d --size 4M)
# the host's limit is an error, not a signal
(ulimit -f 1000; refused 1 'no.img: cannot be written: File too large' d)
