#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# From a tar, as an ordinary user: owners, modes, devices, links, contents; the
# same from every compression and from a pipe.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'set mode=755 uid=0 gid=0' 'd ./' 'd bin' 'd home' \
	'set uid=1000 gid=1001' 'd home/user' \
	'set mode=4755' 'f bin/su binary' 'set mode=644' \
	'f home/user/file contents' 'F home/user/large 1000001' \
	's home/user/short target' \
	"s home/user/long $(printf 'x%.0s' {1..59})" \
	"s home/user/longer $(printf 'x%.0s' {1..60})" \
	'h home/user/link home/user/file' 'h home/user/link2 ./home/user/short' \
	'c dev/null 1 3' 'c dev/big 300 70000' 'b dev/sda 8 0' 'p run/fifo' \
	'set uid=70000 gid=4294967294' 'f big-owner' >t.tar

build t.tar -o t.img
has t.img / 'Mode:  0755 '
has t.img /bin/su 'Type: regular +Mode:  04755 '
has t.img /home/user/file 'User: +1000 +Group: +1001 '
has t.img /home/user/file '^Links: 2 '
content t.img /home/user/file contents
in_image t.img 'dump /home/user/large large'
tar xOf t.tar home/user/large | assert_same_file - large
has t.img /home/user/short 'Type: symlink +Mode:  0777'
has t.img /home/user/short 'Fast link dest: "target"'
has t.img /home/user/long "Fast link dest: \"x{59}\""
content t.img /home/user/longer "$(printf 'x%.0s' {1..60})"
same_inode t.img /home/user/file /home/user/link
same_inode t.img /home/user/short /home/user/link2
has t.img /dev/null 'Type: character special'
has t.img /dev/null 'number: 01:03'
has t.img /dev/big 'number: 300:70000'
has t.img /dev/sda 'Type: block special'
has t.img /run/fifo 'Type: FIFO'
has t.img /big-owner 'User: 70000 +Group: +(-2|4294967294)'
# parents that the tar does not have
has t.img /dev 'Type: directory +Mode:  0755 '
has t.img /dev 'User: +0 +Group: +0 '

for pack in gzip bzip2 xz zstd lz4; do
	command -v $pack >/dev/null || continue
	$pack <t.tar >t.packed
	build t.packed -o packed.img
	assert_same_file t.img packed.img
done
build - -o pipe.img <t.tar
assert_same_file t.img pipe.img
# one byte at a time, and a writer that goes on after the end
{ cat t.tar; head -c 100000 /dev/zero; } | build - -o pipe.img
assert_same_file t.img pipe.img

if [ "$(id -u)" = 0 ]; then
	mkdir nobody && chmod 777 nobody
	as_nobody "$IMGTOOL" build -q t.tar -o nobody/t.img
	assert_same_file t.img nobody/t.img
fi

build t.tar --owner 5:6 -o owner.img
has owner.img /bin/su 'User: +5 +Group: +6 '
has owner.img / 'User: +5 +Group: +6 '
has owner.img /run 'User: +5 +Group: +6 '
