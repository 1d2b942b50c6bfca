#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a read of cached data costs, counted by strace: one call of the host for
# each that the guest makes, no hand-over to a host thread, and no wake-up.
. "$TEST_LIB/boot.sh"
need_cmd strace
strace -qq -f -e signal=none -o none true 2>/dev/null || skip "strace: no ptrace"

mkdir marks
cp "$UMKIT_BUILD/tests/boot/ubd_verify" marks/verify
cat >traced <<END
#!/bin/sh
exec strace -qq -f -e signal=none -o "$WORK/log" "$UMKIT_KERNEL" "\$@"
END
chmod +x traced

# reads FILE BYTES COUNT: between the marks, how often each call was made
reads()
{
	local UMKIT_KERNEL=$WORK/traced
	rm -rf marks/begin marks/end
	cat "$1" >/dev/null
	boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro quiet ubd1r="$1" \
		init=/bin/sh -- -c "mount -t proc proc /proc
		mount -t devtmpfs dev /dev 2>/dev/null
		mount -t hostfs none /mnt -o $WORK/marks &&
		/mnt/verify read /dev/ubdb $2 $3 && echo @done
		exec poweroff -f" </dev/null
	assert_match '^@done' console
	# then by how quick it is, which tracing changes
	! grep -q 'RWF_NOWAIT) *= -1 EOPNOTSUPP' log ||
		skip "the file system of $PWD can't read without waiting"
	sed -n '/mkdirat([^"]*"begin"/,/mkdirat([^"]*"end"/p' log |
		sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' >calls
}

made() { grep -cx "$1" calls || :; }

# Other programs may push the file out of the host's cache; some reads then go
# by a thread, which is two more.
cached()
{
	local name=$1 count=$2 now
	now=$(made preadv2)
	echo "$name: $count reads: $(sort calls | uniq -c | sort -rn | head -n 8 |
		awk '{ printf "%s %d, ", $2, $1 }')"
	[ "$now" -ge "$count" ] || { cat calls; fail "$name: $now reads only"; }
	[ "$now" -le $((count + count / 5)) ] ||
		fail "$name: $now reads of the host for $count"
	# without a listener the guest's own traps go by futex, too
	grep -q SECCOMP_IOCTL_NOTIF_RECV log || return 0
	[ "$(made futex)" -le $((count / 2)) ] ||
		fail "$name: $(made futex) futex calls for $count reads"
}

head -c 16M /dev/urandom >raw
reads raw 4096 300
cached "4 KiB" 300
reads raw 1048576 40
cached "1 MiB" 40
imgtool cow create cow raw
reads cow 4096 300
cached "4 KiB, COW" 300
