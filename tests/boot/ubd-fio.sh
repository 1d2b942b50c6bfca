#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Disks under four jobs at once, each verified: by a program of our own with
# discards and a model that the host checks afterwards, and by fio, where the
# host has it (the guest runs the host's). For the long run:
# UBD_OPERATIONS=100000 (of each thread), RANDOM_SEED to repeat one.
# time limit: 1800 s
. "$TEST_LIB/boot.sh"

CPUS=2
BOOT_TIMEOUT=${BOOT_TIMEOUT:-900}
count=${UBD_OPERATIONS:-1500}
seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
verify=$UMKIT_BUILD/tests/boot/ubd_verify
mkdir dir
cp "$verify" dir/verify

# in_guest SCRIPT DISK...: with dir in /mnt
in_guest()
{
	boot_shell "mount -t devtmpfs dev /dev 2>/dev/null
		mount -t hostfs none /mnt -o $PWD/dir && { $1; }" "${@:2}" </dev/null
	boot_output >out
	cat out
	grep -q '^@end 0' console || { show_boot; fail "in the guest"; }
}

echo "# four threads, raw and COW, against a model"
# the COW's last sector is not whole; the map's second page begins at 32768
"$verify" fill raw $((98304 * 512))
"$verify" fill base $((98304 * 512 + 300))
before=$(sha256sum <base)
truncate -s 512K raw.model cow.model
in_guest "cd /mnt && ./verify run /dev/ubdb /dev/ubdc $count $seed &&
	./verify run /dev/ubdd /dev/ubde $count $seed" \
	ubd1=raw ubd2d=raw.model ubd3=cow,base ubd4d=cow.model
"$verify" check raw raw.model || fail "raw"
imgtool cow check cow || fail "COW: check"
imgtool cow flatten cow flat
"$verify" check flat cow.model || fail "COW"
assert_eq "$(sha256sum <base)" "$before" "the backing"
# the check must be able to fail
tail -c +513 flat >shifted
if "$verify" check shifted cow.model >out; then
	fail "a file that is one sector off is not noticed"
fi
if command -v uml_moo >/dev/null; then
	uml_moo cow moo
	# it drops a last sector that is not whole
	cmp -n $((98304 * 512)) flat moo || fail "not what uml_moo reads"
else
	echo "# skipped: no uml_moo"
fi
rm -f raw cow flat shifted moo

command -v fio >/dev/null || {
	echo "# skipped: no fio"
	exit 0
}
echo "# fio"
fio=$(readlink -f "$(command -v fio)")
truncate -s 64M raw
head -c 64M /dev/urandom >base
before=$(sha256sum <base)
# The host's root is the guest's, for fio and its libraries; read-only, since fio
# leaves files where it is.
cat >dir/jobs.sh <<END
mkdir /root.host && mount -r -t hostfs none /root.host -o / &&
	grep -q " /root.host hostfs ro" /proc/mounts &&
	mount -t devtmpfs dev /root.host/dev && mount -t proc proc /root.host/proc &&
	mount -t sysfs sys /root.host/sys && mount -t tmpfs tmp /root.host/tmp || exit
for disk in ubdb ubdc; do
	for how in --direct=1 --direct=0; do
		chroot /root.host $fio --name=job --filename=/dev/\$disk \\
			--thread --numjobs=4 --size=14M --offset_increment=16M \\
			--rw=randwrite --bsrange=512-64k --percentage_random=90 \\
			--verify=crc32c --verify_backlog=64 --verify_fatal=1 \\
			--verify_state_save=0 \\
			--fsync=32 --randseed=$seed --group_reporting \\
			--minimal \$how || exit
	done
done
END
in_guest '. /mnt/jobs.sh' ubd1=raw ubd2=cow,base
[ "$(grep -c '^3;fio-' out)" = 4 ] || { show; fail "not four runs of fio"; }
assert_eq "$(sha256sum <base)" "$before" "the backing"
imgtool cow check cow || fail "COW after fio: check"
