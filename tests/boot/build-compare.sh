#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A tree with everything that there can be (tests/cli/testtree.c), built, is the
# same tree to a guest's kernel, attribute by attribute; which takes our swap
# file, and grows the file system while it is mounted.
# time limit: 600 s
. "$TEST_LIB/boot.sh"
export PATH="$UMKIT_BUILD/tests/cli:$PATH:/usr/sbin:/sbin"
BOOT_TIMEOUT=300
tar=$UMKIT_BUILD/rootfs/test.tar
[ -e "$tar" ] || skip "$tar: not built"
need_cmd e2fsck

mkdir root
testtree make root/tree 2>left-out
testtree list root/tree >list
[ "$(wc -l <list)" -gt 101000 ] || fail "there is no tree"
imgtool build -q root --inject "$(command -v testtree):/testtree,0755" -o t.img
IMAGE=t.img run_guest -- /testtree list /tree </dev/null
assert_status 0
diff list out >difference || {
	head -n 20 difference | cut -c 1-300 >&2
	fail "the guest: $(wc -l <difference) lines differ"
}

imgtool build -q "$tar" --inject "$(command -v testtree):/testtree,0755" \
	--swap 9M --size +10M -o t.img
IMAGE=t.img run_guest --rw -- sh -c 'swapon /swapfile && cat /proc/swaps &&
	swapoff /swapfile && df -k / | tail -n 1 && dd if=/dev/zero of=/fill bs=1k count=10240 2>&1 &&
	sync' </dev/null
assert_status 0
assert_match '^/swapfile +file\s+9212\s'
e2fsck -fn t.img >fsck 2>&1 || { cat fsck; fail 'after the guest'; }
truncate -s 2G t.img
IMAGE=t.img run_guest --rw -- /testtree grow / </dev/null
assert_status 0
e2fsck -fn t.img >fsck 2>&1 || { cat fsck; fail 'after it has grown'; }
assert_eq "$(dumpe2fs -h t.img 2>/dev/null | sed -n 's/^Block count: *//p')" \
	$((2 << 30 >> 12)) 'blocks after it has grown'
