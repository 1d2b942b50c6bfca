#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount --raw: the bytes of raw and COW files, for programs that know
# nothing of either.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3 fallocate
need_mount
mkdir m
: >file

mktar 'd dir' 'f dir/one data' 'f two more' >t.tar
build t.tar -o base
sha256sum base >base.sum
"$IMGTOOL" cow create lower base
"$IMGTOOL" cow create upper lower

# a raw file: what it is, to the byte
head -c 70001 /dev/urandom >odd
do_mount --raw odd m
assert_eq "$(ls m)" disk "the directory"
cmp odd m/disk || fail "a raw file"
cmp <(tail -c 1001 odd) <(tail -c 1001 m/disk) || fail "its end"
capture dd if=odd of=m/disk conv=notrunc status=none
[ "$status" != 0 ] || fail "written to without --rw"
assert_match 'Read-only' err
do_umount m odd
do_mount --raw odd file
cmp odd file || fail "over a file"
do_umount file odd
[ ! -s file ] || fail "the file below"
capture "$IMGTOOL" mount --raw --rw odd m
assert_plain_error 1 '^imgtool: mount: odd: .*whole sectors'

# random writes of all sizes, through the chain, beside a model
cp base model
do_mount --raw --rw upper m
cmp base m/disk || fail "through two COW files"
cat >model.py <<'END'
import os, random, sys
size = os.stat("model").st_size
assert os.stat("m/disk").st_size == size
a, b = os.open("model", os.O_RDWR), os.open("m/disk", os.O_RDWR)
rnd = random.Random(int(sys.argv[1]))
for i in range(1500):
    n = rnd.choice((1, 7, 511, 512, 513, 4096, 5000, 65536, 300000))
    at = rnd.randrange(size - n + 1)
    if rnd.random() < .5:
        at = at // 512 * 512
    if rnd.random() < .6:
        data = rnd.randbytes(n)
        assert os.pwrite(a, data, at) == os.pwrite(b, data, at) == n, (i, at, n)
    elif os.pread(a, n, at) != os.pread(b, n, at):
        sys.exit("%d: %d bytes at %d differ" % (i, n, at))
    if rnd.random() < .02:
        os.fsync(b)
END
python3 model.py 1 || fail "random writes"
for range in "512 8192" "1000000 3" "777 100001"; do
	# shellcheck disable=SC2086
	set -- $range
	fallocate -p -o "$1" -l "$2" m/disk || fail "fallocate -p"
	dd if=/dev/zero of=model bs=1 seek="$1" count="$2" conv=notrunc status=none
done
fallocate -z -o 2000001 -l 20000 m/disk || fail "fallocate -z"
dd if=/dev/zero of=model bs=1 seek=2000001 count=20000 conv=notrunc status=none
cmp model m/disk || fail "the model"
capture dd if=/dev/zero of=m/disk bs=1 count=1 oflag=seek_bytes \
	seek="$(stat -c %s base)" conv=notrunc status=none
assert_match 'No space' err
capture truncate -s 1M m/disk
[ "$status" != 0 ] || fail "truncated"
capture "$IMGTOOL" mount --raw upper file
assert_plain_error 1 '^imgtool: mount: upper: is in use by process'
do_umount m upper
sha256sum -c --quiet base.sum || fail "the base was written to"

# it is in the COW file; eight readers at once
do_mount --raw upper m
for i in {1..8}; do
	cmp model m/disk &
	pids[i]=$!
done
for i in {1..8}; do
	wait "${pids[i]}" || fail "reader $i"
done
do_umount m upper
"$IMGTOOL" cow flatten upper flat
assert_same_file flat model
rm flat upper

# e2fsck and debugfs; a server that is killed has what was synced
"$IMGTOOL" cow create upper lower
"$IMGTOOL" mount -f --raw --rw upper m &
pid=$!
retry 60 mounted m || fail "not mounted in the foreground"
fsck m/disk
head -c 200000 /dev/urandom >new
debugfs -w -R 'write new new' m/disk >/dev/null 2>&1
debugfs -R 'cat new' m/disk 2>/dev/null | cmp - new || fail "debugfs: new"
e2fsck -fy m/disk >/dev/null 2>&1 || [ $? = 1 ] || fail "e2fsck -fy"
fsck m/disk
sync m/disk
kill -KILL "$pid"
wait "$pid" || :
do_umount m upper
do_mount --raw upper file
fsck file
debugfs -R 'cat new' file 2>/dev/null | cmp - new || fail "new was synced"
debugfs -R 'cat dir/one' file 2>/dev/null | grep -qx data || fail "dir/one"
do_umount file upper
sha256sum -c --quiet base.sum || fail "the base was written to"

# the tree of a COW file, at once or through a file of its bytes
do_mount upper m
cmp new m/new || fail "the tree of a COW file"
assert_eq "$(cat m/dir/one)" data "what is in the backing"
do_umount m upper
do_mount --raw upper file
do_mount file m
cmp new m/new || fail "the tree through the bytes"
do_umount m "$WORK/file"
do_umount file upper

# a table of partitions, made through it
if command -v sfdisk >/dev/null; then
	truncate -s 8M blank
	"$IMGTOOL" cow create disk.cow blank
	do_mount --raw --rw disk.cow m
	sfdisk -q m/disk <<<$'label: gpt\nstart=2048, size=4096, name=here' ||
		fail "sfdisk"
	do_umount m disk.cow
	do_mount --raw disk.cow file
	sfdisk -d file | grep -q 'start= *2048, size= *4096, .*name="here"' ||
		fail "the partition: $(sfdisk -d file)"
	do_umount file disk.cow
	cmp -n 8388608 blank /dev/zero || fail "sfdisk wrote to the backing"
fi
if command -v parted >/dev/null; then
	truncate -s 8M blank2
	"$IMGTOOL" cow create disk2.cow blank2
	do_mount --raw --rw disk2.cow m
	parted -s m/disk mklabel msdos mkpart primary 1MiB 3MiB >/dev/null ||
		fail "parted"
	do_umount m disk2.cow
	do_mount --raw disk2.cow file
	parted -ms file unit s print 2>/dev/null | grep -q '^1:2048s:6143s:' ||
		fail "parted: $(parted -ms file unit s print)"
	do_umount file disk2.cow
fi

# refused, in one line
mkdir elsewhere
mv lower elsewhere/
capture "$IMGTOOL" mount --raw upper m
assert_plain_error 1 'upper: .*lower'
capture "$IMGTOOL" mount upper m
assert_plain_error 1 'upper: .*lower'
mv elsewhere/lower .
mv base elsewhere/
"$IMGTOOL" cow create far elsewhere/base
capture "$IMGTOOL" mount far m
assert_plain_error 1 'far: .*elsewhere'
for how in '' --raw; do
	# shellcheck disable=SC2086
	do_mount $how --allow-backing far m
	do_umount m far
done
mv elsewhere/base .
capture "$IMGTOOL" mount --raw nowhere m
assert_plain_error 1 '^imgtool: mount: nowhere: cannot be opened: No such'
capture "$IMGTOOL" mount --raw base fifo
assert_plain_error 1 '^imgtool: mount: fifo: cannot be mounted on: No such'
mkfifo fifo
capture "$IMGTOOL" mount --raw base fifo
assert_plain_error 1 'fifo: is neither a directory nor a file'
printf 'OOOM\0\0\0\3garbage' >bad
capture "$IMGTOOL" mount --raw bad m
assert_plain_error 1 '^imgtool: mount: bad: '
[ -z "$(mounts)" ] || fail "left mounted: $(mounts)"
