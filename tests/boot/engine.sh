# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For cases about the engine: file systems that imgtool reads through a guest.
. "$TEST_LIB/boot.sh"

# make_tree DIR: what every file system here can have
make_tree()
{
	mkdir -p "$1/dir/sub" "$1/empty"
	echo hello >"$1/hello"
	seq 300000 >"$1/dir/big" # more than is read at once
	: >"$1/dir/sub/nothing"
	printf '%1000s' x >"$1/dir/sub/some"
	for ((i = 0; i < 100; i++)); do
		echo $i >"$1/dir/sub/file-$i"
	done
}

# make_more DIR: what those of Unix have
make_more()
{
	ln -s ../hello "$1/dir/link"
	ln "$1/hello" "$1/dir/again"
	ln -s "$(printf 'x%.0s' {1..200})" "$1/long"
	chmod 4711 "$1/dir/big"
	mkfifo "$1/fifo"
	touch -d @1700000000 "$1/dir/big" "$1/hello"
	find "$1" -type d -exec touch -d @1700000001 {} +
}

# make_image TYPE DIR IMG: an image of a tree. False: there is no tool for it.
make_image()
{
	rm -f "$3"
	case $1 in
	squashfs)
		command -v mksquashfs >/dev/null || return 1
		mksquashfs "$2" "$3" -quiet -no-progress -all-root >/dev/null ;;
	erofs)
		command -v mkfs.erofs >/dev/null || return 1
		mkfs.erofs --all-root "$3" "$2" >/dev/null 2>&1 ;;
	iso9660)
		command -v genisoimage >/dev/null || return 1
		genisoimage -quiet -R -cache-inodes -o "$3" "$2" 2>/dev/null ;;
	btrfs)
		command -v mkfs.btrfs >/dev/null || return 1
		truncate -s 128M "$3"
		mkfs.btrfs -q --mixed --rootdir "$2" "$3" >/dev/null 2>&1 ;;
	xfs)
		command -v mkfs.xfs >/dev/null || return 1
		truncate -s 320M "$3"
		proto "$2" >proto
		mkfs.xfs -q -p proto "$3" >/dev/null ;;
	f2fs | exfat | ntfs)
		empty_image "$1" "$3" || return 1
		cp_in "$2" "$3" ;;
	vfat)
		command -v mkfs.vfat >/dev/null &&
			command -v mcopy >/dev/null || return 1
		truncate -s 64M "$3"
		mkfs.vfat "$3" >/dev/null
		(cd "$2" && mcopy -s -m -i "$OLDPWD/$3" ./* ::) ;;
	esac || fail "$1: no image could be made"
}

# empty_image TYPE IMG: of a type that is filled by imgtool itself
empty_image()
{
	truncate -s 64M "$2"
	case $1 in
	f2fs)
		command -v mkfs.f2fs >/dev/null || return 1
		mkfs.f2fs -q "$2" >/dev/null ;;
	exfat)
		command -v mkfs.exfat >/dev/null || return 1
		mkfs.exfat "$2" >/dev/null ;;
	ntfs)
		command -v mkntfs >/dev/null || return 1
		mkntfs -qF "$2" >/dev/null 2>&1 ;;
	esac
}

# cp_in DIR IMG: what is in DIR, if there is anything
cp_in()
{
	[ -z "$(ls "$1")" ] || imgtool cp -r "$1"/* "$2:/"
}

# proto DIR: what mkfs.xfs -p makes a tree of
proto()
{
	printf '/\n0 0\nd--755 0 0\n'
	proto_dir "$1"
	echo '$'
}

proto_dir()
{
	local file
	for file in "$1"/*; do
		if [ -L "$file" ]; then
			echo "${file##*/} l--777 0 0 $(readlink "$file")"
		elif [ -d "$file" ]; then
			echo "${file##*/} d--755 0 0"
			proto_dir "$file"
			echo '$'
		elif [ -f "$file" ]; then
			echo "${file##*/} ---$(stat -c %a "$file" | tail -c 4) 0 0 $PWD/$file"
		fi
	done
}

# check TYPE IMG: its own fsck, where it is installed
check()
{
	case $1 in
	ext4) e2fsck -fn "$2" ;;
	xfs) xfs_repair -n "$2" ;;
	btrfs) btrfs check "$2" ;;
	vfat) fsck.vfat -n "$2" ;;
	f2fs) fsck.f2fs --dry-run "$2" ;;
	exfat) fsck.exfat -n "$2" ;;
	ntfs) ntfsfix -n "$2" ;;
	esac >fsck.out 2>&1 || { cat fsck.out >&2; fail "$1: fsck"; }
}
