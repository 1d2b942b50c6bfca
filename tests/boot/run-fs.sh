#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What build --fs and --profile make, as the kernel of a guest reads it: the
# same tree each time, and sound after it was written to.
. "$TEST_LIB/boot.sh"
need_cmd e2fsck
export PATH="$PATH:/usr/sbin:/sbin"

tar=$UMKIT_BUILD/rootfs/test.tar
[ -e "$tar" ] || skip "$tar: not built"
mkdir -p d/data/many
(cd d/data/many && seq -f 'name-%05g' 1 1000 | xargs touch)
head -c 10M /dev/urandom >d/data/random
truncate -s 20M d/data/parts
for at in {1..1500..7}; do
	echo "$at" | dd of=d/data/parts bs=4096 seek="$at" conv=notrunc status=none
done
ln d/data/random d/data/link
touch -d 2001-02-03 d/data/many/*

look='cd /data && find . | sort | xargs stat -c "%n %f %u %g %h %s %Y" &&
	find . -type f | sort | xargs sha256sum && touch many/new &&
	rm many/name-*3 link && cp random copy && sync'
for options in '--fs ext4' '--fs ext3' '--fs ext2' '--profile debian-8' \
		'--profile debian-6'; do
	# shellcheck disable=SC2086 # words
	imgtool build -q "$tar" d $options -o fs.img
	IMAGE=fs.img run_guest --rw -- sh -c "$look" </dev/null
	assert_status 0
	# a directory has as many blocks as checksums leave it
	grep -vE ' 41ed ' out >"tree$options"
	[ "$(wc -l <"tree$options")" -gt 2000 ] || { show; fail "$options"; }
	assert_same_file 'tree--fs ext4' "tree$options"
	e2fsck -fn fs.img >fsck 2>&1 || { cat fsck; fail "$options: e2fsck"; }
done
