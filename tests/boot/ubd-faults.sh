#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Errors of the host, put in by strace, as a guest sees them: its calls fail with
# the right one, no later fsync takes back one that has failed, other disks work
# on, and nothing hangs. Each call of the host side: tests/unit/storage/disk_faults.
# And the queues: one for each vcpu.
. "$TEST_LIB/boot.sh"
need_cmd strace
strace -qq -f -P "$WORK" -e trace=pwritev -e inject=pwritev:error=EIO:syscall=getpid -o none \
	true 2>/dev/null || skip "strace: no ptrace, or too old"

mkdir dir
# The first sectors differ, so that what is read is nobody's guess.
cat >dir/script <<'END'
# put DISK, get DISK: 64 KiB. Past the guest's cache, which would make EIO of
# any error; then an fsync.
put() { dd if=/bin/busybox of=/dev/$1 bs=4k count=16 seek=8 oflag=direct conv=notrunc,fsync; }
get() { dd if=/dev/$1 of=/dev/null bs=4k count=16; }
fsync() { dd if=/dev/null of=/dev/$1 count=0 conv=notrunc,fsync; }
try() { "$@" >/tmp/said 2>&1 && echo "@$*: done" || echo "@$*: $(grep -oE 'I/O error|Input/output error|No space left on device' /tmp/said | head -n 1)"; }
END

# The call that strace puts in place of the failing one is one that the kernel's
# own filter allows.
# with FILE INJECTION SCRIPT: disks ubdb raw, ubdc COW, one of which is FILE
with()
{
	rm -f raw cow base
	truncate -s 1M raw base
	imgtool cow create cow base
	cat >traced <<-END
		#!/bin/sh
		exec strace -qq -f -e signal=none -o "$WORK/log" -P "$WORK/$1" \\
			-e trace=preadv2,pwritev,fdatasync \\
			-e inject=$2:syscall=getpid "$UMKIT_KERNEL" "\$@"
	END
	chmod +x traced
	echo "$3" >dir/steps
	UMKIT_KERNEL=$WORK/traced boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro \
		quiet ubd1=raw ubd2=cow init=/bin/sh -- -c "mount -t proc proc /proc
		mount -t devtmpfs dev /dev 2>/dev/null; mount -t tmpfs tmp /tmp; mount -t sysfs sys /sys
		mount -t hostfs none /mnt -o $WORK/dir && . /mnt/script && . /mnt/steps
		echo @end; exec poweroff -f" </dev/null
	grep -q INJECTED log || { show_boot; skip "strace put no error in"; }
	tr -d '\r' <console | sed -n 's/^@//; T; s,Input/output,I/O,; p' >got
}

# expect LINE...: what the steps said
expect()
{
	printf '%s\n' "$@" end | diff - got ||
		{ show_boot; fail "not what the guest should see"; }
}

for disk in ubdb:raw ubdc:cow; do
	file=${disk#*:} disk=${disk%:*}
	other=$([ $file = raw ] && echo ubdc || echo ubdb)
	echo "# $file: writes"
	with $file pwritev:error=EIO "try put $disk; try put $other"
	expect "put $disk: I/O error" "put $other: done"
	with $file pwritev:error=ENOSPC "try put $disk; try put $other"
	expect "put $disk: No space left on device" "put $other: done"
	echo "# $file: one sync that fails"
	with $file fdatasync:error=EIO:when=1 \
		"try put $disk; try put $disk; try fsync $disk; try put $other"
	expect "put $disk: I/O error" "put $disk: I/O error" \
		"fsync $disk: I/O error" "put $other: done"
done
echo "# reads"
with raw preadv2:error=EIO "try get ubdb; try get ubdc"
expect "get ubdb: I/O error" "get ubdc: done"
with base preadv2:error=EIO "try get ubdc; try get ubdb"
expect "get ubdc: I/O error" "get ubdb: done"

echo "# one queue for each vcpu"
for CPUS in 1 2 4; do
	# shellcheck disable=SC2016
	boot_shell 'cd /sys/block/ubdb/mq; for q in *; do cat $q/cpu_list; done' \
		ubd1=raw </dev/null
	assert_eq "$(boot_output | sort -n | tr '\n' ' ')" \
		"$(seq -s ' ' 0 $((CPUS - 1))) " "the vcpus of the queues"
done
