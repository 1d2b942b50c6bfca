#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cp: host to image, image to host, image to image, inside of one image.
. "$UMKIT_SRC/tests/cli/edit.sh"

# list DIR: every attribute that a copy with -a keeps
list()
{
	(cd "$1" && find . -mindepth 1 -printf '%P|%y|%m|%U|%G|%T@|%l|' \
		\( -type d -printf '\n' -o -printf '%n|%s\n' \) | sort)
	(cd "$1" && find . -type f -exec sha256sum {} + | sort)
	! command -v getfattr >/dev/null ||
		(cd "$1" && find . -print0 | sort -z |
			xargs -0 getfattr -h -d -m '^user' -e hex)
}

same_trees()
{
	diff <(list "$1") <(list "$2") >&2 || fail "$3: trees differ"
}

long=$(printf 'l%.0s' {1..250})
mkdir -p src/a/b/c "src/$long"
echo hello >src/a/file
ln src/a/file src/a/b/hard
ln -s ../file src/a/b/link
ln -s "/$long/$long/$long" src/a/b/longlink
ln src/a/b/link src/a/hardlink
head -c 5000000 /dev/urandom >src/big
: >src/empty
head -c 4096 /dev/urandom >src/block
printf x >"src/$(printf 'bad\xff name\n')"
truncate -s 30M src/sparse
printf end >>src/sparse
printf middle | dd of=src/sparse bs=1 seek=10000007 conv=notrunc status=none
mkfifo src/fifo
[ "$(id -u)" != 0 ] || { mknod src/null c 1 3; mknod src/disk b 259 70000
	chown -h 70000:80000 src/a/b/link src/a/b/c src/null; }
chmod 4750 src/a/file
chmod 1777 src/a/b/c
setfattr -n user.test -v value src/a/file 2>/dev/null || :
setfattr -n user.dir -v value src/a 2>/dev/null || :
touch -h -d @1234567890.123456789 src/a/b/link src/big
touch -d @-1.25 src/a/b/c

for kind in "${KINDS[@]}"; do
	echo "$kind"
	make_image "$kind" t.img 96M
	# (inodes of 128 bytes have whole seconds, and no room for attributes)
	edit cp -a src t.img:/
	clean t.img
	edit cp -a t.img:/src got
	[[ $kind = *'-I 128'* ]] || same_trees src got "$kind"
	[ "$(du -sk got | cut -f 1)" -lt 20000 ] || fail "holes were filled"
	rm -rf got

	# again, over what is there
	edit cp -a src t.img:/
	clean t.img
	mkdir got
	edit cp -a t.img:/src/. got
	[[ $kind = *'-I 128'* ]] || same_trees src got "$kind, again"
	edit cp -a t.img:/src/. got
	[[ $kind = *'-I 128'* ]] || same_trees src got "$kind, out again"
	rm -rf got

	# inside of one image, and to another
	edit cp -a t.img:/src t.img:/copy
	clean t.img
	make_image "ext4 -b 4096" u.img 96M
	edit cp -a t.img:/copy u.img:/
	clean u.img
	edit cp -a u.img:/copy got
	[[ $kind = *'-I 128'* ]] || same_trees src got "$kind, between images"
	rm -rf got
	edit rm -r t.img:/src t.img:/copy
	clean t.img
done

# one file, without -p: root's, permissions only, times now
make_image ext4 t.img 32M
SOURCE_DATE_EPOCH=1000000000 edit cp src/a/file t.img:/new
has t.img /new 'User: *0 *Group: *0'
has t.img /new 'Mode: *0750'
assert_match 'modified: 2001-09-09T01:46:40' <("$IMGTOOL" stat t.img:/new)
content t.img /new hello
edit mkdir -m 2755 t.img:/d
edit chown 0:99 t.img:/d
edit cp src/a/file src/block t.img:/d
has t.img /d/block 'User: *0 *Group: *99'
# over a file: it keeps its owner, mode, names
edit chmod 600 t.img:/d/file
edit ln t.img:/d/file t.img:/d/other
edit cp src/big t.img:/d/file
has t.img /d/other 'Mode: *0600'
edit ln -s d/file t.img:/link
echo new >new
edit cp new t.img:/link
content t.img /d/other new
same_inode t.img /d/file /d/other
clean t.img

# to the host: permissions without set-id bits, umask, what is there
edit chmod 6777 t.img:/new
(umask 027; "$IMGTOOL" cp t.img:/new plain) || fail "cp t.img:/new plain"
assert_eq "$(stat -c %a plain)" 750
chmod 640 plain
edit cp t.img:/new plain
assert_eq "$(stat -c %a plain)" 640
ln -s plain alink
edit cp t.img:/d/other alink
assert_eq "$(readlink alink) $(cat plain)" "plain new"
assert_eq "$("$IMGTOOL" cp t.img:/new /dev/stdout | cat)" hello
mkdir dir
edit cp t.img:/new t.img:/link dir
assert_eq "$(ls dir) $(cat dir/link)" "link
new new"
edit cp --from t.img new dir
edit cp --to t.img new d
[ -z "$(find . -name '.imgtool-*')" ] || fail "temporary files are left"
if [ "$(id -u)" = 0 ]; then
	mkdir mine
	chown 65534:65534 mine
	chmod 755 .
	chmod a+r t.img
	# (the reader's lock needs no right to write)
	capture as_nobody "$IMGTOOL" cp -a t.img:/d "$WORK/mine"
	assert_status 0
	assert_eq "$(stat -c %u mine/d/block)" 65534
fi

# a size of more than 32 bits, nearly all of it holes
truncate -s 5G sparse
printf end >>sparse
printf middle | dd of=sparse bs=1 seek=4500000007 conv=notrunc status=none
edit cp sparse t.img:/sparse
clean t.img
edit cp t.img:/sparse back
assert_eq "$(stat -c %s back)" 5368709123
[ "$(du -k back | cut -f 1)" -lt 200 ] || fail "holes were filled"
assert_eq "$(tail -c 3 back)" end
assert_eq "$(tail -c +4500000008 back | head -c 6)" middle

# hard links between operands, into an image and out of it; a copy that a later
# operand has replaced is not linked to
mkdir -p many/a many/b many/c
echo one >many/a/one
ln many/a/one many/b/two
ln many/a/one many/three
echo other >many/c/one
edit mkdir t.img:/many t.img:/replaced
edit cp -a many/a many/b many/three t.img:/many
links()
{
	"$IMGTOOL" stat --json "t.img:/$1" | grep -o '"links":[0-9]*' |
		grep -o '[0-9]*$'
}
assert_eq "$(links many/a/one)" 3
edit cp -a many/a/one many/c/one many/b/two many/three t.img:/replaced
assert_eq "$(links replaced/one)" 1
assert_eq "$("$IMGTOOL" cat t.img:/replaced/one t.img:/replaced/two)" 'other
one'
mkdir out-many
edit cp -a t.img:/many/a t.img:/many/b t.img:/many/three out-many
assert_eq "$(stat -c %h out-many/three)" 3
edit mkdir t.img:/again
edit cp -a t.img:/many/a t.img:/many/three t.img:/again
assert_eq "$(links again/three)" 2
assert_eq "$(links many/three)" 3
clean t.img
rm -r many out-many
edit rm -r t.img:/many t.img:/replaced t.img:/again

# refused
edit mkdir t.img:/e
not_edited 1 't.img:/d: cannot be copied into itself' cp -r t.img:/d t.img:/d/x
not_edited 1 't.img:/d: is a directory; -r' cp t.img:/d dir
not_edited 1 'src: is a directory; -r' cp src t.img:/
not_edited 1 'src/none: cannot be read: No such file' cp src/none t.img:/
not_edited 1 't.img:/none: no such file' cp t.img:/none dir
not_edited 1 't.img:/new: Not a directory' cp new src/block t.img:/new
not_edited 1 'plain: is no directory' cp t.img:/new t.img:/link plain
edit mkdir t.img:/e/new
not_edited 1 'new: cannot take the place' cp new t.img:/e
mkdir -p x/e
edit cp -r x/e t.img:/
not_edited 1 'x/e: cannot take the place' cp -r x/e t.img:/new
not_edited 1 't.img:/d: is a directory, and what is at its place is none' cp -r t.img:/d plain
not_edited 1 't.img:/new: is copied to itself' cp t.img:/new t.img:/
not_edited 1 'new: is not in an image' cp new other
not_edited 2 '' cp t.img:/x
clean t.img
