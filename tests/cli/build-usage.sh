#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Command lines: help, version, wrong options, what is not there.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d
refused 1 'nowhere: cannot be opened: No such file' nowhere
refused 2 '--bogus: no such option; see imgtool help build' --bogus d
refused 2 '-Z: no such option' -Z d
capture "$IMGTOOL" build d -o no.img --size
assert_plain_error 2 '^imgtool: build: --size: needs a value; see imgtool help build'
refused 2 '--quiet=x: takes no value' --quiet=x d
refused 2 'no SOURCE given'
for size in '' 0 1x -5 ' 5' 5MM 99999999999999999999 9999999P auto1 + +x 0x10; do
	refused 2 ".*; see imgtool help build" d --size "$size"
done
refused 1 'no.img: the size is too small .* --size [0-9]+M' d --size 100K
refused 1 'no.img: the size is more than the 16 TiB' d --size 17T
refused 2 '12345678901234567: the label has more than 16' d --label 12345678901234567
refused 2 'x:y: not an owner' d --owner x:y
refused 2 '5: not an owner' d --owner 5
refused 2 '1:4294967295: not an owner' d --owner 1:4294967295
refused 2 'abc: not a uuid' d --uuid abc
refused 2 '-: standard input can be a source only once' - -
SOURCE_DATE_EPOCH=yesterday refused 2 'SOURCE_DATE_EPOCH: ' d
capture "$IMGTOOL" build d
assert_plain_error 2 '^imgtool: build: no image given; use -o IMG'

capture "$IMGTOOL" build d -o nowhere/x.img
assert_plain_error 1 '^imgtool: build: nowhere/x.img: cannot be made: No such file'
capture "$IMGTOOL" build d -o d
assert_plain_error 1 '^imgtool: build: d: is a directory'
capture "$IMGTOOL" build d -o /dev/null
assert_plain_error 1 '^imgtool: build: /dev/null: exists and is not a regular file'
capture "$IMGTOOL" build d -o ''
assert_plain_error 1 '^imgtool: build: : is not the name of a file'

capture "$IMGTOOL"
assert_status 2
assert_match '^Usage: imgtool' err
capture "$IMGTOOL" frobnicate
assert_plain_error 2 '^imgtool: frobnicate: no such verb; see imgtool help'
capture "$IMGTOOL" --frobnicate
assert_plain_error 2 '^imgtool: --frobnicate: no such option'
capture "$IMGTOOL" --version
assert_status 0
assert_match '^imgtool [0-9]'
version=$(sed 's/^imgtool //' out)
capture "$IMGTOOL" --version --json
assert_status 0
assert_match "^\\{\"version\":\"$version\",\"libraries\":\\{"
# libarchive can be without zstd.
assert_eq "$(sed -E 's/"[0-9][^"]*"/V/g; s/"zstd":V,//' out)" \
	'{"version":V,"libraries":{"libext2fs":V,"libarchive":V,"fuse3":V,"json-c":V,"blkid":V}}' \
	'--version --json'
capture "$IMGTOOL" --version --xml
assert_plain_error 2 '^imgtool: --xml: --version takes nothing but --json'
capture "$IMGTOOL" --version --json x
assert_plain_error 2 '^imgtool: x: --version takes no operands'
for words in help --help; do
	capture "$IMGTOOL" $words
	assert_status 0
	assert_match '^  build '
done
capture "$IMGTOOL" build --help
assert_status 0
cp out help.out
capture "$IMGTOOL" help build
assert_same_file out help.out
capture "$IMGTOOL" help nothing
assert_plain_error 2 '^imgtool: nothing: no such verb'
if [ -e /dev/full ]; then
	"$IMGTOOL" --version >/dev/full 2>err && fail "full output not noticed"
	assert_match 'standard output: cannot be written' err
fi
# operands and options in any order; -- ends options
mkdir -- -d
capture "$IMGTOOL" build -o x.img d -q -- -d
assert_status 0
fsck x.img
# what a successful build says
capture "$IMGTOOL" build d -o y.img
assert_status 0
assert_out "$(cat out)"
assert_match '^y.img: [0-9]+ MiB, 2 inodes, .* free$'
