#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# File systems that are read through a guest show the same tree as an ext4
# image that imgtool reads by itself.
. "$UMKIT_SRC/tests/boot/engine.sh"

make_tree plain
cp -a plain unix
make_more unix
imgtool build --quiet --owner 0:0 plain -o plain.ext4
imgtool build --quiet --owner 0:0 unix -o unix.ext4
tested=0 missing=

# same IMG EXT4 OPTION...: names and contents of all files
same()
{
	local img=$1 ext4=$2 verb
	for verb in find sum; do
		imgtool "$verb" "$ext4:/" | grep -v '^/lost+found' >want
		guarded imgtool "$verb" "$img:/" >got
		assert_status 0
		diff want got >&2 || fail "$img: $verb differs from $ext4"
	done
	imgtool tar "$ext4:/" | tar t 2>err | grep -v lost+found >want
	imgtool tar "$img:/" | tar t 2>err >got
	diff want got >&2 || fail "$img: tar differs from $ext4"
}

for type in squashfs erofs iso9660 btrfs; do
	make_image $type unix img.$type || { missing+=" $type"; continue; }
	echo "# $type"
	same img.$type unix.ext4
	# times are not compared, and of ISO 9660, which has no inodes, no links
	guarded imgtool diff unix.ext4 img.$type >out
	grep -vxF -e '- /lost+found' -e '~ /hello: links' out >rest || :
	[ $type = iso9660 ] || ! grep links out >>rest
	[ ! -s rest ] || { cat rest >&2; fail "$type: is not the ext4 image"; }
	imgtool ls -l "unix.ext4:/dir/big" >want
	imgtool ls -l "img.$type:/dir/big" >got
	diff want got >&2 || fail "$type: ls -l differs"
	for verb in 'stat --json' 'cat' 'tree' 'du -s' 'df' 'info'; do
		# shellcheck disable=SC2086 # words
		guarded imgtool $verb img.$type${verb:+$(
			case $verb in cat) echo :/hello ;; esac)} >out 2>err
		assert_status 0
	done
	assert_match "type: $type"
	assert_match 'readable: yes'
	tested=$((tested + 1))
done

for type in vfat xfs f2fs exfat ntfs; do
	make_image $type plain img.$type || { missing+=" $type"; continue; }
	echo "# $type"
	same img.$type plain.ext4
	tested=$((tested + 1))
done
# vfat is asked as Linux asks it
[ ! -e img.vfat ] || [ "$(imgtool cat img.vfat:/HELLO)" = hello ] ||
	fail "vfat: HELLO is not hello"

if [ -e img.iso9660 ] && [ -e img.vfat ] && command -v sfdisk >/dev/null; then
	echo "# an ISO image that is a disk with partitions, too"
	cp img.iso9660 hybrid.iso
	truncate -s %1M hybrid.iso
	at=$(($(stat -c %s hybrid.iso) / 512))
	cat img.vfat >>hybrid.iso
	printf 'start=64,size=%d,type=17\nstart=%d,size=%d,type=ef\n' \
		$((at - 64)) $at $(($(stat -c %s img.vfat) / 512)) |
		sfdisk -q --wipe never hybrid.iso
	# (by itself, it is the ISO)
	same hybrid.iso unix.ext4
	same hybrid.iso@2 plain.ext4
	imgtool info hybrid.iso >out
	assert_match '^  type: iso9660'
	assert_match '^table: dos'
	assert_match '^    type: vfat'
	imgtool info hybrid.iso@2 >out
	assert_match 'readable: yes'
	echo changed >file
	imgtool cp file hybrid.iso@2:/hello
	assert_eq "$(imgtool cat hybrid.iso@2:/hello)" changed
	assert_eq "$(imgtool cat hybrid.iso:/hello)" hello
	capture imgtool ls hybrid.iso@1:/
	assert_plain_error 1 'has no ext2, ext3 or ext4 file system'
fi

echo "# ext4, by itself and through a guest"
for verb in 'ls -l' 'find -l' tree du df sum 'stat --json' tar; do
	# shellcheck disable=SC2086 # words
	imgtool $verb --engine direct unix.ext4 >want
	# shellcheck disable=SC2086
	imgtool $verb --engine guest unix.ext4 >got
	cmp want got || fail "$verb: the engines differ"
done
capture imgtool ls --engine direct img.squashfs
assert_plain_error 1 'has a file system of type squashfs, which a guest reads'
capture imgtool ls --engine other img.squashfs
assert_plain_error 2 'takes auto, direct or guest'

[ -z "$missing" ] || skip "no tools to make:$missing"
[ "$tested" = 9 ] || fail "not all were tested"
