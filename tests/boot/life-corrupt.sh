#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Damaged images, and hosts that deny what the kernel cannot do without: one
# line that names the file or the call, and a status that is not 0. (life-bad
# has the rest of the bad input.)
. "$TEST_LIB/boot.sh"
need_cmd e2fsck

# refused NAME REGEX: imgtool run says so of an image
refused()
{
	guarded imgtool run --mem "$MEM" "$1" -- true >out 2>err </dev/null
	assert_plain_error 125 "^imgtool: run: $1: $2"
	echo "ok: $1"
}
# poke FILE OFFSET: what is on standard input goes there
poke() { dd of="$1" oflag=seek_bytes seek="$2" conv=notrunc status=none; }
noise() { head -c "$1" /dev/urandom; }
copy()
{
	cp --sparse=always "$TEST_IMAGE" "$1"
	chmod 644 "$1"
}
# panics NAME: what the bare kernel makes of it as its root
panics()
{
	boot_linux quiet ubd0rd="$1" root=/dev/ubda init=/bin/true panic=0 </dev/null
	assert_status 134
	assert_eq "$(grep -Eac 'panic - .*Unable to mount root fs' console)" 1 \
		"$1: lines that say why"
}

echo "# ext4, damaged"
copy should-fail-checksum
printf '\xff\xff\xff\xff' | poke should-fail-checksum 1024
copy should-fail-superblock
noise 1024 | poke should-fail-superblock 1024
printf '\x53\xef' | poke should-fail-superblock 1080
copy should-fail-groups
noise 4096 | poke should-fail-groups 4096
copy should-fail-cut
truncate -s 20M should-fail-cut
for image in checksum superblock groups cut; do
	refused should-fail-$image 'the file system on /dev/ubda cannot be mounted: '
	panics should-fail-$image
done
# All inodes of the first group, the root folder's among them.
copy should-fail-inodes
table=$(dumpe2fs should-fail-inodes 2>/dev/null |
	sed -n 's/.*Inode table at \([0-9]*\)-.*/\1/p' | head -n 1)
head -c 8192 /dev/zero | poke should-fail-inodes $((table * 4096))
refused should-fail-inodes '.*cannot be mounted: '
rm -f should-fail-*

echo "# partition tables, damaged"
# One entry, from sector 4294967295 on; a protective entry and a GPT of noise.
head -c 3000000 /dev/zero >should-fail-mbr
cp should-fail-mbr should-fail-gpt
printf '\0\0\2\0\x83\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' |
	poke should-fail-mbr 446
printf '\x55\xaa' | poke should-fail-mbr 510
printf '\0\0\2\0\xee\xff\xff\xff\1\0\0\0\xff\xff\xff\xff' |
	poke should-fail-gpt 446
printf '\x55\xaaEFI PART\0\0\1\0' | poke should-fail-gpt 510
noise 2000 | poke should-fail-gpt 524
noise 3000000 >should-fail-noise
printf '\x55\xaa' | poke should-fail-noise 510
for image in mbr gpt noise; do
	refused should-fail-$image 'holds no file system'
	guarded imgtool run --mem "$MEM" should-fail-$image@1 -- true \
		>out 2>err </dev/null
	assert_plain_error 125 'should-fail-.*@1: .*(no such partition|holds no file system)'
	panics should-fail-$image
done

# denied CALL ERRNO REGEX: by a container's profile, for both programs
denied()
{
	local deny=("$UMKIT_BUILD/tests/unit/host/deny" "$1" "$2")
	guarded "${deny[@]}" imgtool run --mem "$MEM" "$TEST_IMAGE" -- true \
		>out 2>err </dev/null
	assert_plain_error 125 "^imgtool: run: .*: $3"
	guarded "${deny[@]}" "$UMKIT_KERNEL" con=null con0=null \
		ubd0r="$TEST_IMAGE" root=/dev/ubda init=/bin/true \
		>out 2>err </dev/null
	assert_plain_error 1 "^$3"
	echo "ok: system call $1: errno $2"
}
[ -x "$UMKIT_BUILD/tests/unit/host/deny" ] || {
	echo "# skipped: tests/unit/host/deny: not built"
	exit 0
}
echo "# denied by the host: 319 memfd_create, 317 seccomp"
denied 319 1 'host: memfd_create: denied here: .*profile'
denied 319 38 'host: memfd_create: Function not implemented'
denied 317 1 'host: seccomp: denied here: .*profile'
denied 317 38 'host: seccomp: the host kernel lacks it'
denied 317 95 'host: seccomp trap: the host kernel lacks'
