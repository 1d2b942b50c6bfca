#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Changes through a guest: the same ones as on an ext4 image that imgtool writes
# by itself make the same tree, and a file system that its fsck accepts.
. "$UMKIT_SRC/tests/boot/engine.sh"

mkdir start
make_tree tree
cp -a tree plain
make_more tree
need_cmd setfattr
setfattr -n user.small -v value tree/dir/big 2>/dev/null || :

# ok COMMAND...: must succeed in silence
ok()
{
	guarded "$@" >out 2>err
	if [ "$status" != 0 ] || [ -s out ] || [ -s err ]; then
		show
		fail "status $status, or not silent: $*"
	fi
}

# names IMG OPTION...: what every file system can have
names()
{
	local img=$1
	shift
	ok imgtool cp -r "$@" plain "$img:/in"
	ok imgtool mkdir "$@" -p "$img:/a/b/c" "$img:/d"
	ok imgtool mv "$@" "$img:/in/dir" "$img:/a/b/c/moved"
	ok imgtool mv "$@" "$img:/in/hello" "$img:/a/b/c/moved/big"
	ok imgtool cp "$@" tree/dir/big "$img:/over"
	ok imgtool cp "$@" tree/hello "$img:/over"
	ok imgtool cp -r "$@" "$img:/a/b" "$img:/d"
	ok imgtool touch "$@" "$img:/d/new"
	ok imgtool truncate "$@" -s 5000 "$img:/d/new"
	ok imgtool truncate "$@" -s 777 "$img:/d/b/c/moved/sub/some"
	ok imgtool rm "$@" -r "$img:/a/b/c/moved/sub"
	EDITOR="sed -i s/hello/edited/" ok imgtool edit "$@" "$img:/over"
	capture imgtool mkdir "$@" "$img:/d"
	assert_plain_error 1 "mkdir: $img:/d: is there already"
	capture imgtool mv "$@" "$img:/d" "$img:/d/b/c"
	assert_plain_error 1 'cannot be moved into itself'
	capture imgtool rm "$@" "$img:/none"
	assert_plain_error 1 'no such file in the image'
}

# unix IMG OPTION...: what Unix adds
unix()
{
	local img=$1
	shift
	ok imgtool cp -a "$@" tree "$img:/kept"
	ok imgtool ln "$@" "$img:/over" "$img:/kept/link"
	ok imgtool ln "$@" "$img:/kept/hello" "$img:/third"
	ok imgtool rm "$@" "$img:/kept/hello"
	ok imgtool mv "$@" "$img:/third" "$img:/kept/again"
	ok imgtool mkdir "$@" "$img:/several"
	ok imgtool cp -a "$@" tree/hello tree/dir "$img:/several"
	[ "$(imgtool stat --json "$@" "$img:/several/hello" |
		grep -o '"links":[0-9]*')" = '"links":2' ] ||
		fail "$img: a hard link between operands is lost"
	ok imgtool ln -s "$@" ../over "$img:/kept/symlink"
	ok imgtool chmod -R "$@" go-rwx "$img:/kept/dir"
	ok imgtool chown "$@" 1000:2000 "$img:/kept/dir/big"
	ok imgtool touch "$@" -d @1234567.5 "$img:/kept/dir/big"
	ok imgtool setfattr "$@" -n user.more -v 0x00ff01 "$img:/kept/dir/big"
	ok imgtool setfattr "$@" -n user.gone -v x "$img:/over"
	ok imgtool setfattr "$@" -x user.gone "$img:/over"
	capture imgtool setfattr "$@" -x user.gone "$img:/over"
	assert_plain_error 1 'no such attribute'
}

# blank TYPE IMG: an empty file system
blank()
{
	case $1 in
	ext4) imgtool build --quiet start -o "$2" --size 64M ;;
	*) make_image "$1" start "$2" ;;
	esac
}

blank ext4 ref
names ref --engine direct
cp ref ref.names
unix ref --engine direct

missing=
for type in ext4 xfs btrfs f2fs; do
	blank $type img || { missing+=" $type"; continue; }
	echo "# $type"
	names img --engine guest
	unix img
	check $type img
	guarded imgtool diff ref img >out
	grep -vxF -e '- /lost+found' out >rest || :
	[ ! -s rest ] || { cat rest >&2; fail "$type: is not as ext4"; }
	for file in /kept/dir/big /kept/again; do
		imgtool ls -l ref:$file >want
		imgtool ls -l img:$file >got
		diff <(sed 's/ [0-9-]* [0-9:]* / /' want) \
			<(sed 's/ [0-9-]* [0-9:]* / /' got) >&2 ||
			fail "$type: $file"
	done
done

touch start/file
for type in ntfs exfat vfat; do
	blank $type img || { missing+=" $type"; continue; }
	echo "# $type"
	ok imgtool rm img:/file
	names img
	check $type img
	for verb in find sum; do
		imgtool $verb ref.names:/ | grep -v '^/lost+found' >want
		imgtool $verb img:/ | diff want - >&2 || fail "$type: $verb"
	done
	[ $type != ntfs ] || continue
	capture imgtool ln -s x img:/symlink
	assert_plain_error 1 'ln: img:/symlink: the file system, .*, has no symlinks'
done

echo "# full"
capture imgtool cp --engine guest ref.names img:/toolarge
if [ -e img ]; then
	assert_plain_error 1 'no space left in the image'
	check vfat img
fi

echo "# what cannot be changed, and what is in use"
if make_image squashfs plain fs; then
	capture imgtool mkdir fs:/new
	assert_plain_error 1 'mkdir: fs: a file system of type squashfs cannot be changed'
fi
# UDF has no checker, which would be no way out
if command -v mkudffs >/dev/null; then
	truncate -s 20M cdr
	mkudffs --media-type=cdr cdr >mkudffs.out
	capture imgtool mkdir cdr:/new
	assert_plain_error 1 'mkdir: cdr: the udf file system cannot be mounted'
	assert_no_match fsck err
fi
if blank xfs img; then
	head -c 64K img >short
	truncate -s 320M short
	capture imgtool mkdir short:/new
	assert_plain_error 1 'the xfs file system cannot .*; imgtool fsck may help'
fi
blank ext4 img
# shellcheck disable=SC2016 # expanded by the editor's shell
EDITOR='sh -c "imgtool mkdir img:/x 2>nested; imgtool ls --engine guest img 2>>nested; echo text >\"\$1\"" sh' \
	ok imgtool edit --engine guest img:/file
[ "$(grep -c 'img: is in use by' nested)" = 2 ] ||
	{ cat nested >&2; fail "an image in use was not refused"; }
assert_eq "$(imgtool cat img:/file)" text
ok imgtool mkdir --engine guest img:/new

echo "# a COW file over an image, which stays as it is"
blank ext4 base
before=$(sha256sum <base)
imgtool cow create layer base
ok imgtool cp -r --engine guest plain layer:/in
capture imgtool cow check layer
assert_status 0
imgtool sum layer:/in >got
[ "$(wc -l <got)" = 104 ] || fail "the layer has $(wc -l <got) files"
assert_eq "$(sha256sum <base)" "$before" "the backing"

[ -z "$missing" ] || skip "no tools to make:$missing"
