#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a guest's fsync is on the host, seen by strace: the fdatasyncs that it
# needs, in their order with the writes, and none when nothing is dirty.
. "$TEST_LIB/boot.sh"
need_cmd strace
strace -qq -f --seccomp-bpf -y -e signal=none -e trace=fdatasync -o none true \
	2>/dev/null || skip "strace: no ptrace, or too old"

truncate -s 16M raw base synced
mkdir marks
# Each step is between two marks, which are directories made by hostfs.
cat >marks/script <<'END'
step() { mkdir "/mnt/$1"; shift; "$@" 2>/dev/null || echo "@failed: $*"; }
# put DISK AT [CONV]: 4 KiB
put() { dd if=/bin/busybox of=/dev/$1 bs=4k count=1 seek=$2 conv=notrunc$3; }
fsync() { dd if=/dev/null of=/dev/$1 count=0 conv=notrunc,fsync; }
step raw-clean fsync ubdb
step raw-first put ubdb 5 ,fsync
step raw-again put ubdb 5 ,fsync
step raw-idle fsync ubdb
step cow-clean fsync ubdc
step cow-first put ubdc 5 ,fsync
step cow-again put ubdc 5 ,fsync
step cow-beside put ubdc 6 ,fsync
step cow-idle fsync ubdc
step cow-idle-again fsync ubdc
step flag-s put ubdd 5
step exit put ubdc 9
echo @done
poweroff -f
END
boot()
{
	# what strace sees of the kernel; the reaper is outside
	local UMKIT_KERNEL=$WORK/traced
	boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro quiet ubd1=raw \
		ubd2=cow,base ubd3s=synced init=/bin/sh \
		-- -c "mount -t proc proc /proc; mount -t devtmpfs dev /dev
		mount -t hostfs none /mnt -o $WORK/marks && . /mnt/script" </dev/null
}
cat >traced <<END
#!/bin/sh
exec strace -qq -f --seccomp-bpf -y -e signal=none -o "$WORK/log" \\
	-e trace=fdatasync,fsync,pwritev,pwritev2,mkdirat \\
	"$UMKIT_KERNEL" "\$@"
END
chmod +x traced
boot
assert_match '^@done' console
assert_no_match '^@failed' console

# One line for each call that counts: MARK, or CALL FILE, in the order in
# which they began.
sed -nE 's,^[0-9]+ +,,
	s,^mkdirat\([0-9]+[^"]*"([a-z-]+)".*,= \1,p
	s|^f(data)?sync\([0-9]+<[^>]*/([^/>]+)>.*|sync \2|p
	s#^pwritev2?\([0-9]+<[^>]*/([^/>]+)>.*\], [0-9]+, ([0-9]+).*#write \1 \2#p' log |
	awk '$1 == "write" {
			print $2 == "cow" && $3 < 2097152 ? "map" : "data", $2
			next
		}
		{ print }' >calls

# expect MARK CALLS: what happens to the disks from this mark to the next
expect()
{
	local got
	got=$(sed -n "/^= $1\$/,/^= /{//!p}" calls | tr '\n' ',')
	[ "$got" = "$2" ] || {
		cat calls
		fail "$1: the host did '$got', expected '$2'"
	}
}

expect raw-clean ''
expect raw-first 'data raw,sync raw,'
expect raw-again 'data raw,sync raw,'
expect raw-idle ''
expect cow-clean ''
expect cow-first 'data cow,sync cow,map cow,sync cow,'
expect cow-again 'data cow,sync cow,'
expect cow-beside 'data cow,sync cow,map cow,sync cow,'
expect cow-idle ''
expect cow-idle-again ''
# each write of a disk with flag s is synced
got=$(sed -n '/^= flag-s$/,/^= /{//!p}' calls)
assert_eq "$(tail -n 1 <<<"$got")" 'sync synced' "flag s: the last call"
assert_eq "$(grep -c ^sync <<<"$got")" "$(grep -c ^data <<<"$got")" \
	"flag s: syncs per write"
# what no fsync has asked for is safe at the end
assert_eq "$(sed -n '/^= exit$/,${//!p}' calls | tr '\n' ',')" \
	'data cow,sync cow,map cow,sync cow,' "at exit"
