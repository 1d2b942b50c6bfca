#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copying out of a hostile image, or beside somebody hostile, writes nothing
# outside of the target.
. "$UMKIT_SRC/tests/cli/edit.sh"

# copy_out IMG: into in/dir; in/ has nothing else afterwards
copy_out()
{
	rm -rf in
	mkdir -p in/dir
	echo safe >in/victim
	capture timeout 60 "$IMGTOOL" cp -a "$1:/." in/dir
	[ "$status" -le 1 ] || { show; fail "$1: status $status"; }
	grep -v '^imgtool: ' err >&2 && fail "$1: a message that is not ours"
	assert_eq "$(ls in)" "dir
victim"
	assert_eq "$(cat in/victim)" safe
}

mktar 'd sub' 'f sub/XXYYYYY data' 'f other x' >t.tar
build t.tar -o start.img
for name in '../xxxx' '../../x' '/tmp/xx' 'a\x00bcdef' '../dir\x00'; do
	cp start.img bad.img
	LC_ALL=C sed -i "s|XXYYYYY|$name|g" bad.img
	cmp -s start.img bad.img && fail "nothing was patched"
	copy_out bad.img
	assert_status 1
done

# two entries of one name: a symlink that leads out, then a directory or file
for second in 'd AAAA' 'f AAAA' 'd BBBB/x'; do
	mktar 'f BBBB/victim bad\n' 's AAAA ..' "${second/AAAA/CCCC}" >t.tar
	build t.tar -o bad.img
	LC_ALL=C sed -i 's|CCCC|AAAA|g; s|BBBB|AAAA|g' bad.img
	copy_out bad.img
done
# a symlink, and a file to be written through it
mktar 's AAAA ../victim' 'f CCCC bad\n' >t.tar
build t.tar -o bad.img
LC_ALL=C sed -i 's|CCCC|AAAA|g' bad.img
copy_out bad.img
# a hard link to the symlink
mktar 's AAAA ../victim' 'h CCCC AAAA' 'f DDDD bad\n' >t.tar
build t.tar -o bad.img
LC_ALL=C sed -i 's|DDDD|CCCC|g' bad.img
copy_out bad.img

# what is at the target already leads out: replaced, or refused
mktar 'set mode=755' 'd sub' 'f sub/victim bad\n' 'f file bad\n' 'h sub/hard file' >t.tar
build t.tar -o good.img
rm -rf in
mkdir -p in/dir in/away
echo safe >in/victim
ln -s ../victim in/dir/file
ln -s ../away in/dir/sub
not_edited 1 'good.img:/sub: is a directory, and what is at its place is none' cp -a good.img:/. in/dir
assert_eq "$(cat in/victim) $(ls in/away)" "safe "
assert_eq "$(cat in/dir/file)" bad
rm in/dir/sub in/dir/file
ln in/victim in/dir/file
edit cp -a good.img:/. in/dir
assert_eq "$(cat in/victim) $(cat in/dir/file)" "safe bad"
[ in/dir/file -ef in/dir/sub/hard ] || fail "not hard-linked"
# a fifo at the place of a file is not waited for
rm in/dir/file
mkfifo in/dir/file
edit cp -a good.img:/. in/dir
assert_eq "$(cat in/dir/file)" bad

# nonsense of every kind, cut short, and noise
for ((cut = 1; cut <= 4000; cut += 500)); do
	head -c "$((cut * 1024))" good.img >bad.img
	copy_out bad.img
done
for field in 'file size 0x7fffffffffffffff' 'file size 0xffffffff0' 'sub size 0x7fffffffffff' \
	'file block[3] 0xffffffff' 'file mode 0' 'sub mode 0100644' 'file mode 0120777' 'file file_acl 3'; do
	cp good.img bad.img
	debugfs -w -R "set_inode_field $field" bad.img >/dev/null 2>&1
	copy_out bad.img
done
