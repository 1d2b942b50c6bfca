#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Power cuts under a guest with ext4 in a COW file: from what strace has seen of
# one run, what was synced and any part of the rest (ubd_cut.py). The COW file is
# sound, so is the file system when its journal was replayed, and each file that
# was synced is there. POWER_CUTS is how many, RANDOM_SEED repeats them.
# time limit: 1800 s
. "$TEST_LIB/boot.sh"
need_cmd strace python3 mkfs.ext4 e2fsck debugfs
strace -qq -f --seccomp-bpf -y -e signal=none -e trace=fdatasync -o none true \
	2>/dev/null || skip "strace: no ptrace, or too old"

seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
CPUS=2
truncate -s 32M base
truncate -s 1M marks
mkfs.ext4 -q -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 base
imgtool cow create --align 4K cow base
cp --sparse=always cow before
cat >traced <<END
#!/bin/sh
exec strace -qq -f -y -xx -s 2097152 -e signal=none -o "$WORK/log" \\
	-P "$WORK/cow" -P "$WORK/marks" -e trace=pwritev,fdatasync,fallocate \\
	"$UMKIT_KERNEL" "\$@"
END
chmod +x traced
# shellcheck disable=SC2016 # expanded by the guest
files='mount /dev/ubdb /tmp && cd /tmp || exit 1
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	mkdir d$i && dd if=/bin/busybox of=d$i/file bs=4k count=$i 2>/dev/null
	mv d$i/file d$i/now; rm -f d$((i - 2))/now
	dd if=/bin/busybox of=kept$i bs=3k count=$i conv=fsync 2>/dev/null
	dd if=/bin/busybox of=/dev/ubdc bs=4k count=1 seek=$i oflag=direct 2>/dev/null
done
cd /; umount /tmp; echo @done'
UMKIT_KERNEL=$WORK/traced boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro quiet \
	ubd1=cow ubd2=marks init=/bin/sh -- -c "mount -t proc proc /proc
	mount -t devtmpfs dev /dev 2>/dev/null; $files; exec poweroff -f" </dev/null
grep -q '^@done' console || { show_boot; fail "in the guest"; }
debugfs -R "dump /bin/busybox busybox" "$TEST_IMAGE" 2>/dev/null

# after_cut N: is everything as it should be?
after_cut()
{
	local i
	imgtool cow check cut >said 2>&1 || { cat said; echo "COW: not sound"; return 1; }
	rm -f flat
	imgtool cow flatten cut flat
	e2fsck -fy -E journal_only flat >said 2>&1 || :
	e2fsck -fn flat >said 2>&1 || { cat said; echo "ext4: not clean"; return 1; }
	for ((i = 1; i <= $1; i++)); do
		rm -f got
		debugfs -R "dump kept$i got" flat 2>/dev/null
		cmp got <(head -c $((3072 * i)) busybox) || { echo "kept$i"; return 1; }
	done
}

most=0
for ((n = 0; n < ${POWER_CUTS:-10}; n++)); do
	python3 "$UMKIT_SRC/tests/boot/ubd_cut.py" log before cow cut $((seed + n)) >cuts ||
		fail "no cut"
	read -r safe kept dropped <cuts
	echo "cut $n: $kept pieces there, $dropped not, $safe files safe"
	after_cut "$safe" || fail "cut $n"
	most=$((safe > most ? safe : most))
done
[ "$most" -gt 0 ] || fail "no cut was behind a sync"

echo "# the check can fail: writes that a sync covers are lost"
grep -v fdatasync log >log2
for ((n = 0; n < 40; n++)); do
	python3 "$UMKIT_SRC/tests/boot/ubd_cut.py" log2 before cow cut $n >cuts
	read -r safe kept dropped <cuts
	after_cut "$safe" >lost 2>&1 || exit 0
done
fail "a disk that syncs nothing is as good"
