#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Flag u: disks past the page cache of the host, raw, COW over a backing, and
# under a throw-away layer; what the host has cached of them; and file systems
# that can't.
. "$TEST_LIB/boot.sh"

count=${UBD_OPERATIONS:-300}
seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
verify=$UMKIT_BUILD/tests/boot/ubd_verify
mkdir dir
cp "$verify" dir/verify

# /proc is no place for images, and has no O_DIRECT
boot_linux quiet ubd0udr=/proc/cmdline </dev/null
[ "$status" != 0 ] || fail "O_DIRECT in /proc"
assert_match '/proc/cmdline: no O_DIRECT \(flag u\) here: ' err

dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct 2>/dev/null &&
	dd if=probe of=/dev/null bs=4096 iflag=direct 2>/dev/null ||
	skip "the file system of $PWD has no O_DIRECT"

"$verify" fill raw $((98304 * 512))
"$verify" fill base $((98304 * 512 + 300))
before=$(sha256sum <base)
truncate -s 512K raw.model cow.model layer.model
boot_shell "mount -t devtmpfs dev /dev 2>/dev/null
	mount -t hostfs none /mnt -o $PWD/dir && cd /mnt &&
	./verify run /dev/ubdf /dev/ubdg $count $seed &&
	./verify run /dev/ubdb /dev/ubdd $count $seed &&
	./verify run /dev/ubdc /dev/ubde $count $seed" \
	ubd1u=raw ubd2u=cow,base ubd3d=raw.model ubd4d=cow.model \
	ubd5ou=base ubd6d=layer.model </dev/null
boot_output
grep -q '^@end 0' console || { show_boot; fail "in the guest"; }
"$verify" check raw raw.model || fail "raw"
assert_eq "$(stat -c %s raw)" $((98304 * 512)) "length of the raw file"
imgtool cow check cow || fail "COW: check"
imgtool cow flatten cow flat
"$verify" check flat cow.model || fail "COW"
assert_eq "$(sha256sum <base)" "$before" "the backing"

need_cmd strace
strace -qq -f --seccomp-bpf -y -e signal=none -e trace=fdatasync -o none true \
	2>/dev/null || skip "strace: no ptrace, or too old"
echo "# what is aligned is not cached"
cat >traced <<END
#!/bin/sh
exec strace -qq -f --seccomp-bpf -e signal=none -o "$WORK/log" \\
	-e trace=openat,preadv2,pwritev,pread64 "$UMKIT_KERNEL" "\$@"
END
chmod +x traced
UMKIT_KERNEL=$WORK/traced boot_shell "mount -t devtmpfs dev /dev 2>/dev/null
	dd if=/dev/ubdb of=/dev/null bs=64k skip=16 count=16 2>/dev/null" \
	ubd1u=raw </dev/null
grep -q '^@end 0' console || { show_boot; fail "in the guest"; }
# its second descriptor is the one with O_DIRECT
fd=$(sed -nE 's/.*openat\(.*"\/proc\/self\/fd\/[0-9]+",.*O_DIRECT.*= ([0-9]+)$/\1/p' log)
[ -n "$fd" ] || { cat log; fail "nothing opened with O_DIRECT"; }
# a call that others cut in two is on two lines
bytes=$(awk -v call="preadv2($fd," '
	$2 == call { mine[$1] = 1 }
	$2 == call || ($3 == "preadv2" && mine[$1]) {
		if (/ = [0-9]+$/) { sum += $NF; mine[$1] = 0 }
	}
	END { print sum + 0 }' log)
[ "$bytes" -ge $((1 << 20)) ] || { cat log; fail "$bytes bytes only by O_DIRECT"; }
