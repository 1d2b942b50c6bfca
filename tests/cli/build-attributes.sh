#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Times and extended attributes: from pax headers, and from a directory.
. "$UMKIT_SRC/tests/cli/cli.sh"

long=$(printf 'v%.0s' {1..300})
mktar 'pax mtime=-1000.25 atime=5.000000001 ctime=7 LIBARCHIVE.creationtime=9.5' \
	'f times' 'pax mtime=10000000000' 'f far' \
	'pax mtime=99999999999999' 'f farther' 'pax mtime=-99999999999999' 'f past' \
	'pax SCHILY.xattr.user.one=1 SCHILY.xattr.security.two=22 SCHILY.xattr.trusted.three=333' \
	'f three' "pax SCHILY.xattr.user.long=$long SCHILY.xattr.user.short=s" 'f long' \
	"pax SCHILY.xattr.user.long=$long SCHILY.xattr.user.short=s" 'f same' \
	"pax SCHILY.xattr.user.long=$long SCHILY.xattr.user.short=t" 'f other' \
	"pax SCHILY.xattr.user.long=$long" 'd dir' 'pax SCHILY.xattr.user.l=ink' 's link dir' \
	'pax SCHILY.acl.access=user::rw-,user:1000:r--,group::r--,mask::r--,other::r--' \
	'set mode=640' 'f acl' \
	'pax SCHILY.acl.default=user::rwx,group::r-x,group:5:rwx,mask::rwx,other::---' \
	'set mode=755' 'd acldir' \
	'pax SCHILY.acl.access=user::rw-,group::r--,other::r--' 'f plain' >t.tar
build t.tar -o t.img
# the fraction counts forward: -1000.25 is -1001 + 0.75
has t.img /times 'mtime: 0xfffffc17:b2d05e00'
has t.img /times 'atime: 0x00000005:00000004'
has t.img /times 'ctime: 0x00000007:'
has t.img /times 'crtime: 0x00000009:77359400'
has t.img /far 'mtime: 0x540be400:00000002'
has t.img /far 'ctime: 0x540be400:00000002'
has t.img /farther 'mtime: 0x7fffffff:00000003'
has t.img /past 'mtime: 0x80000000:00000000'
in_image t.img 'ea_list /three' >ea
assert_match 'user.one \(1\) = "1"' ea
assert_match 'security.two \(2\) = "22"' ea
assert_match 'trusted.three \(3\) = "333"' ea
for name in long same other dir; do
	assert_eq "$(in_image t.img "ea_get -V /$name user.long")" "$long" "/$name: user.long"
done
assert_eq "$(stat_of t.img /long 'File ACL: [0-9]+')" \
	"$(stat_of t.img /same 'File ACL: [0-9]+')" "shared attribute block"
[ "$(stat_of t.img /long 'File ACL: [0-9]+')" != \
	"$(stat_of t.img /other 'File ACL: [0-9]+')" ] || fail "blocks are mixed up"
in_image t.img 'ea_list /acl' >ea
assert_match 'system.posix_acl_access' ea
has t.img /acl 'Mode:  0644'
in_image t.img 'ea_list /acldir' >ea
assert_match 'system.posix_acl_default' ea
in_image t.img 'ea_list /plain' >ea
assert_no_match acl ea

mktar "pax SCHILY.xattr.user.big=$(head -c 5000 /dev/zero | tr '\0' x)" 'f big' >t.tar
refused 1 'big: its extended attributes do not fit' t.tar
mktar 'pax SCHILY.acl.access=user::rw-,user:no-such-user-here:r--,group::r--,mask::r--,other::r--' \
	'f acl' >t.tar
refused 1 'acl: its ACL names no-such-user-here' t.tar
mktar 'pax SCHILY.acl.access=user::rw-,user:5:r--,group::r--,other::r--' 'f acl' >t.tar
refused 1 'acl: its ACL is not valid' t.tar
mktar 'pax SCHILY.xattr.odd.name=x' 'f odd' >t.tar
capture "$IMGTOOL" build t.tar -o t.img
assert_status 0
assert_match '^imgtool: build: odd: warning: odd.name: ' err
fsck t.img

# a later time than SOURCE_DATE_EPOCH becomes that
mktar 'set mtime=2000' 'f new' 'set mtime=500' 'f old' >t.tar
SOURCE_DATE_EPOCH=1000 build t.tar -o t.img
has t.img /new 'mtime: 0x000003e8:'
has t.img /old 'mtime: 0x000001f4:'
has t.img / 'mtime: 0x000003e8:'
dumpe2fs -h t.img 2>/dev/null >superblock
assert_match '^Filesystem created: +Thu Jan  1 00:16:40 1970' superblock
assert_match '^Last write time: +Thu Jan  1 00:16:40 1970' superblock

# from a directory
mkdir d && echo x >d/f
if command -v setfattr >/dev/null && setfattr -n user.test -v value d/f 2>/dev/null; then
	setfattr -n user.long -v "$long" d
	build d -o d.img
	in_image d.img 'ea_list /f' >ea
	assert_match 'user.test \(5\) = "value"' ea
	in_image d.img 'ea_list /' >ea
	assert_match 'user.long \(300\)' ea
	if command -v setfacl >/dev/null && setfacl -m u:1000:rwx,d:g:7:rx d 2>/dev/null; then
		build d -o d.img
		in_image d.img 'ea_list /' >ea
		assert_match 'posix_acl_access' ea
		assert_match 'posix_acl_default' ea
	fi
fi
if [ "$(id -u)" = 0 ] && command -v setfattr >/dev/null &&
		setfattr -n trusted.t -v x d/f 2>/dev/null; then
	build d -o d.img
	in_image d.img 'ea_list /f' >ea
	assert_match 'trusted.t \(1\) = "x"' ea
fi
