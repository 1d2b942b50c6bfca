#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Later over earlier: duplicates, a directory replaced by a file or symlink and
# the reverse, parents that are symlinks, space used again.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'f a one' 'f a two' 'd d' 'f d/x x' 's d elsewhere' \
	's l d' 'd l' 'f l/y y' 'f f file' 'd f' 'f f/z z' \
	'd g' 'f g/h/i/j deep' 'f g file' 'set mode=700' 'd l' >t.tar
build t.tar -o t.img
content t.img /a two
has t.img /d 'Fast link dest: "elsewhere"'
has t.img /l 'Type: directory +Mode:  0700'
content t.img /l/y y
content t.img /f/z z
content t.img /g file

# directories merge; what only the lower has stays
mkdir -p low/etc low/only up/etc
echo -n low >low/etc/a; echo -n low >low/etc/b; echo -n up >up/etc/b
chmod 711 up/etc
build low up -o m.img
content m.img /etc/a low
content m.img /etc/b up
has m.img /etc 'Mode:  0711'
has m.img /only 'Type: directory'
build up low -o m.img
content m.img /etc/b low

# a parent that is a symlink to a directory is followed, inside the image
mktar 'd usr/bin' 's bin usr/bin' 's abs /usr/../usr/./bin' 's up ../../..' \
	's loop loop' 's dangling nowhere' >base.tar
mktar 'f bin/one 1' 'f abs/two 2' 'f up/three 3' 'f loop/four 4' \
	'f dangling/five 5' >over.tar
build base.tar over.tar -o s.img
has s.img /bin 'Type: symlink'
content s.img /usr/bin/one 1
content s.img /usr/bin/two 2
content s.img /three 3
content s.img /loop/four 4
content s.img /dangling/five 5

# what was replaced leaves nothing behind: neither space nor bytes
mktar 'F big 20000000' 'f secret hunter2hunter2hunter2' 'f keep keep' >one.tar
mktar 'f big small' 'f secret gone' >two.tar
build one.tar two.tar --size +1M -o r.img
content r.img /keep keep
[ "$(free_blocks r.img)" -gt 3000 ] || fail "a replaced file still takes space"
[ "$(stat -c %s r.img)" -lt 22000000 ] || fail "the image is too large"
! grep -q hunter2hunter2 r.img || fail "a replaced file's data are still there"
mktar 'F new 19000000' >three.tar
build one.tar two.tar three.tar --size +1M -o r3.img
[ "$(stat -c %s r3.img)" -lt 32000000 ] ||
	fail "space of a replaced file is not used again"
in_image r3.img 'dump /new new'
tar xOf three.tar new | assert_same_file - new
