#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount as an ordinary user: reading and writing files of all owners, what
# fusermount3 -u leaves (nothing), and what is said where a right is missing.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs fusermount3

# no right to the device
if [ "$(id -u)" = 0 ] && mknod -m 600 closed c 10 229 2>/dev/null; then
	mkdir -m 777 point
	truncate -s 2M empty.img
	mke2fs -q -F empty.img
	capture as_mounter closed "$IMGTOOL" mount "$PWD/empty.img" "$PWD/point"
	assert_plain_error 1 '^imgtool: mount: /dev/fuse: cannot be opened: mounting needs .* permission'
fi

ordinary_user
need_mount
me=$(id -u)
mkdir -p m tree/dir
head -c 3000000 /dev/urandom >big
cp big tree/dir/big
echo secret >tree/secret
chmod 600 tree/secret
build tree --owner 0:0 --size 32M -o t.img
before=$(sha256sum <t.img)

# --- read-only
do_mount t.img m
grep -q " $WORK/m ro,nosuid,nodev.* - fuse.imgtool $WORK/t.img ro.*user_id=$me" \
	/proc/self/mountinfo || fail "the table of mounts: $(grep /m /proc/self/mountinfo)"
cmp big m/dir/big || fail "what was read"
# (the image is the user's, so all of it is)
assert_eq "$(stat -c '%u %a' m/secret):$(cat m/secret)" '0 600:secret'
capture touch m/new
[ "$status" != 0 ] || fail "a new file"
assert_match 'Read-only' err
fusermount3 -u m
nothing_left t.img
assert_eq "$(sha256sum <t.img)" "$before" "the image"

# --- to be written to
do_mount --rw t.img m
mkdir m/new
cp big m/new/big
cmp big m/new/big || fail "what was written"
assert_eq "$(stat -c %u m/new/big)" "$me" "the owner of a new file"
echo more >>m/secret
chmod 640 m/secret
mv m/secret m/new/moved
rm m/dir/big
ln -s moved m/new/link
ln m/new/moved m/hard
fusermount3 -u m
nothing_left t.img
fsck t.img
content t.img /new/moved 'secret
more'
has t.img /hard "Mode:  0640 .*"
absent t.img /dir/big
absent t.img /secret
"$IMGTOOL" cat t.img:/new/big | cmp - big || fail "what was written, later"

# busy: refused by fusermount3, and still there
do_mount --rw t.img m
exec 5<m/new/big
capture fusermount3 -u m
[ "$status" != 0 ] || fail "unmounted although busy"
mounted m || fail "it is gone"
exec 5<&-
do_umount m t.img
nothing_left t.img
fsck t.img

# --- rights that are missing
chmod 400 t.img
capture "$IMGTOOL" mount --rw t.img m
assert_plain_error 1 '^imgtool: mount: t.img: .*Permission denied'
do_mount t.img m
fusermount3 -u m
nothing_left t.img
chmod 0 t.img
for how in '' --rw --raw; do
	# shellcheck disable=SC2086 # one word or none
	capture "$IMGTOOL" mount $how t.img m
	assert_plain_error 1 '^imgtool: mount: t.img: .*Permission denied'
done
chmod 600 t.img
chmod 500 m
capture "$IMGTOOL" mount t.img m
assert_plain_error 1 '^imgtool: mount: m: .*(no write access|ermission)'
chmod 700 m
nothing_left t.img
