#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --fakeroot-state: owners, modes and devices; a copy of the tree is refused.
. "$UMKIT_SRC/tests/cli/cli.sh"

# entry FILE MODE UID GID RDEV: a line as fakeroot -s writes it
entry()
{
	printf 'dev=%x,ino=%d,mode=%s,uid=%d,gid=%d,nlink=1,rdev=%d\n' \
		"$(stat -c %d "$1")" "$(stat -c %i "$1")" "$2" "$3" "$4" "$5"
}

mkdir d && echo -n data >d/file && touch d/null && mkdir d/dir && touch d/mine
{
	entry d/file 104755 0 8 0
	printf 'dev=%x,ino=%d,mode=20666,uid=0,gid=0,nlink=1,rdev=%d\n' \
		"$(stat -c %d d/null)" "$(stat -c %i d/null)" $((0x103))
	entry d/dir 41777 3 4 0
} >state
build d --fakeroot-state state -o t.img
has t.img /file 'Mode: +04755'
has t.img /file '^User: +0 +Group: +8 '
content t.img /file data
has t.img /null 'Type: character special'
has t.img /null 'Device major/minor number: 01:03'
has t.img /dir 'Mode: +01777'
has t.img /dir '^User: +3 +Group: +4 '
has t.img /mine "^User: +$(id -u) "
cp -r d copy
refused 1 'state: no file of the source directories is in it' copy --fakeroot-state state
entry d/file 40755 0 0 0 >state
refused 1 'd/file: is not what the fakeroot state file says' d --fakeroot-state state
echo 'not a state' >state
refused 1 'state: line 1 is not' d --fakeroot-state state
if command -v fakeroot >/dev/null; then
	mkdir f
	fakeroot -s state sh -c 'touch f/a; chown 12:34 f/a; mknod f/b b 8 1' || exit 1
	build f --fakeroot-state state -o t.img
	has t.img /a '^User: +12 +Group: +34 '
	has t.img /b 'Type: block special'
fi
