#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A loadable module goes in, works, and comes out again.
. "$TEST_LIB/boot.sh"

[ -d "${UMKIT_MODULES:-}" ] || skip "no modules were built"
module=$(find "$UMKIT_MODULES" -name 'dummy.ko*' | head -n 1)
[ -n "$module" ] || skip "the configuration has no dummy.ko"

mkdir -p root/modules
cp "$module" root/modules/dummy.ko
"$UMKIT_SRC/rootfs/busybox" busybox.tar
imgtool build busybox.tar root -o modules.img --size 64M \
	>build.out 2>&1 || fail "imgtool build: $(cat build.out)"
IMAGE=$PWD/modules.img run_guest -- sh -c '
	set -e
	insmod /modules/dummy.ko
	grep -q "^dummy " /proc/modules
	ip link show dummy0 >/dev/null
	rmmod dummy
	! grep -q "^dummy " /proc/modules || exit 2
	echo loaded and gone'
assert_status 0
assert_out "loaded and gone"
