#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: large reads and writes, which go past the guest's page cache: memory
# that is a mapping or has holes, ends of files, limits, a full file system, the
# suid bit, and mappings that others look at meanwhile. And that they do so: the
# guest reads a file larger than its memory's worth of cache and has none of it.
. "$TEST_LIB/boot.sh"

mkdir dir small tool
cp "$UMKIT_BUILD/tests/boot/hostfs_through" tool/through
head -c 64M /dev/zero >dir/big

# shellcheck disable=SC2016
script='
mkdir /small /tool
mount -t hostfs none /mnt -o "$1,ownership=$4" &&
	mount -t hostfs none /tool -o "ro,hostfs=$2" || exit 1
set -- "$1" "$2" "$3"
[ -z "$3" ] || mount -t hostfs none /small -o "$3" || exit 1
/tool/through /mnt ${3:+/small} || exit 2
cached() { sed -n "s/^Cached: *\([0-9]*\) kB/\1/p" /proc/meminfo; }
before=$(cached)
dd if=/mnt/big of=/dev/null bs=1M 2>/dev/null || exit 3
after=$(cached)
[ $((after - before)) -lt 32000 ] || { echo "cached: $before, $after kB"; exit 4; }
dd if=/mnt/big of=/dev/null bs=4k 2>/dev/null || exit 3
[ $(($(cached) - after)) -gt 32000 ] || { echo "not cached"; exit 5; }
'
kind=host
if [ "$(id -u)" != 0 ]; then
	setfattr -n user.x -v y dir 2>/dev/null ||
		skip "$WORK has no user attributes, for chown and suid"
	kind=xattr
fi
ns=()
full=
if unshare -m mount -t tmpfs -o size=6M tmpfs small 2>/dev/null; then
	ns=(unshare -m)
	full=$WORK/small
fi
guarded "${ns[@]}" sh -c '
[ -z "$5" ] || mount -t tmpfs -o size=6M tmpfs "$5" || exit 99
exec imgtool run --mem "$1" --append hostfs=/ "$2" -- sh -c "$3" sh "$4/dir" \
	"$4/tool" "$5" "$6"
' sh "$MEM" "$TEST_IMAGE" "$script" "$WORK" "$full" "$kind" \
	</dev/null >out 2>err
assert_status 0
grep -q 'done' out || fail "not all of it was run"
