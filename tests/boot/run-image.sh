#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: what happens to the image, and images that are none.
. "$TEST_LIB/boot.sh"
need_cmd e2fsck

image=$(scratch_image)
before=$(sha256sum <"$image")
IMAGE=$image

echo "# a throw-away layer"
run_guest -- sh -c 'echo new >/file; rm -f /etc/passwd; cat /file; sync'
assert_out new
assert_eq "$(sha256sum <"$image")" "$before" "the image"
run_guest -- cat /file
assert_status 1
run_guest --layer-max 4M -- sh -c 'dd if=/dev/zero of=/big bs=1M count=30; sync'
assert_match 'throw-away layer' err
assert_eq "$(sha256sum <"$image")" "$before" "the image"
chmod 400 "$image"
run_guest -- sh -c 'echo new >/file && cat /file'
assert_out new
chmod 600 "$image"

echo "# in place"
run_guest --rw -- sh -c 'echo kept >/file; (sleep 100 >/dev/null) & exit 3'
assert_status 3
assert_eq "$(cat err)" "" "standard error"
e2fsck -fn "$image" >fsck 2>&1 || { cat fsck; fail "not clean after --rw"; }
run_guest -- cat /file
assert_out kept
if [ "$(id -u)" != 0 ]; then
	chmod 400 "$image"
	capture imgtool run --rw "$image" -- true
	assert_plain_error 125 'cannot be opened for writing: Permission denied'
	chmod 600 "$image"
fi

echo "# names"
cp --sparse=always "$image" 'a name, with: odd "letters"'
IMAGE='a name, with: odd "letters"' run_guest -- cat /file
assert_out kept
mv 'a name, with: odd "letters"' 'a name, with: odd letters'
IMAGE='a name, with: odd letters' run_guest -- cat /file
assert_out kept
mv 'a name, with: odd letters' at@7
IMAGE=at@7 run_guest -- cat /file
assert_out kept

echo "# should fail"
head -c 1000000 /dev/urandom >noise
capture imgtool run noise -- true
assert_plain_error 125 '^imgtool: run: noise: holds no file system'
head -c 1000000 /dev/zero >zeroes
capture imgtool run zeroes -- true
assert_plain_error 125 '^imgtool: run: zeroes: holds no file system'
head -c 512 "$image" >short
capture imgtool run short -- true
assert_plain_error 125 '^imgtool: run: short: '
head -c 100000 "$image" >cut.img
capture imgtool run cut.img -- true
assert_plain_error 125 '^imgtool: run: cut.img: .*cannot be mounted: '
capture imgtool run at@7@2 -- true
assert_plain_error 125 'no such partition'
