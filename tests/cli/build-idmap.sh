#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --uidmap and --gidmap: owners and ACLs, from archives and directories.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'set uid=1000 gid=1000' 'f user x' 'set uid=100032 gid=100999' 'f sub x' \
	'set uid=5 gid=7' 'f other x' >t.tar
build t.tar --uidmap 1000:0:1 --uidmap 100000:1:65535 --gidmap 100999:42:1 -o t.img
has t.img /user '^User: +0 +Group: +1000 '
has t.img /sub '^User: +33 +Group: +42 '
has t.img /other '^User: +5 +Group: +7 '
mktar 'set uid=5 gid=7' 'pax SCHILY.acl.access=user::rw-,user:x:r--:5,group::r--,group:y:r--:7,mask::r--,other::---' \
	'f acl x' >acl.tar
build acl.tar --uidmap 5:500:1 --gidmap 7:700:1 -o t.img
has t.img /acl '^User: +500 +Group: +700 '
in_image t.img 'ea_get -f acl.bin /acl system.posix_acl_access'
# ext4 keeps it as tag, permissions and, where there is one, id
if [ -s acl.bin ]; then
	od -An -tx1 acl.bin | tr -d ' \n' | grep -q 'f4010000' || fail "ACL user"
	od -An -tx1 acl.bin | tr -d ' \n' | grep -q 'bc020000' || fail "ACL group"
fi
mkdir d && touch d/f
build d --uidmap "$(id -u):77:1" --gidmap "$(stat -c %g d/f):78:1" -o t.img
has t.img /f '^User: +77 +Group: +78 '
# an id is mapped once, not along a chain
mktar 'set uid=1 gid=1' 'f a x' >t.tar
build t.tar --uidmap 1:2:1 --uidmap 2:3:1 -o t.img
has t.img /a '^User: +2 '
for map in x 1:2 1:2:0 1:2:3:4 -1:0:1 4294967295:0:1 0:4294967290:6 1:2:99999999999; do
	refused 2 "$map: not a map" d "--uidmap=$map"
done
refused 2 '5:0:1: not a map .* overlaps' d --uidmap 0:0:10 --uidmap 5:0:1
