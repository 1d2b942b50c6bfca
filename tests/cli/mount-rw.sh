#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount --rw: a file system like any other, and one that e2fsck has
# nothing to say about when it is unmounted. MOUNT_MODEL random operations on
# each kind, beside a directory of the host.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3 setfattr getfattr
need_mount
mkdir m

# what is silent when unmounted, and free
end()
{
	do_umount m "$1"
	[ -n "${2-}" ] || fsck "$1"
}

# --- by hand
truncate -s 24M t.img
mke2fs -q -F -t ext4 t.img
do_mount --rw t.img m
grep -q " $WORK/m rw,.* - fuse.imgtool $WORK/t.img rw" /proc/self/mountinfo ||
	fail "the table of mounts"
capture "$IMGTOOL" ls t.img:/
assert_plain_error 1 '^imgtool: ls: t.img: is in use by process'
mkdir m/d m/d/sub
assert_eq "$(stat -c %h m/d)" 3 "links of a directory"
echo one >m/d/one
ln m/d/one m/two
assert_eq "$(stat -c %h m/two)" 2 "links of a file"
mv m/d/sub m/sub
assert_eq "$(stat -c %h m/d)" 2 "links after renaming"
ln -s "$(printf 'x%.0s' {1..200})" m/long
mkfifo m/fifo
[ "$(id -u)" != 0 ] || mknod m/node c 259 65537
touch -d '1960-01-01 00:00:00.123456789' m/two
assert_eq "$(stat -c %y m/d/one)" '1960-01-01 00:00:00.123456789 +0000' "times"
chmod 2751 m/d
assert_eq "$(stat -c %a m/d)" 2751
[ "$(id -u)" != 0 ] || chown 1234:70000 m/two
setfattr -n user.name -v "$(printf 'v%.0s' {1..300})" m/two
setfattr -n user.gone -v x m/two
setfattr -x user.gone m/two
capture setfattr -x user.gone m/two
assert_match 'No such attribute' err
capture rmdir m/d
assert_match 'not empty' err
capture rmdir m/two
assert_match 'Not a directory' err
chmod g-s m/d
python3 - <<'END' || fail "renameat2"
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def ren(a, b, flags):
    if libc.syscall(316, -100, a.encode(), -100, b.encode(), flags):
        return errno.errorcode[ctypes.get_errno()]
    return "ok"
assert ren("m/two", "m/d/one", 1) == "EEXIST"
assert ren("m/two", "m/free", 4) == "EINVAL"
assert ren("m/two", "m/sub", 2) == "ok"
assert os.path.isdir("m/two") and os.path.isfile("m/sub")
assert ren("m/two", "m/nowhere", 2) == "ENOENT"
assert ren("m/d", "m/d/in", 0) == "EINVAL"
END

# open files and directories live on without a name
exec 5<>m/open
echo alive >&5
rm m/open
assert_eq "$(cat /dev/fd/5)" alive "a file without a name"
assert_eq "$(stat -Lc %h /dev/fd/5)" 0 "its links"
(mkdir m/cwd && cd m/cwd && rmdir ../cwd && ! touch new 2>/dev/null) ||
	fail "a directory without a name"
exec 5>&-

# full, and what is freed can be used again, all of it
free=$(stat -f -c %f m) bs=$(stat -f -c %S m)
capture dd if=/dev/zero of=m/full bs=64k
assert_match 'No space left' err
[ "$(stat -f -c %f m)" -lt 100 ] || fail "not full: $(stat -f -c %f m)"
cmp -n "$(stat -c %s m/full)" m/full /dev/zero || fail "what was written"
rm m/full
for ((i = 0; i < 3; i++)); do
	head -c $((free * bs / 2)) /dev/urandom >m/half
	rm m/half
done
retry 60 eval '[ "$(stat -f -c %f m)" -ge $((free - 1)) ]' ||
	fail "$free blocks were free, now $(stat -f -c %f m)"
end t.img
content t.img /d/one one
has t.img /sub 'user.name'

# left open at the end: gone, and nothing is lost
do_mount --rw t.img m
exec 5<>m/open
head -c 300000 /dev/urandom >&5
rm m/open
"$IMGTOOL" umount --lazy m
exec 5>&-
idle t.img
fsck t.img

# --- beside a model
readers()
{
	local i
	for i in {1..8}; do
		(while [ ! -e over ]; do
			cmp big m/read/big && cmp big m/read/again || exit 1
			find m -ls >/dev/null 2>&1 || :
		done) &
		pids[i]=$!
	done
}

seed=${MOUNT_SEED:-1}
while read -r type options; do
	rm -rf host t.img over want.img
	truncate -s 64M t.img
	# shellcheck disable=SC2086
	mke2fs -q -F -t "$type" $options t.img
	mkdir host
	do_mount --rw t.img m
	mkdir m/read
	head -c 3000000 /dev/urandom >big
	cp big m/read/big
	cp big m/read/again
	readers
	mkdir m/model
	timeout 300 python3 "$UMKIT_SRC/tests/cli/mount-model.py" host m/model \
		"$seed" "${MOUNT_MODEL:-1200}" || fail "$type $options: seed $seed"
	: >over
	for i in {1..8}; do
		wait "${pids[i]}" || fail "$type $options: reader $i"
	done
	rm -r m/read
	mv m/model/* m/
	rmdir m/model
	end t.img
	build host --size 128M -o want.img
	capture "$IMGTOOL" diff want.img t.img
	[ ! -s out ] || { show; fail "$type $options: seed $seed: differs"; }
	seed=$((seed + 1))
done <<'END'
ext4
ext4 -b 4096 -O inline_data -I 512
ext3 -b 1024
ext2
END

# --- through a COW file, in a partition
mkdir empty
"$IMGTOOL" build -q empty --partition gpt --size 34M -o disk
sha256sum disk >disk.sum
"$IMGTOOL" cow create top disk
do_mount --rw top@1 m
cp big m/big
sync m/big
mkdir m/dir
mv m/big m/dir/
end top partition
sha256sum -c --quiet disk.sum || fail "the backing was written to"
capture "$IMGTOOL" fsck top
assert_status 0
"$IMGTOOL" cat top@1:/dir/big | cmp - big || fail "in the COW file"

# --- refused
cp t.img bad.img
debugfs -w -R 'ssv state 0' bad.img >/dev/null 2>&1
capture "$IMGTOOL" mount --rw bad.img m
assert_plain_error 1 '^imgtool: mount: bad.img: was not unmounted.*fsck --repair'
capture "$IMGTOOL" mount --rw t.img nowhere
assert_plain_error 1 '^imgtool: mount: nowhere: '
fsck t.img
[ -z "$(mounts)" ] || fail "left mounted: $(mounts)"
