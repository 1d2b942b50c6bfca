#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Block devices of the host as disks and as backings: their sizes, sectors of
# 512 and 4096 bytes, discard and zeroes, locks, and one that is read-only.
# Wants loop devices, so root.
. "$TEST_LIB/boot.sh"
need_root
need_cmd losetup blockdev

loops=()
detach()
{
	local loop
	for loop in "${loops[@]}"; do
		losetup -d "$loop" || :
	done
}
trap detach EXIT

# attach FILE [OPTION...]: sets $loop
attach()
{
	loop=$(losetup -f --show "${@:2}" "$1" 2>err) ||
		skip "no loop device to be had: $(head -n 1 err)"
	loops+=("$loop")
}

count=${UBD_OPERATIONS:-300}
seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
verify=$UMKIT_BUILD/tests/boot/ubd_verify
BYTES=$((98304 * 512))
mkdir dir
cp "$verify" dir/verify
for file in small large base; do
	"$verify" fill $file $BYTES
done
truncate -s 8M fixed
attach small
small=$loop
attach large -b 4096
large=$loop
attach base
base=$loop
attach fixed -r
fixed=$loop
truncate -s 512K small.model large.model cow.model
imgtool cow create --align 4K cow "$base"
[ "$(stat -c %s cow)" = $((BYTES + 8192 + 12288)) ] ||
	fail "the COW file over a device has $(stat -c %s cow) bytes"

echo "# random reads and writes, discards and zeroes, against a model"
# shellcheck disable=SC2016 # expanded by the guest
boot_shell "mount -t devtmpfs dev /dev 2>/dev/null
	mount -t hostfs none /mnt -o $PWD/dir && cd /mnt &&
	"'for d in b c e g; do
		d=ubd$d
		echo $d $(cat /sys/block/$d/size /sys/block/$d/ro \
			/sys/block/$d/queue/logical_block_size \
			/sys/block/$d/queue/physical_block_size)
	done
	cat /sys/block/ubdb/queue/discard_max_bytes
	dd if=/bin/busybox of=/dev/ubdg bs=512 count=1 2>/dev/null ||
		echo ubdg cannot be written
	'"./verify run /dev/ubdb /dev/ubdd $count $seed &&
	./verify run /dev/ubdc /dev/ubdf $count $seed &&
	./verify run /dev/ubde /dev/ubdh $count $seed" \
	ubd1="$small" ubd2="$large" ubd3d=small.model ubd4=cow,"$base" \
	ubd5d=large.model ubd6="$fixed" ubd7d=cow.model </dev/null
boot_output >out
cat out
grep -q '^@end 0' console || { show_boot; fail "in the guest"; }
for line in 'ubdb 98304 0 512 512' 'ubdc 98304 0 512 4096' \
	'ubde 98304 0 512 4096' 'ubdg 16384 1 512 512' \
	'ubdg cannot be written'; do
	grep -qxF "$line" out || { show; fail "not there: $line"; }
done
blockdev --flushbufs "$small" "$large"
"$verify" check "$small" small.model || fail "512 byte sectors"
"$verify" check "$large" large.model || fail "4096 byte sectors"
capture imgtool cow check --allow-backing cow
assert_status 0
assert_match '^note: backing-device: ' out
imgtool cow flatten --backing "$base" cow flat
"$verify" check flat cow.model || fail "COW over a device"
# room was given back to the file below
[ "$(stat -c %b small)" -lt $((BYTES / 512)) ] ||
	echo "# the file system of this folder has no holes"

echo "# locks"
boot_linux quiet ubd0="$small" ubd1="$small" </dev/null
[ "$status" != 0 ] || fail "one device as two disks"
assert_match "$small: in use by another disk of this kernel" err

echo "# what a COW file holds, put into the device"
imgtool cow commit cow "$base"
blockdev --flushbufs "$base"
"$verify" check "$base" cow.model || fail "committed"

echo "# one that is read-only, and then has another size"
imgtool cow create --align 4K cow2 "$fixed"
printf '\001' | dd of=cow2 bs=1 seek=8192 conv=notrunc 2>/dev/null
cp cow2 before
capture imgtool cow commit cow2 "$fixed"
assert_status 1
assert_match "$fixed: (a read-only device|Permission denied|Read-only)" err
cmp cow2 before || fail "a commit that could not be began"
losetup -d "$fixed"
truncate -s 4M fixed
unset 'loops[3]'
attach fixed
[ "$loop" = "$fixed" ] || { echo "# $fixed is somebody else's now"; exit 0; }
capture imgtool cow flatten --backing "$fixed" cow2 flat2
assert_status 1
assert_match 'made for a backing of 8388608 bytes, but .* has 4194304' err
