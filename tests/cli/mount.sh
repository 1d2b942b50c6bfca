#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount: what the mount shows is what the image was built from.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs getfattr setfattr lsattr
need_mount

mkdir -p tree/{many,deep/a/b/c/d,empty,bad}
for ((i = 0; i < 3000; i++)); do
	echo "contents of $i" >"tree/many/a rather long name, for the number $i"
done
head -c 3000000 /dev/urandom >tree/big
head -c 70001 /dev/urandom >tree/deep/a/b/c/d/odd
: >tree/nothing
ln tree/big tree/deep/hard
ln -s ../big tree/deep/short
ln -s "$(printf 'x%.0s' {1..200})" tree/deep/long
mkfifo tree/fifo
truncate -s 5G tree/sparse
printf middle | dd of=tree/sparse bs=1 seek=3G conv=notrunc status=none
printf x >$'tree/bad/\xff\xfe'
touch -d '1960-01-01 00:00:00.123456789' tree/nothing
chmod 4751 tree/deep/a/b/c/d/odd
chmod 1777 tree/empty
setfattr -n user.one -v value tree/big 2>/dev/null || echo "no user xattrs here"
if [ "$(id -u)" = 0 ]; then
	chown 1234:70000 tree/many
	mknod tree/node c 259 65537 2>/dev/null || :
fi
build tree -o t.img
mkdir m

# list DIR: everything a listing has, but for numbers that only an image has
list()
{
	(cd "$1" && find . -mindepth 1 ! -path './lost+found' \
		-printf '%P\t%y\t%m\t%U:%G\t%T@\t%l\t%n\t' \
		\( -type d -printf 'dir\n' -o -printf '%s\n' \) | sort)
}

# digests DIR: of everything but what has holes
digests()
{
	(cd "$1" && find . -type f ! -name sparse -print0 | sort -z |
		xargs -0 sha256sum)
}

digests tree >digests.want
do_mount t.img m
grep -q " $WORK/m ro,nosuid,nodev.* - fuse.imgtool $WORK/t.img ro" \
	/proc/self/mountinfo || fail "the table of mounts: $(grep m /proc/self/mountinfo)"

# the first readers, eight at once
for i in {1..8}; do
	digests m >"digests.$i" &
done
wait
for i in {1..8}; do
	assert_same_file "digests.$i" digests.want
done
diff <(list tree) <(list m) >&2 || fail "the listing"
diff <(list tree) <(list m) >&2 || fail "the listing, once more"
assert_eq "$(stat -c %i m/big)" "$(stat -c %i m/deep/hard)" "the hard link"
assert_eq "$(stat -c %i m)" 2 "the root's inode"

# numbers of inodes, blocks, devices, as our other verbs have them
"$IMGTOOL" find --json t.img >json
python3 - json m <<'END' || fail "not what find --json has"
import json, os, stat, sys
bad = n = 0
for e in json.load(open(sys.argv[1], errors="surrogateescape")):
    path = sys.argv[2] + e["path"]
    st = os.lstat(path)
    want = (e["inode"], e["links"], e["size"], e["allocated"])
    have = (st.st_ino, st.st_nlink, st.st_size, st.st_blocks * 512)
    n += 1
    if want != have:
        print(path, want, have, file=sys.stderr)
        bad = 1
sys.exit(bad or n < 3000)
END
(cd tree && getfattr -hRd -m - . 2>/dev/null | sort) >xattrs.want
(cd m && getfattr -hRd -m - . 2>/dev/null | sort) >xattrs
diff xattrs.want xattrs >&2 || fail "attributes"

lsattr m/big | grep -q '^[-]*e[-]* m/big' || fail "lsattr: $(lsattr m/big 2>&1)"

# holes
cmp <(tail -c +$((3 * 1024 * 1024 * 1024 - 1000)) m/sparse | head -c 9000) \
	<(tail -c +$((3 * 1024 * 1024 * 1024 - 1000)) tree/sparse | head -c 9000) ||
	fail "around the data of a sparse file"
cp --sparse=auto m/sparse copy
[ "$(stat -c %b copy)" -lt 100 ] || fail "cp found no holes"
rm copy

# nothing can be changed; no name is made up
capture touch m/new
[ "$status" != 0 ] || fail "a new file"
assert_match 'Read-only' err
[ ! -e m/nowhere ] && [ ! -e m/nowhere ] || fail "a file that is not there"
assert_eq "$(stat -f -c %S m)" "$(dumpe2fs -h t.img 2>/dev/null |
	sed -n 's/^Block size: *//p')" "statfs"
assert_eq "$(stat -f -c %d m)" "$(dumpe2fs -h t.img 2>/dev/null |
	sed -n 's/^Free inodes: *//p')" "free inodes"

# busy: refused, and still there
exec 5<m/big
capture "$IMGTOOL" umount m
assert_status 1
mounted m || fail "unmounted although busy"
capture "$IMGTOOL" umount --lazy m
assert_status 0
mounted m && fail "lazy: still mounted"
cmp tree/big /dev/fd/5 || fail "lazy: a file that is open"
exec 5<&-
idle t.img

# fusermount3 does it, too
if command -v fusermount3 >/dev/null; then
	do_mount t.img m
	fusermount3 -u m
	mounted m && fail "fusermount3 left it mounted"
	idle t.img
fi

# as the kernel shows it, where it can
mkdir k
if [ "$(id -u)" = 0 ] && mount -o loop,ro t.img k 2>/dev/null; then
	do_mount t.img m
	diff <(cd k && find . -ls | tr -s " " | sort) \
		<(cd m && find . -ls | tr -s " " | sort) >&2 ||
		fail "find -ls: kernel (<), we (>)"
	umount k
	do_umount m t.img
fi

# partitions, and names that tables of mounts write in another way
mkdir small 'm o\u,n	t'
echo one >small/file
"$IMGTOOL" build -q small --partition gpt -o 'p,\0 .img'
do_mount 'p,\0 .img' m
assert_eq "$(cat m/file)" one "the only partition"
do_umount m 'p,\0 .img'
do_mount 'p,\0 .img@1' 'm o\u,n	t'
assert_eq "$(cat 'm o\u,n	t/file')" one "partition 1"
capture "$IMGTOOL" umount './m o\u,n	t/'
assert_status 0
[ ! -e 'm o\u,n	t/file' ] || fail "an odd mount point is still mounted"
capture "$IMGTOOL" mount 'p,\0 .img@7' m
assert_plain_error 1 'has no partition 7'

# signals
# (SIGINT is ignored in the background of a shell)
for sig in TERM HUP; do
	"$IMGTOOL" mount -f t.img m &
	pid=$!
	retry 60 mounted m || fail "not mounted in the foreground"
	[ -e m/big ] || fail "foreground: no file"
	kill -"$sig" "$pid"
	wait "$pid" || fail "$sig: status $?"
	mounted m && fail "$sig: still mounted"
done
"$IMGTOOL" mount -f t.img m &
pid=$!
retry 60 mounted m || fail "not mounted in the foreground"
cmp tree/big m/big
stat m/deep/hard >stat.out
# what was read is the kernel's: nobody is asked again
kill -STOP "$pid"
again=0
timeout 60 sh -c 'cmp tree/big m/big && stat m/deep/hard' >again.out || again=$?
kill -CONT "$pid"
[ "$again" = 0 ] || fail "the server was asked once more: status $again"
diff stat.out again.out >&2 || fail "attributes, once more"
kill -KILL "$pid"
wait "$pid" || :
capture cat m/sparse
[ "$status" != 0 ] || fail "a mount without a server"
capture "$IMGTOOL" mount t.img m
assert_plain_error 1 '^imgtool: mount: m: a mount whose server has died'
do_umount m t.img

# an ordinary user; the device is one that is open to all
if [ "$(id -u)" = 0 ] && command -v fusermount3 setpriv unshare >/dev/null &&
		mknod -m 666 fuse c 10 229 2>/dev/null; then
	mkdir n
	chown 65534:65534 n
	chmod 644 t.img
	cat >nobody.sh <<-'END'
		mount --bind "$WORK/fuse" /dev/fuse || exit 70
		exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '
			(exec 3<>/dev/fuse) 2>/dev/null || exit 70
			"$IMGTOOL" mount t.img n || exit 71
			cmp n/big m.big && [ "$(stat -c %s n/sparse)" = 5368709120 ] ||
				exit 72
			"$IMGTOOL" umount n || exit 73
			! mountpoint -q n'
	END
	cp tree/big m.big
	chmod 644 m.big
	export IMGTOOL
	capture unshare -m sh nobody.sh
	case $status in
	70) echo "not tried as an ordinary user" ;;
	71) grep -q 'ermi' err || { show; fail "an ordinary user"; } ;;
	*) assert_status 0 ;;
	esac
	idle t.img
fi

# without a device
if [ "$(id -u)" = 0 ] && unshare -m mount -t tmpfs none /dev 2>/dev/null; then
	capture unshare -m sh -c 'mount -t tmpfs none /dev &&
		exec "$0" mount t.img m' "$(command -v "$IMGTOOL")"
	assert_plain_error 1 '^imgtool: mount: /dev/fuse: is not there'
fi

# one line says what is wrong
capture "$IMGTOOL" mount t.img nowhere
assert_plain_error 1 '^imgtool: mount: nowhere: .*No such file'
capture "$IMGTOOL" mount nowhere m
assert_plain_error 1 '^imgtool: mount: nowhere: no such image'
capture "$IMGTOOL" mount t.img:/deep m
assert_plain_error 1 '^imgtool: mount: t.img:/deep: the whole file system'
capture "$IMGTOOL" mount -o nonsense=3 t.img m
assert_plain_error 1 '^imgtool: mount: nonsense=3: .*nonsense'
capture "$IMGTOOL" mount t.img probe.img
assert_plain_error 1 '^imgtool: mount: probe.img: is not a directory'
capture "$IMGTOOL" umount m
assert_plain_error 1 '^imgtool: umount: m: nothing is mounted here'
capture "$IMGTOOL" umount /proc
assert_plain_error 1 '^imgtool: umount: /proc: is a mount of type proc'
capture "$IMGTOOL" mount t.img
assert_plain_error 2 'needs an image and a mount point'
capture "$IMGTOOL" umount
assert_plain_error 2 'needs a mount point'
[ -z "$(mounts)" ] || fail "left mounted: $(mounts)"
