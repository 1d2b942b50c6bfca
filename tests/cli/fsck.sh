#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool fsck: raw images, partitions, COW files; what it tells, writes and
# leaves alone; killed in the middle of a repair.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs

# check STATUS ARGUMENT...
check()
{
	capture "$IMGTOOL" fsck "${@:2}"
	assert_status "$1"
}

seq 100000 >numbers
mke2fs -q -F -t ext4 -O 64bit,metadata_csum good.img 16M >mke2fs.out 2>&1
printf 'write numbers f\nmkdir d\n' | debugfs -w -f - good.img >debugfs.out 2>&1
cp good.img bad.img
printf 'set_inode_field /f links_count 9\nclri /d\n' |
	debugfs -w -f - bad.img >debugfs.out 2>&1

cp good.img 'a?offset=5.img'
check 0 'a?offset=5.img'
# the image has its own name in what e2fsck says
assert_match '^a\?offset=5\.img: [0-9]+/[0-9]+ files'
grep -F /proc/self out err && fail "a name that means nothing to anybody"
cmp good.img 'a?offset=5.img'
cp bad.img x.img
check 4 x.img
assert_match 'Pass 1'
cmp bad.img x.img >&2 || fail "a look changed the image"
check 4 -q x.img
[ ! -s out ] && [ ! -s err ] || { show; fail "fsck -q is not quiet"; }
check 1 --repair x.img
fsck x.img
"$IMGTOOL" cat x.img:/f | cmp - numbers
cp bad.img x.img
check 4 --json x.img
assert_match '^\{"image":"x.img","filesystem":\{"type":"ext4","messages":\[".*"\],"status":4\},"status":4\}$'

# a COW file: its backing is not touched, and only changes are in it
check 0 --json good.img
cp bad.img base.img
"$IMGTOOL" cow create x.cow base.img
cp x.cow before.cow
check 4 x.cow
cmp x.cow before.cow
check 4 --json x.cow
tr -d '\n' <out >line
mv line out
assert_match '"container":\{"file":"x.cow","status":0,.*"filesystem":\{"type":"ext4","messages":\[.*\],"status":4'
check 1 --repair x.cow
cmp base.img bad.img >&2 || fail "the backing was changed"
check 0 x.cow
"$IMGTOOL" cat x.cow:/f | cmp - numbers
[ "$(stat -c %b x.cow)" -lt 4096 ] || fail "more than what was changed is in it"
[ -z "$(ls -A "$TMPDIR")" ] || fail "leaves a file in TMPDIR"

# killed at any write: another call repairs it
for ((n = 1;; n++)); do
	rm -f x.cow
	cp -a before.cow x.cow
	capture killat $n "$IMGTOOL" fsck --repair x.cow
	[ "$status" != 77 ] || break
	[ "$status" != 1 ] || break
	assert_status 137
	[ $((n % 7)) = 1 ] || continue
	capture "$IMGTOOL" fsck --repair x.cow
	[ "$status" -le 1 ] || { show; fail "killed at $n: status $status"; }
	check 0 x.cow
	"$IMGTOOL" cat x.cow:/f | cmp - numbers
done

# a container that has defects is not looked into
truncate -s 100 x.cow
check 4 x.cow
assert_no_match 'Pass 1'

# partitions
if command -v sfdisk >/dev/null; then
	truncate -s 40M p.img
	printf 'start=2048,size=2048\nstart=4096,size=32768\n' | sfdisk -q p.img
	dd if=bad.img of=p.img bs=512 seek=4096 conv=notrunc,sparse status=none
	check 4 p.img
	check 1 --repair p.img@2
	check 0 p.img@2
	truncate -s 40M q.img
	printf 'start=4096,size=16384\nstart=20480,size=2048\n' | sfdisk -q q.img
	dd if=bad.img of=q.img bs=512 seek=4096 conv=notrunc,sparse status=none
	cp q.img q2.img
	check 8 --repair q.img@1
	assert_match 'larger than its partition' err
	cmp q.img q2.img
fi

# what cannot be done
check 16
check 16 --no-such x.img
check 8 none.img

# a checker that goes in circles is stopped, and that is told in one line
mkdir stuck
printf '#!/bin/sh\nwhile :; do :; done\n' >stuck/e2fsck
chmod +x stuck/e2fsck
cp bad.img x.img
for args in --timeout=1 '--timeout=1 --repair'; do
	# shellcheck disable=SC2086
	PATH=$PWD/stuck:$PATH capture "$IMGTOOL" fsck $args x.img
	assert_status 8
	[ "$(cat err | wc -l)" = 1 ] || { show; fail "not one line"; }
	assert_match '^imgtool: fsck: e2fsck: was stopped after 1 s of processor time.*--timeout' err
done
check 1 --repair --timeout 0 x.img
fsck x.img
capture "$IMGTOOL" fsck --timeout 1h x.img
assert_plain_error 16 "--timeout: '1h' is no number of seconds"
