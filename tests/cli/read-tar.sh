#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool tar: an image as an archive, and back; archives of hostile images.
. "$UMKIT_SRC/tests/cli/cli.sh"

# listing IMG: every attribute but those that are the file system's own
listing()
{
	"$IMGTOOL" find --json "$1" |
		sed -E 's/\},\{"path"/},\n{"path"/g; s/"(inode|allocated)":[0-9]*,//g'
	for f in big pieces tail dir/file "$long"; do "$IMGTOOL" sum "$1:$f"; done
}

long=$(printf 'n%.0s' {1..255})
deep=$(printf "${long:0:200}/%.0s" {1..12})
big=$(printf 'v%.0s' {1..2000})
mktar 'set mode=755' 'd .' 'd dir' 'set mode=4711 uid=1000 gid=4000000000' \
	'f dir/file hello' 'h dir/hard dir/file' 'set mode=644' \
	's dir/link ../../../etc' 'h dir/linklink dir/link' \
	'c null 1 3' 'b disk 259 70000' 'p fifo' "pax path=$long" 'f longname long' \
	"pax path=${deep}end" 'f deep x' "pax linkpath=$deep" 's longlink x' \
	'pax mtime=-1000.25 atime=5.000000001 ctime=7 LIBARCHIVE.creationtime=-2000.5' 'f times x' \
	'pax mtime=10000000000.123456789' 'f far x' \
	'pax SCHILY.xattr.user.two=2 SCHILY.xattr.user.one=1 SCHILY.xattr.security.x=y' 'f xattrs x' \
	"pax SCHILY.xattr.user.big=$big SCHILY.xattr.trusted.t=t" 'd xdir' \
	'pax SCHILY.xattr.user.l=ink' 's xlink dir' \
	'pax SCHILY.acl.access=user::rw-,user:1000:r--,group::r--,mask::r--,other::r--' 'f acl x' \
	'pax SCHILY.acl.default=user::rwx,group::r-x,group:5:rwx,mask::rwx,other::---' 'd acldir' \
	'F big 3000000' "f $(printf 'bad\xff') x" "f $(printf 'new\\nline') x" 'f empty' \
	'f -rf x' >t.tar
mkdir sparse
truncate -s 1T sparse/hole 2>/dev/null || truncate -s 1G sparse/hole
truncate -s 30M sparse/pieces
for at in 0 1000000 29999999; do
	printf 'X' | dd of=sparse/pieces bs=1 seek=$at conv=notrunc status=none
done
printf 'data' >sparse/tail
truncate -s 1M sparse/tail
build t.tar sparse -o a.img

capture "$IMGTOOL" tar a.img -o a.tar
assert_status 0
[ ! -s out ] && [ ! -s err ] || { show; fail "not silent"; }
"$IMGTOOL" tar a.img >piped.tar
cmp a.tar piped.tar || fail "a pipe gets other bytes"
[ "$(stat -c %s a.tar)" -lt 10000000 ] || fail "holes were stored"
build a.tar -o b.img
listing a.img >a
listing b.img >b
diff a b >&2 || fail "the tree of the tar is another one"
[ "$(wc -l <a)" -gt 40 ] || fail "no listing"
"$IMGTOOL" tar b.img -o b.tar
cmp a.tar b.tar || fail "equal trees, but not the same bytes"

# others read it, too
tar tvf a.tar --numeric-owner >list 2>err || { cat err >&2; fail "GNU tar"; }
grep -v 'unknown extended header keyword' err >&2 && fail "GNU tar has something to say"
assert_match '^-rws--x--x 1000/4000000000 +5 .* dir/file$' list
assert_match '^h.* dir/hard link to dir/file$' list
assert_match '^brw-r--r-- .* 259,70000 .* disk$' list
assert_match '^drwx.* \./$' list
mkdir out1
tar xf a.tar -C out1 --no-same-owner --no-same-permissions sparse 2>/dev/null || :
tar xf a.tar -C out1 --no-same-owner hole pieces tail dir/file
for f in hole pieces tail; do
	assert_eq "$(stat -c %s out1/$f)" "$(stat -c %s sparse/$f)" "$f: size"
done
cmp out1/pieces sparse/pieces && cmp out1/tail sparse/tail || fail "sparse files"

# a subtree, and a file
"$IMGTOOL" tar a.img:/dir | tar t >list
printf './\nfile\nhard\nlink\nlinklink\n' | diff - list || fail "a subtree"
assert_eq "$("$IMGTOOL" tar a.img:/dir/hard | tar xO)" hello
assert_eq "$("$IMGTOOL" tar a.img:/dir/hard | tar t)" hard

# sockets
cp a.img c.img
debugfs -w -R 'set_inode_field empty mode 0140644' c.img >/dev/null 2>&1
capture "$IMGTOOL" tar -o c.tar c.img
assert_status 0
assert_match '^imgtool: tar: c.img:/empty: warning: is a socket' err
tar t <c.tar >list 2>/dev/null
assert_no_match '^empty$' list

# output: complete or not at all
capture "$IMGTOOL" tar -o none/x.tar a.img
assert_plain_error 1 'tar: none/x.tar: cannot be created'
capture "$IMGTOOL" tar a.img:/none -o no.tar
assert_plain_error 1 'no such file'
if [ -w /dev/full ]; then
	capture "$IMGTOOL" tar -o /dev/full a.img
	assert_plain_error 1 'tar: /dev/full: cannot be written: No space'
fi
[ ! -e no.tar ] || fail "a refused tar is there"
compgen -G '*.new' && fail "a file was left"

# hostile: nothing leaves its directory, what is damaged is named, and the
# archive is not there
mktar 'd sub' 'f sub/XXYYY data' 'f other x' 'f other2 x' >h.tar
build h.tar -o good.img
refused_tar()
{
	rm -f no.tar
	capture "$IMGTOOL" tar bad.img -o no.tar
	assert_plain_error 1 "$1"
	[ ! -e no.tar ] || fail "a damaged image gave a tar"
	compgen -G '*.new' && fail "a damaged image left a file"
	capture "$IMGTOOL" tar bad.img
	[ "$status" = 1 ] || { show; fail "status $status, not 1"; }
	capture "$IMGTOOL" tar -k bad.img -o no.tar
	[ "$status" = 1 ] || { show; fail "-k: status $status, not 1"; }
	tar t <no.tar >list 2>tar.err || { cat tar.err >&2; fail "-k: no sound tar"; }
	grep -E '(^|/)\.\.(/|$)|^/' list && fail "a name that escapes"
	assert_match '^other2$' list
}
for name in '../xx' '/etcx' 'a\x00bcd' '../..'; do
	cp good.img bad.img
	LC_ALL=C sed -i "s|XXYYY|$name|g" bad.img
	refused_tar 'tar: bad.img:/sub: the file system is damaged'
done
cp good.img bad.img
debugfs -w -R 'link sub sub/again' bad.img >/dev/null 2>&1
refused_tar 'tar: bad.img:/sub/again: a directory that stands elsewhere'
cp good.img bad.img
debugfs -w -R 'set_inode_field other block[0] 0' bad.img >/dev/null 2>&1
refused_tar 'tar: bad.img:/other: the file system is damaged'
cp good.img bad.img
debugfs -w -R 'set_inode_field other size 0x7fffffffffffffff' bad.img >/dev/null 2>&1
refused_tar 'tar: bad.img:/other: the file system is damaged'
cp good.img bad.img
debugfs -w -R 'ea_set other user.a=b value' bad.img >/dev/null 2>&1
refused_tar 'tar: bad.img:/other: has an extended attribute with = in its name'
