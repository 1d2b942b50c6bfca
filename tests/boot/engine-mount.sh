#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount of what only a kernel reads, through a guest.
. "$UMKIT_SRC/tests/boot/engine.sh"
IMGTOOL=imgtool
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs mksquashfs
need_mount

make_tree tree
make_more tree
make_image squashfs tree fs
before=$(sha256sum <fs)
mkdir m
capture imgtool mount fs m
assert_status 0
mounted m || fail "nothing is mounted"

echo "# what it shows"
list()
{
	(cd "$1" && find . -printf '%P %y %m %l %n %Ts ' \
		\( -type d -printf 'dir\n' -o -printf '%s\n' \) | sort)
}
list tree >want
list m >got
diff want got >&2 || fail "the mount differs from the tree"
rm tree/fifo
diff -r --no-dereference -x fifo tree m || fail "contents differ"
df m >/dev/null
[ "$(stat -f -c %T m)" = fuseblk ] || [ "$(stat -f -c %T m)" = fuse ] ||
	fail "what is mounted is $(stat -f -c %T m)"
[ "$(cat m/dir/link)" = hello ] || fail "the symlink leads elsewhere"

echo "# eight readers at once"
for ((i = 0; i < 8; i++)); do
	(cd m && find dir -type f -exec sha256sum {} + | sort -R | sort) >sum.$i &
done
wait
for ((i = 1; i < 8; i++)); do
	cmp sum.0 sum.$i || fail "readers have read different things"
done
(cd tree && find dir -type f -exec sha256sum {} + | sort) | cmp - sum.0 ||
	fail "what was read is wrong"

echo "# it is read-only, and ends"
! touch m/new 2>/dev/null || fail "it can be written to"
capture imgtool umount m
assert_status 0
not_mounted m || fail "it is still mounted"
capture imgtool mount --rw fs m
assert_plain_error 1 'mount: fs: a file system of type squashfs cannot be changed'
not_mounted m || fail "something is mounted"
assert_eq "$(sha256sum <fs)" "$before" "the image"

echo "# in the foreground, until a signal; the guest killed; errors"
imgtool mount --foreground fs m &
server=$!
retry 60 mounted m
kill $server
wait $server || :
not_mounted m || fail "it is still mounted after SIGTERM"

capture imgtool mount fs m
assert_status 0
# (the server itself has gone to /)
for process in /proc/[0-9]*; do
	[ "$(readlink "$process/cwd")" != "$PWD" ] ||
		! grep -qs ^ubd0o=fs <(tr '\0' '\n' 2>/dev/null \
			<"$process/cmdline") || guests+=" ${process#/proc/}"
done 2>/dev/null
[ "${guests-}" ] || fail "there is no guest"
# shellcheck disable=SC2086 # words
kill -9 $guests
capture cat m/hello m/dir/big m/dir/sub/some
[ "$status" != 0 ] || fail "a file was read from a dead guest"
capture imgtool umount m
assert_status 0

head -c 100K fs >short.img
capture imgtool mount short.img m
assert_plain_error 1 'mount: short.img: the squashfs file system cannot be mounted'
not_mounted m || fail "something is mounted"

echo "# ext4 through a guest"
imgtool build --quiet tree -o img
capture imgtool mount --engine guest img m
assert_status 0
diff -r --no-dereference -x lost+found tree m || fail "ext4: contents differ"
capture imgtool umount m
assert_status 0
