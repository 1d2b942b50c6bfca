#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ACLs on a writable mount: what is made in a directory with a default ACL
# inherits it, as acl(5) says and as a directory of this host does (where its
# file system has ACLs); what says no more than mode bits is not kept.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3
need_mount
mkdir m host

for options in '-t ext4' '-t ext2 -I 128'; do
	rm -rf t.img host
	mkdir host
	truncate -s 24M t.img
	# shellcheck disable=SC2086
	mke2fs -q -F $options t.img 2>mke2fs.err
	do_mount --rw t.img m
	python3 "$UMKIT_SRC/tests/cli/mount-acl.py" m host || fail "$options"
	do_umount m t.img
	fsck t.img
	# and so it is in the image
	"$IMGTOOL" stat --json t.img:/d3/0-777-dir >stat.json
	grep -q 'posix_acl_default' stat.json || fail "not in the image: $(cat stat.json)"
done
