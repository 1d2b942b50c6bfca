#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool fsck of file systems that are not ext: by their own checkers, in plain
# files, partitions and COW files; what has no checker is said in plain words.
. "$UMKIT_SRC/tests/cli/cli.sh"
missing=

# check STATUS ARGUMENT...
check()
{
	capture "$IMGTOOL" fsck "${@:2}"
	assert_status "$1"
}

# at FILE OFFSET BYTES: written there, with escapes of printf
at()
{
	# shellcheck disable=SC2059 # it has escapes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# blank TYPE: an empty file system, good.TYPE, and one that is damaged
blank()
{
	command -v "$2" >/dev/null || { missing+=" $2"; return 1; }
	truncate -s "$3" "good.$1"
	"${@:4}" "good.$1" >mkfs.out 2>&1
	cp --sparse=always "good.$1" "bad.$1"
}

# kind TYPE: clean, damaged, repaired; alone, in a partition, in a COW file
kind()
{
	local type=$1
	echo "# $type"
	check 0 "good.$type"
	cp --sparse=always "bad.$type" same
	check 4 "bad.$type"
	grep -F /proc/self out err && fail "$type: a name that means nothing"
	cmp "bad.$type" same || fail "$type: a look changed the image"
	check 4 --json "bad.$type"
	python3 -c 'import json, sys
j = json.load(open("out"))
assert j["status"] == j["filesystem"]["status"] == 4
assert j["filesystem"]["type"] == sys.argv[1] and j["filesystem"]["messages"]' \
		"$type" || fail "$type: JSON"
	cp --sparse=always "bad.$type" x.img
	check 1 --repair x.img
	check 0 x.img

	rm -f x.cow
	"$IMGTOOL" cow create x.cow "bad.$type"
	check 4 x.cow
	check 1 --repair x.cow
	check 0 x.cow
	cmp "bad.$type" same || fail "$type: the backing was changed"

	command -v sfdisk >/dev/null || return 0
	local sectors=$(($(stat -c %s "bad.$type") / 512))
	rm -f p.img
	truncate -s $(((sectors + 4096) * 512)) p.img
	printf 'start=2048,size=%s\n' $sectors | sfdisk -q p.img
	at p.img $(((sectors + 2048) * 512)) behind
	dd if="bad.$type" of=p.img bs=1M seek=1 conv=notrunc,sparse status=none
	cp --sparse=always p.img before.img
	check 4 p.img@1
	cmp p.img before.img || fail "$type: a look changed the partition"
	check 1 --repair p.img@1
	check 0 p.img
	cmp -n $((1 << 20)) p.img before.img ||
		fail "$type: what is in front of the partition was changed"
	cmp -i $(((sectors + 2048) * 512)) p.img before.img ||
		fail "$type: what is behind the partition was changed"
}

if blank vfat mkfs.vfat 20M mkfs.vfat -s 1; then
	# a cluster that belongs to nothing, in one of both tables
	at bad.vfat $((32 * 512 + 200)) '\377\177'
	kind vfat
	mkdir empty
	# shellcheck disable=SC2123 # for this call only
	PATH=$PWD/empty:$(dirname "$(command -v "$IMGTOOL")") \
		capture "$IMGTOOL" fsck good.vfat
	[ "$status" = 0 ] || assert_plain_error 8 \
		'fsck.vfat: is not installed; it is a part of dosfstools'
fi
if blank exfat mkfs.exfat 20M mkfs.exfat; then
	at bad.exfat 120 x # its sector has a checksum
	kind exfat
fi
if blank xfs mkfs.xfs 320M mkfs.xfs -q && command -v xfs_db >/dev/null; then
	xfs_db -x -c 'agi 0' -c 'write -d freecount 7' bad.xfs >xfs_db.out 2>&1
	kind xfs
fi
if blank btrfs mkfs.btrfs 128M mkfs.btrfs -q --mixed; then
	check 0 good.btrfs
	check 8 --repair good.btrfs
	assert_match 'btrfs: its own repair may make it worse; copy' err
fi
if blank f2fs mkfs.f2fs 64M mkfs.f2fs -q; then
	check 0 good.f2fs
	check 0 --repair good.f2fs
fi

# refused KIND: in one line, that says what it is and what to do
refused()
{
	capture "$IMGTOOL" fsck "$1"
	assert_plain_error 8 "fsck: $1: has $2"
}
if blank ntfs mkntfs 20M mkntfs -qF; then
	refused good.ntfs 'a file system of type ntfs: .*chkdsk of Windows is'
fi
if command -v mksquashfs >/dev/null; then
	mkdir -p tree
	mksquashfs tree sq.img -quiet -no-progress >/dev/null
	refused sq.img '.* squashfs, which has no checker; imgtool sum reads'
fi
truncate -s 20M luks.img lvm.img
at luks.img 0 'LUKS\272\276\0\1'
refused luks.img 'an encrypted volume .LUKS., which cannot be checked here'
capture "$IMGTOOL" ls luks.img
assert_plain_error 1 'has an encrypted volume .LUKS., which cannot be read here'

[ -z "$missing" ] || skip "not installed:$missing"
