#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same input and options give the same bytes; identity can be chosen.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d d/sub
for i in $(seq 1 400 | sort -R); do echo $i >d/sub/file-with-a-name-$i; done
ln d/sub/file-with-a-name-7 d/link
find d -exec touch -h -d @1234567890 {} +
build d -o one.img
sleep 1.1
# read, copied in another order: another order in the directory, other inodes
cat d/sub/* >/dev/null
mkdir e e/sub
for i in $(seq 1 400 | sort -R); do cp -p d/sub/file-with-a-name-$i e/sub/; done
ln e/sub/file-with-a-name-7 e/link
find e -exec touch -h -d @1234567890 {} +
build e -o two.img
assert_same_file one.img two.img

tar cf d.tar -C d . && cp d.tar d2.tar
build d.tar -o one.img
sleep 1.1
(umask 077; TZ=UTC5 LC_ALL=C build d2.tar -o two.img)
assert_same_file one.img two.img

uuid_of() { dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Filesystem UUID: *//p'; }
seed_of() { dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Directory Hash Seed: *//p'; }
build d --seed a -o a.img
build d --seed a -o a2.img
build d --seed b -o b.img
assert_same_file a.img a2.img
[ "$(uuid_of a.img)" != "$(uuid_of b.img)" ] || fail "the seed changes nothing"
uuid=01234567-89ab-cdef-0123-456789abcdef
build d --uuid $uuid --label "a label" -o a.img
assert_eq "$(uuid_of a.img)" $uuid uuid
assert_eq "$(seed_of a.img)" "$(seed_of one.img)" "hash seed"
dumpe2fs -h a.img 2>/dev/null >superblock
assert_match '^Filesystem volume name: +a label$' superblock
build d --label 1234567890123456 -o a.img
dumpe2fs -h a.img 2>/dev/null >superblock
assert_match '^Filesystem volume name: +1234567890123456$' superblock
chmod 600 d/link
build d -o two.img
[ "$(uuid_of one.img)" != "$(uuid_of two.img)" ] || fail "other tree, same uuid"
