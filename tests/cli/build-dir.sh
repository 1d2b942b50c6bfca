#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# From a directory: everything in it, hard links, holes, odd names; what cannot
# be read is named; the image that is being replaced is not a part of itself.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/sub/deep d/empty
chmod 2750 d/sub
echo -n hello >d/file && chmod 640 d/file
ln d/file d/sub/link
ln -s file d/symlink
ln d/symlink d/sub/symlink2
mkfifo -m 600 d/fifo
: >d/zero
head -c 3000000 /dev/urandom >d/random
truncate -s 100M d/hole
echo -n middle | dd of=d/hole bs=1 seek=50000000 conv=notrunc status=none
printf 'x' >"d/$(printf 'new\nline \377')"
printf 'x' >"d/$(printf 'n%.0s' {1..255})"
touch -d '1955-11-05 06:00:00.123456789' d/zero
touch -d '2300-01-01 00:00:00.5' d/empty
if command -v perl >/dev/null; then
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("d/socket"))'
fi

build d -o d.img
has d.img /sub 'Mode:  02750 '
has d.img /file 'Mode:  0640 '
has d.img /file '^Links: 2 '
content d.img /file hello
same_inode d.img /file /sub/link
same_inode d.img /symlink /sub/symlink2
has d.img /fifo 'Type: FIFO +Mode:  0600 '
[ ! -e d/socket ] || has d.img /socket 'Type: socket'
in_image d.img 'dump /random random'
assert_same_file d/random random
in_image d.img 'dump /hole hole'
assert_same_file d/hole hole
has d.img /hole 'Blockcount: 8$'
has d.img /zero 'mtime: 0x[0-9a-f]+:[0-9a-f]+ -- Sat Nov  5 06:00:00 1955'
has d.img /empty 'mtime: 0x[0-9a-f]+:[0-9a-f]+ -- .* 2300'
assert_eq "$(stat_of d.img /zero 'mtime: 0x[0-9a-f]+:[0-9a-f]+')" \
	"$(printf 'mtime: 0x%08x:%08x' $((-446752800 & 0xffffffff)) \
		$((123456789 << 2)))" "mtime of zero"
# all names are there
find d -mindepth 1 -type d,f,l -printf '%P\0' | sort -z >want
mkdir dump && in_image d.img 'rdump / dump' && rm -rf dump/lost+found
find dump -mindepth 1 -printf '%P\0' | sort -z >got
if [ "$(id -u)" = 0 ]; then
	assert_same_file want got
fi

# a source that is a symlink, or has a slash behind it, is the same source
ln -s d symlinked
build symlinked -o s.img
assert_same_file d.img s.img
build d/ -o s.img
assert_same_file d.img s.img

# the output inside the source
cp -a d inside
touch -r d inside
build inside -o inside/x.img
touch -r d inside
build inside -o inside/x.img
absent inside/x.img /x.img
cd inside && touch -r ../d .
build . -o x.img
absent x.img /x.img
cd ..

mkdir unreadable && echo secret >unreadable/secret && chmod 0 unreadable/secret
mkdir locked && mkdir locked/dir && chmod 0 locked/dir
chmod 755 unreadable locked
if [ "$(id -u)" = 0 ]; then
	build unreadable -o u.img
	content u.img /secret secret
	mkdir nobody && chmod 777 nobody
	cat >as.sh <<-'END'
	#!/bin/sh
	cd "$1/nobody" && exec "$IMGTOOL" build -q "$1/$2" -o x.img
	END
	chmod 755 as.sh
	export IMGTOOL
	for case in unreadable:secret locked:dir; do
		capture as_nobody ./as.sh "$WORK" ${case%:*}
		assert_plain_error 1 "${case%:*}/${case#*:}: cannot be read: Permission denied"
		assert_eq "$(ls nobody)" "" "files left"
	done
else
	refused 1 'unreadable/secret: cannot be read: Permission' unreadable
	refused 1 'locked/dir: cannot be read: Permission' locked
fi
chmod 700 locked/dir
