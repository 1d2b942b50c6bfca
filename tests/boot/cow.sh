#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A COW disk in a real guest: written, killed, booted again; and what a guest
# can't do with one.
. "$TEST_LIB/boot.sh"
need_cmd e2fsck mkfs.ext4

base=$(scratch_image)
before=$(sha256sum <"$base")

# in_guest SCRIPT DISK...: the script as init on the COW root
in_guest()
{
	local script=$1
	shift
	boot_linux root=/dev/ubda rw quiet init=/bin/sh "$@" \
		-- -c "mount -t proc proc /proc; mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
echo @begin; ( $script ); echo @end \$?
sync; exec poweroff -f" </dev/null
	boot_output >out
}

# name_backing COW NAME: writes the name into a header
name_backing()
{
	head -c 4096 /dev/zero | dd of="$1" bs=1 seek=32 conv=notrunc status=none
	printf %s "$2" | dd of="$1" bs=1 seek=32 conv=notrunc status=none
}

echo "# made when missing, and read again"
in_guest 'echo new >/file; dd if=/dev/urandom of=/big bs=1M count=40 2>/dev/null
	sha256sum </big >/sum; rm /etc/passwd; mount -o remount,ro /' \
	ubd0=cow,"$base"
assert_match '^@end 0' console
assert_eq "$(sha256sum <"$base")" "$before" "the backing"
[ "$(stat -c %b cow)" -lt 200000 ] || fail "the COW file is not sparse"
# shellcheck disable=SC2016
in_guest 'cat /file; sha256sum </big | cmp - /sum && echo @same
	test -e /etc/passwd || echo @gone' ubd0=cow
assert_match '^new' out
assert_match '^@same' out
assert_match '^@gone' out

echo "# checked and compacted, and the same"
imgtool cow check --allow-backing cow >check || { cat check; fail "check"; }
imgtool cow compact --allow-backing cow
in_guest 'sha256sum </big | cmp - /sum && echo @same' ubd0=cow
assert_match '^@same' out

echo "# the file system inside, by another reader"
if command -v uml_moo >/dev/null; then
	uml_moo -b "$base" cow merged
	e2fsck -fn merged >fsck 2>&1 || { cat fsck; fail "not clean"; }
	rm merged
else
	echo "# skipped: no uml_moo"
fi

echo "# a COW file made by others"
if command -v uml_mkcow >/dev/null; then
	uml_mkcow theirs "$base" >/dev/null
	in_guest 'echo theirs >/file; sync' ubd0=theirs
	assert_match '^@end 0' console
	in_guest 'cat /file' ubd0=theirs
	assert_match '^theirs' out
	rm theirs
else
	echo "# skipped: no uml_mkcow"
fi

echo "# a header in a raw disk"
truncate -s 1M raw
cp raw raw.before
in_guest 'printf OOOM | dd of=/dev/ubdb conv=fsync 2>&1; echo @lives' \
	ubd0=cow ubd1=raw
assert_match 'I/O error' out
assert_match '^@lives' out
assert_match 'ubd1: write refused' err
cmp raw raw.before || fail "the header is there"

echo "# should fail"
mkdir elsewhere
cp --sparse=always -p "$base" elsewhere/base
rm -f cow2
in_guest true ubd0=cow2,elsewhere/base
in_guest true ubd0=cow2
[ "$status" != 0 ] || fail "booted over a file the command line does not name"
assert_match 'is in another directory' err
[ ! -s console ] || fail "the guest was started"

# What the header names is not even opened: neither a file elsewhere, a link
# to it, a fifo, nor a device.
if command -v strace >/dev/null && strace -o trace true 2>/dev/null; then
	uid=secret-$$
	truncate -s 1M elsewhere/$uid
	ln -s elsewhere/$uid link-$uid
	mkfifo fifo-$uid
	for name in "elsewhere/$uid" "link-$uid" "fifo-$uid" \
		"$PWD/elsewhere/$uid" /dev/zero /dev/full; do
		name_backing cow2 "$name"
		rm -f trace
		status=0
		strace -f -e trace=open,openat,openat2,open_by_handle_at -o trace \
			"$UMKIT_KERNEL" ubd0=cow2 con=null >out 2>err </dev/null ||
			status=$?
		[ "$status" != 0 ] || fail "$name: booted"
		assert_match 'cow2.*O_RDWR' trace
		if grep -F -e "$uid" -e /dev/zero -e /dev/full trace; then
			fail "$name: opened"
		fi
		assert_match "is in another directory|neither a regular file" err
	done
else
	echo "# skipped: no strace here"
fi
