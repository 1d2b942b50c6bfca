#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --dry-run: the very size that the build then has, and nothing written.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d && seq 200000 >d/file && ln d/file d/link
truncate -s 1T d/sparse
tar cSf d.tar -C d .
for source in d d.tar; do
	for size in auto +10M 100M; do
		capture "$IMGTOOL" build --dry-run $source --size $size -o t.img
		assert_status 0
		[ ! -e t.img ] || fail "a dry run left an image"
		bytes=$(sed -n 's/^t.img: \([0-9]*\) bytes: .* inodes, .* free$/\1/p' out)
		build $source --size $size -o t.img
		assert_eq "$(stat -c %s t.img)" "$bytes" "size"
		rm t.img
	done
done
echo keep >t.img
capture "$IMGTOOL" build -q --dry-run d
assert_status 0
assert_match '^image: [0-9]+ bytes: '
capture "$IMGTOOL" build --dry-run d -o t.img
assert_eq "$(cat t.img)" keep
capture "$IMGTOOL" build --dry-run d --size 1M
assert_plain_error 1 'the size is too small .* --size [0-9]+M'
capture "$IMGTOOL" build --dry-run d.tar --size 1M
assert_plain_error 1 'the size is too small .* --size [0-9]+M'
