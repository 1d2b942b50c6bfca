#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SOURCE_DATE_EPOCH through a guest: whatever is changed has that time, as far as
# the file system has times: of contents, of change, and of birth.
. "$UMKIT_SRC/tests/boot/engine.sh"

mkdir start
echo there >start/before
make_tree tree
for ((i = 0; i < 200; i++)); do
	mkdir "tree/dir/$i"
	echo $i >"tree/dir/$i/$i"
done
tested=0 missing=

# blank TYPE IMG: an empty file system
blank()
{
	case $1 in
	ext4) imgtool build --quiet start -o "$2" --size 64M ;;
	*) make_image "$1" start "$2" ;;
	esac
}

# change IMG: some of everything
change()
{
	imgtool cp -r --engine guest tree "$1:/in"
	imgtool mkdir --engine guest "$1:/new" "$1:/gone"
	imgtool mv --engine guest "$1:/in/dir/sub" "$1:/new/sub"
	imgtool cp --engine guest tree/hello "$1:/in/dir/big"
	imgtool truncate --engine guest -s 7 "$1:/new/sub/some"
	imgtool rm -r --engine guest "$1:/gone" "$1:/new/sub/file-7"
	imgtool touch --engine guest "$1:/new/file"
	case $1 in *.vfat | *.exfat) return ;; esac
	imgtool ln --engine guest "$1:/in/hello" "$1:/new/link"
	imgtool ln -s --engine guest hello "$1:/in/symlink"
	imgtool chmod -R --engine guest go-rwx "$1:/in/dir/7"
	imgtool setfattr --engine guest -n user.x -v y "$1:/in/hello"
	imgtool rm --engine guest "$1:/in/hello"
	imgtool touch --engine guest -d @77 "$1:/new/file"
}

# times IMG: all there are, each once, but of what was there before
times()
{
	imgtool find --json --engine guest "$1:/in" "$1:/new" |
		grep -o '"[macr]*time":"[^"]*"' | sort | uniq -c |
		sed 's/^ *[0-9]* //'
}

for type in ext4 xfs btrfs f2fs ntfs vfat exfat; do
	blank $type img.$type || { missing+=" $type"; continue; }
	echo "# $type"
	SOURCE_DATE_EPOCH=1600000000 change img.$type
	times img.$type >got
	sed -i '/"[am]time":"1970-01-01T00:01:17.000000000Z"/d' got
	for time in mtime atime ctime crtime; do
		grep -q "\"$time\"" got || continue
		clock=12:26:40
		# (an access time is a date there, and no more)
		[ $type$time != vfatatime ] || clock=00:00:00
		echo "\"$time\":\"2020-09-13T$clock.000000000Z\""
	done | sort >want
	diff want got >&2 || fail "$type: other times"
	grep -q mtime got || fail "$type: no times"
	tested=$((tested + 1))
done

echo "# a time that the guest's clock cannot have"
rm img.ext4
blank ext4 img.ext4
SOURCE_DATE_EPOCH=1 change img.ext4
times img.ext4 | grep ctime >got
assert_eq "$(cat got)" '"ctime":"1970-01-02T00:00:00.000000000Z"'

[ -z "$missing" ] || skip "no tools to make:$missing"
[ $tested = 7 ] || fail "not all were tested"
