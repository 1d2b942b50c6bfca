#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Another image as source: all of it, also through a partition or a COW file;
# damaged ones are refused or read, never more than that.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/sub o/sub
head -c 3000000 /dev/urandom >d/random
ln d/random d/sub/link
ln -s random d/short
ln -s "$(printf 'y%.0s' {1..200})" d/long
mkfifo d/fifo
truncate -s 9G d/hole
echo x | dd of=d/hole bs=4096 seek=2000000 conv=notrunc status=none
mktar 'set uid=7 gid=100000 mode=4755' 'pax SCHILY.xattr.user.a=v \
atime=5.5 ctime=6.25' 'f attr x' 'c tty 4 64' 'd sub' >more.tar
build d more.tar --uuid 11111111-2222-3333-4444-555555555555 -o base.img
same()
{
	capture "$IMGTOOL" diff base.img "$1"
	assert_status 0
	[ ! -s out ] || { show; fail "$1 differs"; }
}
build base.img -o new.img
same new.img
assert_eq "$(stat_of new.img /attr 'atime: .*')" \
	"$(stat_of base.img /attr 'atime: .*')" atime
same_inode new.img /random /sub/link
has new.img /hole 'Blockcount: 8$'
build base.img --spool --fs ext3 -o old.img
build old.img -o new.img
same new.img
build image:base.img -o new.img
same new.img

capture "$IMGTOOL" build -q d more.tar --partition gpt -o disk.img
build disk.img@1 -o new.img
same new.img
capture "$IMGTOOL" cow create top.cow base.img
assert_status 0
build top.cow -o new.img
same new.img

# over and under others; what is excluded is not there
echo new >o/random
build base.img o --exclude long -o new.img
content new.img /random new
assert_eq "$(stat -c %s d/sub/link)" \
	"$(stat_of new.img /sub/link 'Size: [0-9]+' | tr -dc 0-9)" "the link"
absent new.img /long
build o base.img -o new.img
same_inode new.img /random /sub/link

# hostile: any byte of the metadata changed, it ends, and in one piece
refused 1 'image:no|no' image:no
refused 1 '.*part of an image' image:base.img:/sub
RANDOM=5
for n in {1..40}; do
	cp --sparse=always base.img bad.img
	for at in 1 2 3; do
		# the superblock's, descriptors', and tables' first blocks
		printf "\\x$(printf %x $((RANDOM % 256)))" |
			dd of=bad.img bs=1 conv=notrunc status=none \
			seek=$((1024 + (n * 7919 + at * 104729) % 600000))
	done
	capture "$IMGTOOL" build -q bad.img -o maybe.img
	[ "$status" -le 1 ] || { show; fail "status $status"; }
	[ "$status" = 1 ] || fsck maybe.img
done

# what an archive holds does not make it an image; a disk is one by its table
python3 - <<'END'
data = b"\x53\xef" * 3000
def member(name, data):
    head = "070701" + "%08x" * 13 % (7, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                                     len(name) + 1, 0)
    out = head.encode() + name.encode() + b"\0"
    out += b"\0" * (-len(out) % 4)
    return out + data + b"\0" * (-len(data) % 4)
open("stored.cpio", "wb").write(member("f", data) + member("TRAILER!!!", b""))
assert open("stored.cpio", "rb").read()[1080:1082] == b"\x53\xef"
# a tar of old: without its mark
name = b"old".ljust(100, b"\0")
head = bytearray(name + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % len(data) +
                 b"00000000000\0" + b" " * 8 + b"0").ljust(512, b"\0")
head[148:156] = b"%06o\0 " % sum(head)
open("old.tar", "wb").write(head + data.ljust(6144, b"\0") + bytes(1024))
assert open("old.tar", "rb").read()[1080:1082] == b"\x53\xef"
END
build stored.cpio -o x.img
[ "$("$IMGTOOL" cat x.img:/f | wc -c)" = 6000 ] || fail "the file of a cpio"
build old.tar -o x.img
[ "$("$IMGTOOL" cat x.img:/old | wc -c)" = 6000 ] || fail "the file of an old tar"
mkdir -p small
echo text >small/file
for table in gpt mbr; do
	build small -o whole.img
	"$IMGTOOL" build -q small --partition $table -o part.img
	build part.img -o x.img
	[ "$("$IMGTOOL" cat x.img:/file)" = text ] || fail "$table: a disk"
	"$IMGTOOL" cow create part.cow part.img
	build part.cow -o x.img
	rm part.cow
	[ "$("$IMGTOOL" cat x.img:/file)" = text ] || fail "$table: a layer"
done
rm bad.img
truncate -s 1M bad.img
printf 'QFI\373' | dd of=bad.img conv=notrunc status=none
refused 1 'bad.img: is a qcow2 file, which cannot be read here; qemu-img' bad.img
printf 'LUKS\272\276\0\1' | dd of=bad.img conv=notrunc status=none
refused 1 'bad.img: has an encrypted volume .LUKS., which cannot be read' bad.img
