#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Large: 100,000 names in one directory (in hash order that e2fsck accepts), a
# file of a thousand parts, files around the size of a group, deep trees.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir many
(cd many && seq -f 'a-name-of-some-length-%06g' 1 100000 | xargs touch)
build many -o many.img
has many.img / 'Flags: 0x81000'
assert_eq "$(in_image many.img 'ls -p /' | grep -c a-name)" 100000 names
has many.img /a-name-of-some-length-054321 'Type: regular'
tar cf many.tar many
build many.tar -o many.img
assert_eq "$(in_image many.img 'ls -p /many' | grep -c a-name)" 100000 names
if [ "$(id -u)" = 0 ] && mkdir mnt && mount -o loop many.img mnt 2>/dev/null; then
	assert_eq "$(ls mnt/many | wc -l)" 100000 "names in a mount"
	[ -e mnt/many/a-name-of-some-length-077777 ] || fail "lookup in a mount"
	touch mnt/many/new-{1..3000}
	rm mnt/many/a-name-*9
	umount mnt
	e2fsck -fn many.img >fsck.out 2>&1 || { cat fsck.out; fail "after a mount"; }
fi
rm -rf many many.*

# sizes of directories around one block, and two
mkdir dirs
for n in {330..345}; do
	mkdir dirs/$n
	(cd dirs/$n && seq 1000 $((999 + n)) | xargs touch)
done
build dirs -o dirs.img
for n in {330..345}; do
	assert_eq "$(in_image dirs.img "ls -p /$n" | awk -F/ '$6 ~ /^1...$/' | wc -l)" \
		$n "names in $n"
done
rm -rf dirs

mkdir sparse
truncate -s 20M sparse/parts
for ((i = 0; i < 800; i++)); do
	printf '%08d' $i | dd of=sparse/parts bs=8 seek=$((i * 3000)) conv=notrunc \
		status=none
done
build sparse -o parts.img
in_image parts.img 'dump /parts parts'
assert_same_file sparse/parts parts
tar -S -cf parts.tar -C sparse parts
build parts.tar -o parts.img
rm parts
in_image parts.img 'dump /parts parts'
assert_same_file sparse/parts parts
rm -rf sparse parts*

# across group boundaries, where copies of the superblock stand in the way
mkdir big
head -c 150000000 /dev/zero | tr '\0' y >big/one
cp big/one big/two
build big -o big.img
in_image big.img 'dump /two two'
assert_same_file big/two two
tar cf big.tar -C big one two
build big.tar -o big.img
in_image big.img 'dump /two two'
assert_same_file big/two two
rm -rf big big.* two

path=deep
for i in {1..400}; do path=$path/d$i; done
mkdir -p $path && echo -n bottom >$path/file
build deep -o deep.img
content deep.img ${path#deep}/file bottom
tar cf deep.tar deep
build deep.tar -o deep.img
content deep.img /$path/file bottom
