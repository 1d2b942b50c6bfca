#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool diff: every kind of difference, COW files, and hostile images.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'd dir' 'f dir/same x' 'f dir/mode x' 'f dir/owner x' 'f dir/content one' \
	'f dir/size one' 's dir/target a' 'f dir/type x' 'c dir/device 1 3' \
	'f dir/time x' 'pax SCHILY.xattr.user.a=1' 'f dir/xattr x' 'f dir/links x' \
	'd gone' 'd gone/sub' 'f gone/sub/file x' 'f b x' 'f dir/flags x' 'd todir' \
	'f todir/in x' "f $(printf 'bad\xff') x" >a.tar
mktar 'd dir' 'f dir/same x' 'set mode=600' 'f dir/mode x' 'set mode=644 uid=5 gid=6' \
	'f dir/owner x' 'set uid=0 gid=0' 'f dir/content two' \
	'f dir/size three' 's dir/target b' 'p dir/type' 'c dir/device 1 4' \
	'set mtime=1600000000' 'f dir/time x' 'set mtime=1700000000' \
	'pax SCHILY.xattr.user.a=2' 'f dir/xattr x' 'f dir/links x' 'h dir/more dir/links' \
	'd new' 'f new/file x' 'f b x' 'f dir/flags x' 'f todir x' \
	"f $(printf 'bad\xff') x" >b.tar
build a.tar -o a.img
build b.tar -o b.img
debugfs -w -R 'set_inode_field dir/flags flags 0x80010' b.img >/dev/null 2>&1
capture "$IMGTOOL" diff a.img b.img
assert_status 1
[ ! -s err ] || { show; fail "messages"; }
assert_out '~ /dir/content: content
~ /dir/device: device
~ /dir/flags: flags
~ /dir/links: links(1,2)
~ /dir/mode: mode(0644,0600)
+ /dir/more
~ /dir/owner: owner(0:0,5:6)
~ /dir/size: content(3,5)
~ /dir/target: target
~ /dir/type: type(file,fifo)
~ /dir/xattr: xattrs
- /gone
- /gone/sub
- /gone/sub/file
+ /new
+ /new/file
~ /todir: type(directory,file)
- /todir/in'
capture "$IMGTOOL" diff --times a.img b.img
assert_status 1
assert_match '^~ /dir/time: times$'
capture "$IMGTOOL" diff -q a.img b.img
assert_status 1
assert_out ''
capture "$IMGTOOL" diff --times a.img a.img
assert_status 0
assert_out ''
capture "$IMGTOOL" diff a.img:/dir b.img:/dir
assert_match '^~ /mode: mode'
capture "$IMGTOOL" diff a.img:/dir/same b.img:/b
assert_status 0
capture "$IMGTOOL" diff a.img:/dir/same b.img:/dir/mode
assert_out '~ /: mode(0644,0600)'
assert_status 1

if command -v python3 >/dev/null; then
	"$IMGTOOL" diff --json --times a.img b.img >json && fail "equal"
	python3 - json <<'END' || fail "JSON"
import json, sys
d = {e["path"]: e for e in json.load(open(sys.argv[1]))}
assert d["/dir/mode"]["what"] == ["mode"], d["/dir/mode"]
assert d["/dir/mode"]["a"]["mode"] == "0644" and d["/dir/mode"]["b"]["mode"] == "0600"
assert d["/gone"]["change"] == "removed" and "b" not in d["/gone"]
assert d["/new/file"]["change"] == "added" and "a" not in d["/new/file"]
assert d["/dir/xattr"]["b"]["xattrs"] == [{"name": "user.a", "hex": "32"}]
assert len(d) == 19, len(d)
END
	"$IMGTOOL" diff --json a.img a.img | python3 -c '
import json, sys
assert json.load(sys.stdin) == []'
fi

# the same tree by other ways
"$IMGTOOL" tar a.img -o again.tar
build again.tar -o again.img
capture "$IMGTOOL" diff --times a.img again.img
assert_status 0
build again.tar --size 64M -o larger.img
capture "$IMGTOOL" diff --times a.img larger.img
assert_status 0

# names of one file, and of two files with as many names
mktar 'f a x' 'f b x' 'h c a' 'h d b' >l1.tar
mktar 'f a x' 'f b x' 'h c b' 'h d a' >l2.tar
build l1.tar -o l1.img
build l2.tar -o l2.img
capture "$IMGTOOL" diff l1.img l2.img
assert_status 1
assert_out '~ /c: links
~ /d: links'

# content: with holes at other places, at the end, far behind
mkdir h1 h2
for d in h1 h2; do
	truncate -s 40M $d/f $d/last $d/zeros
	printf x | dd of=$d/f bs=1 seek=30000000 conv=notrunc status=none
done
head -c 40M /dev/zero >h2/zeros
touch -d @1700000000 h1 h2 h1/* h2/*
build h1 -o h1.img
build h2 -o h2.img
capture "$IMGTOOL" diff h1.img h2.img
assert_status 0
printf y | dd of=h2/last bs=1 seek=41943039 conv=notrunc status=none
build h2 -o h2.img
capture "$IMGTOOL" diff h1.img h2.img
assert_status 1
assert_out '~ /last: content'

# a COW file against its backing, as nobody too
"$IMGTOOL" cow create c.cow a.img
capture "$IMGTOOL" diff c.cow
assert_status 0
cp a.img c.raw
debugfs -w -f - c.raw >/dev/null 2>&1 <<END
rm dir/same
symlink link nowhere
END
capture putdisk c.cow c.raw
assert_status 0
capture "$IMGTOOL" diff c.cow
assert_status 1
assert_out '- /dir/same
+ /link'
capture "$IMGTOOL" diff c.cow:/dir
assert_out '- /same'
capture "$IMGTOOL" diff c.cow c.raw
assert_status 0
"$IMGTOOL" cow create d.cow c.cow
capture "$IMGTOOL" diff d.cow
assert_status 0
capture "$IMGTOOL" diff d.cow a.img
assert_status 1
capture "$IMGTOOL" diff a.img
assert_plain_error 2 'a.img: is no COW file'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	tool=$(command -v "$IMGTOOL")
	if as_nobody "$tool" df c.cow >/dev/null 2>&1; then
		echo "compared as nobody"
		capture as_nobody "$tool" diff c.cow
		assert_status 1
		assert_match '^- /dir/same$'
	fi
fi

# trouble is 2
capture "$IMGTOOL" diff none.img a.img
assert_plain_error 2 'none.img: no such image'
capture "$IMGTOOL" diff a.img a.img:/none
assert_plain_error 2 'a.img:/none: no such file'
capture "$IMGTOOL" diff
assert_plain_error 2 'takes two images'
trouble()
{
	capture "$IMGTOOL" diff "$@"
	[ "$status" = 2 ] || { show; fail "status $status, not 2"; }
	grep -v '^imgtool: diff: ' err >&2 && fail "a message that is not ours"
	grep -E '\.\.' out && fail "a name that escapes"
	:
}
mktar 'd sub' 'f sub/XXYYY data' 'f other x' >t.tar
build t.tar -o good.img
for name in '../xx' '/etcx' 'a\x00bcd' '../..'; do
	cp good.img bad.img
	LC_ALL=C sed -i "s|XXYYY|$name|g" bad.img
	trouble good.img bad.img
	assert_match 'bad.img:/sub: the file system is damaged' err
	trouble bad.img good.img
	trouble bad.img bad.img
done
cp good.img bad.img
debugfs -w -R 'link sub sub/again' bad.img >/dev/null 2>&1
trouble bad.img bad.img
assert_match 'bad.img:/sub/again: ' err
cp good.img bad.img
debugfs -w -R 'set_inode_field other size 0x7fffffffffffffff' bad.img >/dev/null 2>&1
trouble bad.img good.img
assert_match 'bad.img:/other: ' err
