#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: partitions, what may only be read, and block devices.
. "$TEST_LIB/boot.sh"

imgtool tar "$TEST_IMAGE" | imgtool build --quiet --partition gpt - -o disk
before=$(sha256sum <disk)

echo "# a partition, of a raw image and of COW files"
for IMAGE in disk disk@1; do
	run_guest -- sh -c 'echo new >/file && cat /file' </dev/null
	assert_out new
done
IMAGE=disk@1 run_guest --keep kept -- sh -c 'echo kept >/file' </dev/null
assert_status 0
for IMAGE in kept kept@1; do
	run_guest -- cat /file </dev/null
	assert_out kept
done
IMAGE=kept@1 run_guest --rw -- sh -c 'echo more >>/file' </dev/null
assert_status 0
IMAGE=disk@1 run_guest --keep kept -- cat /file </dev/null
assert_out 'kept
more'
assert_eq "$(sha256sum <disk)" "$before" "the image"
for image in disk@2 kept@2; do
	capture imgtool run "$image" -- true </dev/null
	assert_plain_error 125 "^imgtool: run: $image: there is no such partition"
done
truncate -s 16M two
# an MBR: two partitions of type 0x83, from sector 2048 and 4096 on
{
	head -c 446 /dev/zero
	printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x08\0\0'
	printf '\0\0\0\0\x83\0\0\0\0\x10\0\0\0\x08\0\0'
	head -c 32 /dev/zero
	printf '\x55\xaa'
} | dd of=two conv=notrunc status=none
capture imgtool run two -- true </dev/null
assert_plain_error 125 'two: has 2 partitions: choose one by @NUMBER'

echo "# read-only files, of somebody else and in a folder of somebody else"
chmod 444 disk kept
as_user() { "$@"; }
[ "$(id -u)" != 0 ] || as_user() { as_nobody env HOME=/nonexistent TMPDIR=/tmp "$@"; }
for image in disk kept kept@1; do
	capture as_user imgtool run --mem "$MEM" "$image" -- \
		sh -c 'echo new >/new && cat /new' </dev/null
	assert_out new
	assert_eq "$(cat err)" "" "standard error"
done
capture as_user imgtool run --rw kept -- true </dev/null
assert_plain_error 125 '^imgtool: run: kept: cannot be opened for writing: Permission denied'
capture as_user imgtool run --keep kept disk -- true </dev/null
assert_plain_error 125 '^imgtool: run: kept: cannot be opened for writing: Permission denied'
assert_eq "$(sha256sum <disk)" "$before" "the image"

echo "# a block device"
if ! device=$(losetup --read-only --find --show disk 2>/dev/null); then
	echo "# skipped: no loop devices here"
	exit
fi
trap 'losetup --detach "$device"' EXIT
IMAGE=$device run_guest -- sh -c 'echo new >/file && cat /file' </dev/null
assert_out new
IMAGE=$device@1 run_guest --keep over -- sh -c 'echo kept >/file' </dev/null
assert_status 0
IMAGE=$device run_guest --keep over -- cat /file </dev/null
assert_out kept
capture imgtool run --rw "$device" -- true </dev/null
assert_plain_error 125 "^imgtool: run: $device: is a read-only device"
