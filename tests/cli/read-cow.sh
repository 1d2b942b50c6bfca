#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# COW files are read through their backing chain, and partitions in them.
. "$UMKIT_SRC/tests/cli/cli.sh"

# cow_of BACKING RAW COW: a COW file over BACKING that holds what RAW does
cow_of()
{
	capture "$IMGTOOL" cow create "$3" "$1"
	assert_status 0
	capture putdisk "$3" "$2"
	assert_status 0
	rm -f flat
	"$IMGTOOL" cow flatten "$3" flat
	cmp flat "$2" || fail "$3 is not $2"
}

# listing IMG: all there is to see in it
listing()
{
	"$IMGTOOL" find --json "$1" | sed "s|$1||g"
	"$IMGTOOL" sum "$1"
	"$IMGTOOL" du "$1"
	"$IMGTOOL" tree "$1"
	"$IMGTOOL" df "$1" | sed 's/ [^ ]*$//'
}

# same IMG RAW
same()
{
	listing "$1" >have 2>&1
	listing "$2" >want 2>&1
	[ -s want ] || fail "no listing"
	diff want have >&2 || fail "$1: not as $2"
}

mktar 'd etc' 'f etc/hostname first\n' 'F data 3000000' 'f gone x' \
	's link etc/hostname' 'pax SCHILY.xattr.user.a=1' 'f x y' >1.tar
build 1.tar -o base.img
cp base.img 2.raw
debugfs -w -f - 2.raw >/dev/null 2>&1 <<END
rm gone
mkdir new
END
cp 2.raw 3.raw
echo third >third
debugfs -w -R 'write third new/third' 3.raw >/dev/null 2>&1

cow_of base.img 2.raw one.cow
cow_of one.cow 3.raw two.cow
same one.cow 2.raw
same two.cow 3.raw
assert_eq "$("$IMGTOOL" cat two.cow:/new/third)" third
assert_eq "$("$IMGTOOL" cat two.cow:/etc/hostname)" first
capture "$IMGTOOL" cat one.cow:/new/third
assert_plain_error 1 'no such file in the image'

# who may not write anything here reads it as well
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$(command -v "$IMGTOOL")" df two.cow base.img >/dev/null 2>&1; then
	echo "read as nobody"
	capture setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$(command -v "$IMGTOOL")" cat two.cow:/new/third
	assert_out third
fi

# a size that is no number of sectors
cp base.img odd.img
head -c 100 /dev/zero >>odd.img
"$IMGTOOL" cow create odd.cow odd.img
same odd.cow odd.img

# a writer of any file of the chain is not read beside
mkfifo fifo
for file in base.img one.cow two.cow; do
	putdisk $file fifo &
	exec 3>fifo
	while "$IMGTOOL" ls two.cow >out 2>err; do
		sleep 0.05
	done
	status=1
	assert_plain_error 1 "$file: in use by process|$file: is in use by process"
	exec 3>&-
	wait $! || fail "putdisk $file"
	capture "$IMGTOOL" ls two.cow
	assert_status 0
done

# longer than files may be: no signal
status=0
(ulimit -f 100; exec "$IMGTOOL" ls two.cow) >out 2>err || status=$?
assert_plain_error 1 'two.cow: is larger than the limit for files'

# partitions, of which logical ones are told by a chain through the disk
if command -v sfdisk >/dev/null; then
	size=$(($(stat -c %s base.img) / 512))
	for label in gpt dos; do
		truncate -s 1G $label.img
		printf 'start=2048,size=2048\n' >script
		[ $label = gpt ] || echo 'start=500000,size=1500000,type=5' >>script
		echo "start=700000,size=$size" >>script
		[ $label = gpt ] || echo "start=1700000,size=2048" >>script
		sfdisk -q --label $label $label.img <script
		cp --sparse=always $label.img $label.raw
		dd if=3.raw of=$label.raw bs=512 seek=700000 conv=notrunc,sparse status=none
		rm -f flat
		"$IMGTOOL" cow create $label.cow $label.img
		putdisk $label.cow $label.raw
		n=2
		[ $label = gpt ] || n=5
		for img in $label.raw@$n $label.cow $label.cow@$n; do
			assert_eq "$("$IMGTOOL" cat $img:/new/third)" third "$img"
		done
		same $label.cow $label.raw
		capture "$IMGTOOL" ls $label.cow@1
		assert_plain_error 1 'has no ext2, ext3 or ext4'
		capture "$IMGTOOL" ls $label.cow@9
		assert_plain_error 1 'has no partition 9'
	done
	rm -f gpt.* dos.*
fi

# backings: where they may be
mkdir -p sub else
mv base.img one.cow sub/
"$IMGTOOL" cow create else/far.cow sub/base.img
capture "$IMGTOOL" ls else/far.cow
assert_plain_error 1 'far.cow: its backing .*/sub/base.img is in another directory'
capture "$IMGTOOL" ls --allow-backing else/far.cow
assert_status 0
assert_match '^etc$'
ln -s ../sub/base.img else/here.img
capture "$IMGTOOL" cow create else/linked.cow else/here.img
capture "$IMGTOOL" ls else/linked.cow
assert_plain_error 1 'in another directory'
capture "$IMGTOOL" ls two.cow
assert_plain_error 1 'its backing .*one.cow: No such file'

# changed, away, not a file, itself
cp -p sub/base.img b.img
"$IMGTOOL" cow create c.cow b.img
touch -d @1 b.img
capture "$IMGTOOL" ls c.cow
assert_plain_error 1 'was changed after the COW file was made'
rm b.img
mkfifo b.img
capture "$IMGTOOL" ls c.cow
assert_plain_error 1 'neither a regular file nor a block device'
rm b.img
mv c.cow b.img
capture "$IMGTOOL" ls b.img
[ "$status" = 1 ] || { show; fail "a COW file over itself: status $status"; }

# hostile: a table of a partition chain that comes back, a cut file
if command -v sfdisk >/dev/null; then
	truncate -s 100M loop.img
	printf 'start=2048,size=100000,type=5\nstart=4096,size=2048\n' |
		sfdisk -q --label dos loop.img
	# the chain's first link names itself
	printf '\5\0\0\0\0\0\0\0\0\20\0\0' |
		dd of=loop.img bs=1 seek=$((2048 * 512 + 446 + 16 + 4)) conv=notrunc status=none
	"$IMGTOOL" cow create loop.cow loop.img
	capture "$IMGTOOL" ls loop.cow
	[ "$status" = 1 ] || { show; fail "a chain in a circle: status $status"; }
fi
cp -p sub/base.img .
"$IMGTOOL" cow create cut.cow base.img
for size in 1 4 100 4127 4128 9000; do
	head -c $size cut.cow >bad.cow
	capture "$IMGTOOL" ls bad.cow
	[ "$status" = 1 ] || { show; fail "cut at $size: status $status"; }
done
for magic in 'QFI\xfb\0\0\0\3' 'KDMV' 'vhdxfile'; do
	printf '%b' "$magic" >other.img
	head -c 100000 /dev/zero >>other.img
	capture "$IMGTOOL" ls other.img
	assert_plain_error 1 'other.img: is a .* file, which cannot be read here'
done
