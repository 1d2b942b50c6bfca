#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --exclude: whole paths, names anywhere, directories with all below them.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/var/cache/apt d/proc d/usr/cache
touch d/var/cache/apt/{a,b}.deb d/proc/x d/usr/cache/y d/core d/usr/core d/usr/keep.o
mkfifo d/usr/pipe
tar cf d.tar -C d .
for source in d d.tar; do
	build $source --exclude 'var/cache/*' --exclude /proc --exclude core \
		--exclude '*.o' -o t.img
	has t.img /var/cache directory
	absent t.img /var/cache/apt
	absent t.img /proc
	absent t.img /core
	absent t.img /usr/core
	absent t.img /usr/keep.o
	has t.img /usr/cache/y regular
	has t.img /usr/pipe FIFO
	# * stops at a slash; a pattern with a slash begins at the root
	build $source --exclude 'var/*.deb' --exclude 'cache/apt' -o t.img
	has t.img /var/cache/apt/a.deb regular
	build $source --exclude '*' -o t.img
	assert_eq "$(in_image t.img 'ls -p /' | grep -c .)" 3 "entries of the root"
done
mktar 'f a data' 'h b a' >t.tar
refused 1 't.tar: b: is a hard link to an excluded file' t.tar --exclude a
build t.tar --exclude b -o t.img
content t.img /a data
