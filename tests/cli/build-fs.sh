#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --fs and --profile: what older systems know, and the same tree in each.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/sub d/many
(cd d/many && seq -f 'name-%05g' 1 3000 | xargs touch)
ln -s "$(printf 'y%.0s' {1..200})" d/long
ln -s x d/short
mkfifo d/fifo
head -c 3000000 /dev/urandom >d/random
ln d/random d/sub/link
# over more than one group, past all levels of a block map, and in parts
head -c 140M /dev/zero | tr '\0' a >d/big
truncate -s 20G d/far
for at in 3 12 1036 1049612 1049611 5000000; do
	echo "$at" | dd of=d/far bs=4096 seek=$at conv=notrunc status=none
done
truncate -s 20M d/parts
for at in {1..1500..3}; do
	echo "$at" | dd of=d/parts bs=4096 seek="$at" conv=notrunc status=none
done
mktar 'f attr x' 'pax SCHILY.xattr.user.long=value' 'f two y' \
	'c tty 4 64' 'b disk 259 7' >more.tar
cat >table <<-EOF
	/tty c 0600 0 0 4 64 - - -
EOF

build d more.tar table:table -o ext4.img

# profile FEATURES OPTION...
profile()
{
	build d more.tar table:table "${@:2}" -o p.img
	assert_eq "$(dumpe2fs -h p.img 2>/dev/null |
		sed -n 's/^Filesystem features: *//p')" "$1" "${*:2}"
	capture "$IMGTOOL" diff ext4.img p.img
	assert_status 0
}

old='ext_attr resize_inode dir_index filetype'
new="has_journal $old extent"
ro='sparse_super large_file'
ro4='huge_file uninit_bg dir_nlink extra_isize'
profile "$old $ro" --fs ext2
has p.img /two 'user.long'
in_image p.img 'stat /two' | grep -q 'File ACL: [1-9]' ||
	fail "ext2 reads attributes from blocks only"
profile "has_journal $old $ro" --fs ext3
cp p.img ext3.img
profile "has_journal $old $ro" --profile linux-2.6.18
assert_same_file p.img ext3.img
profile "$new flex_bg $ro $ro4" --profile linux-2.6.32
profile "$new 64bit flex_bg $ro $ro4" --profile debian-8
build d more.tar table:table --profile debian-12 --fs ext4 -o p.img
assert_same_file ext4.img p.img

# sizes: less than a group, many groups; more inodes than a group has
for fs in ext2 ext3; do
	mkdir -p s && : >s/empty
	for size in 3M 130M 20G; do
		build s --fs $fs --size $size -o s.img
	done
	mktar 'd a' 'f a/b x' >s.tar
	build - --fs $fs -o s.img <s.tar
	content s.img /a/b x
done
refused 1 'no.img: .*--size' d --fs ext2 --size 100M
mkdir i && (cd i && seq 1 20000 | xargs touch)
build i --fs ext2 -o i.img
assert_eq "$(in_image i.img 'ls -p /' | grep -c '^/[0-9]*/100')" \
	20000 "names"

# what these file systems cannot count
mkdir l && (cd l && seq 1 31998 | xargs mkdir)
: >l/31998/x
build l --fs ext4 -o l.img
refused 1 '/: has more directories' l --fs ext3
rmdir l/1
build l --fs ext3 -o l.img
rm -rf l
truncate -s 3T toolong 2>/dev/null && mkdir t && mv toolong t &&
	refused 1 't/toolong: is longer than a file can be in ext2' t --fs ext2

refused 2 'ext5: not a file system' s --fs ext5
refused 2 'debian-3: not a profile' s --profile debian-3
refused 2 'linux-2.6.18: has no ext4' s --fs ext4 --profile linux-2.6.18

if [ "$(id -u)" = 0 ] && mkdir mnt &&
	mount -o loop -t ext3 ext3.img mnt 2>/dev/null; then
	cmp d/big mnt/big && cmp d/parts mnt/parts && cmp d/random mnt/sub/link ||
		{ umount mnt; fail "the kernel reads something else"; }
	assert_eq "$(ls mnt/many | wc -l)" 3000 "names in a mount"
	touch mnt/many/new-{1..300} && rm mnt/parts mnt/many/name-*7
	umount mnt
	e2fsck -fn ext3.img >fsck.out 2>&1 ||
		{ cat fsck.out; fail "after a mount"; }
fi
