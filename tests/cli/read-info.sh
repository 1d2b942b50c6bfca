#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool info: containers, partitions, file systems, and what is installed.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/etc d/var/lib/dpkg d/lib/apk/db d/var/lib/pacman/local/{b-2-1,a-1-1} \
	d/var/lib/rpm d/boot d/usr/lib
cat >d/usr/lib/os-release <<'END'
# a comment
ID=old
PRETTY_NAME="Some \"quoted\" \$ystem"
NAME='single'
VERSION_ID=12
ID=test
END
ln -s ../usr/lib/os-release d/etc/os-release
cat >d/var/lib/dpkg/status <<'END'
Package: one
Status: install ok installed
Version: 1.0-1
Architecture: amd64
Description: first
 Package: not this
 .

Package: gone
Status: deinstall ok config-files
Version: 2

Package: half
Status: install ok half-installed
Version: 2

Package: two
Status: hold ok installed
Architecture: all
Version: 2:2.0~rc1
END
printf 'C:x\nP:apkpkg\nV:1.2-r3\nA:x86_64\nF:etc\nR:P\n\nP:other\nV:2\n\n' >d/lib/apk/db/installed
printf '%%NAME%%\na\n\n%%VERSION%%\n1-1\n\n%%ARCH%%\nany\n' >d/var/lib/pacman/local/a-1-1/desc
printf '%%NAME%%\nb\n\n%%VERSION%%\n2-1\n' >d/var/lib/pacman/local/b-2-1/desc
echo 9 >d/var/lib/pacman/local/ALPM_DB_VERSION
: >d/var/lib/rpm/Packages
# the head of a bzImage: its version is at 0x200 + what stands at 0x20e
{
	head -c $((0x202)) /dev/zero
	printf 'HdrS\0\0\0\0\0\0\0\0\0\1'
	head -c $((0x300 - 0x210)) /dev/zero
	printf '6.1.0-9-amd64 (builder) #1\0'
} >d/boot/vmlinuz-6.1.0-9-amd64
echo x >d/boot/vmlinux
echo x >d/boot/config-6.1
build d --label testfs -o a.img

capture "$IMGTOOL" info -p a.img
assert_status 0
[ ! -s err ] || { show; fail "messages"; }
for line in 'format: raw' "size: $(stat -c %s a.img) " '  readable: yes' '  type: ext4' \
		'  label: testfs' '  state: clean' '  features: .*extent.*metadata_csum' \
		'    id: test' '    name: single' '    version_id: 12' \
		'    pretty_name: Some "quoted" \$ystem' \
		'  - manager: dpkg' '    count: 2' '      one: 1.0-1 amd64' \
		'      two: 2:2.0~rc1 all' '      apkpkg: 1.2-r3 x86_64' \
		'      a: 1-1 any' '    database: Berkeley DB' '  - path: /boot/vmlinux$' \
		'    version: 6.1.0-9-amd64$'; do
	assert_match "^$line"
done
assert_no_match 'gone|half|config-6.1|not this'
assert_match "uuid: $(dumpe2fs -h a.img 2>/dev/null | sed -n 's/^Filesystem UUID: *//p')\$"
assert_match "free: $(($(free_blocks a.img) * 4096)) "
assert_match "inodes_free: $(dumpe2fs -h a.img 2>/dev/null | sed -n 's/^Free inodes: *//p')\$"

# COW files, and partitions in them
"$IMGTOOL" cow create b.cow a.img
"$IMGTOOL" cow create c.cow b.cow
capture "$IMGTOOL" info c.cow
assert_status 0
assert_match '^format: cow$'
assert_eq "$(sed -n 's/^ *- file: //p' out)" "$(realpath b.cow)
$(realpath a.img)"
assert_match '^    id: test$'
have_sfdisk=
if command -v sfdisk >/dev/null; then
	have_sfdisk=1
	truncate -s 300M gpt.img
	printf 'start=2048,size=2048,name=first\nstart=4096,size=%s\nstart=500000,size=65536\n' \
		$(($(stat -c %s a.img) / 512)) | sfdisk -q --label gpt gpt.img
	dd if=a.img of=gpt.img bs=512 seek=4096 conv=notrunc,sparse status=none
	"$IMGTOOL" cow create gpt.cow gpt.img
	for img in gpt.img gpt.cow; do
		capture "$IMGTOOL" info $img
		assert_status 0
		assert_match '^table: gpt$'
		assert_match '^- number: 1$'
		assert_match '^  name: first$'
		assert_match '^  offset: 2097152 '
		assert_match '^    label: testfs$'
		capture "$IMGTOOL" info $img@2
		assert_no_match 'number: [13]'
		assert_match '^    label: testfs$'
		capture "$IMGTOOL" info $img@9
		[ "$status" = 1 ] || { show; fail "status $status"; }
		assert_match "^imgtool: info: $img: has no partition 9" err
	done
fi

# nothing on it, others' file systems, no image
truncate -s 1M zero.img
capture "$IMGTOOL" info zero.img
assert_status 0
assert_no_match filesystem
if command -v mksquashfs >/dev/null; then
	mksquashfs d s.img >/dev/null 2>&1
	capture "$IMGTOOL" info --engine direct s.img
	assert_status 0
	assert_match '^  readable: no$'
	assert_match '^  type: squashfs$'
fi
capture "$IMGTOOL" info none.img
assert_plain_error 1 'none.img: no such image'
capture "$IMGTOOL" info a.img:/etc
assert_plain_error 1 'is a path in an image'
capture "$IMGTOOL" info
assert_plain_error 2 'no image given'

# distributions without dpkg; apk's new place
mkdir -p e/var/lib/dpkg/status.d e/usr/lib/apk/db
printf 'Package: base-files\nVersion: 12\nArchitecture: amd64\n' >e/var/lib/dpkg/status.d/base
printf 'abc  usr/x\n' >e/var/lib/dpkg/status.d/base.md5sums
printf 'P:new\nV:3\n' >e/usr/lib/apk/db/installed
build e -o e.img
capture "$IMGTOOL" info -p e.img
assert_status 0
assert_match '      base-files: 12 amd64$'
assert_match '      new: 3$'

# the JSON is what the man page says
if command -v python3 >/dev/null; then
	cat >schema.py <<'END'
import json, sys

def check(o, need, may):
    for k, t in need.items():
        assert type(o[k]) is t, (k, o)
    for k in o:
        assert k in need or type(o[k]) is may[k], (k, o)

N, S, L, D, B = int, str, list, dict, bool
for i in json.load(sys.stdin):
    check(i, dict(image=S, format=S, size=N, allocated=N),
          dict(backings=L, filesystem=D, table=S, partitions=L))
    assert ("table" in i) == ("partitions" in i)
    for b in i.get("backings", []):
        check(b, dict(file=S, allocated=N), {})
    fss = [i["filesystem"]] if "filesystem" in i else []
    for p in i.get("partitions", []):
        check(p, dict(number=N, offset=N, size=N, type=S),
              dict(name=S, filesystem=D))
        if "filesystem" in p:
            fss.append(p["filesystem"])
    for f in fss:
        if not f["readable"]:
            check(f, dict(readable=B, type=S), {})
            continue
        check(f, dict(readable=B, type=S, uuid=S, state=S, features=L,
                      block_size=N, size=N, free=N, inodes=N, inodes_free=N),
              dict(label=S, os=D, packages=L, kernels=L))
        for k, v in f.get("os", {}).items():
            assert k in ("id", "name", "version_id", "codename", "pretty_name")
            assert type(v) is S
        for m in f.get("packages", []):
            check(m, dict(manager=S, file=S, readable=B),
                  dict(database=S, count=N, list=L))
            assert m["readable"] == ("count" in m)
            for p in m.get("list", []):
                check(p, dict(name=S, version=S, arch=S), {})
        for k in f.get("kernels", []):
            check(k, dict(path=S, size=N), dict(version=S))
    print(len(fss))
END
	"$IMGTOOL" info --json -p a.img c.cow e.img zero.img ${have_sfdisk:+gpt.cow gpt.img@2} |
		python3 schema.py >fss || fail "the JSON is not as documented"
	printf '1\n1\n1\n0\n' >want
	[ ! "$have_sfdisk" ] || printf '1\n1\n' >>want
	diff want fss >&2 || fail "file systems in the JSON"
fi

# rpm: rows over several pages, of every page size, and databases that are damaged
if command -v python3 >/dev/null && python3 -c 'import sqlite3' 2>/dev/null; then
	cat >rpmdb.py <<'END'
import os, sqlite3, struct, sys

# rpmdb.py FILE PAGE-SIZE COUNT: packages p0, p1... with headers of many sizes
def header(tags):
    index = store = b""
    for tag, kind, value in tags:
        store += b"\0" * (-len(store) % 4)
        index += struct.pack(">IIII", tag, kind, len(store), 1)
        store += value
    return struct.pack(">II", len(tags), len(store)) + index + store

name, page, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if os.path.exists(name):
    os.unlink(name)
db = sqlite3.connect(name)
db.execute(f"PRAGMA page_size = {page}")
db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
db.execute("CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
db.execute("CREATE INDEX 'Name_key_idx' ON 'Name'(key ASC)")
for i in range(count):
    n = b"p%d\0" % i
    tags = [(1000, 6, n), (1001, 6, b"1.%d\0" % i), (1002, 6, b"3.fc40\0"),
            (1028, 7, bytes([i % 251]) * (i * 37 % 9000)), (1022, 6, b"noarch\0")]
    if i % 3 == 0:
        tags.append((1003, 4, struct.pack(">I", i + 1)))
    db.execute("INSERT INTO Packages(blob) VALUES (?)", (header(tags),))
    db.execute("INSERT INTO Name VALUES (?, ?, 0)", (n, i))
db.commit()
END
	mkdir -p r/usr/lib/sysimage/rpm
	rpmdb=r/usr/lib/sysimage/rpm/rpmdb.sqlite
	for page in 512 4096 65536; do
		python3 rpmdb.py $rpmdb $page 300
		build r -o r.img
		capture "$IMGTOOL" info -p r.img
		assert_status 0
		assert_match '^    count: 300$'
		for ((i = 0; i < 300; i++)); do
			epoch=$((i + 1)):
			[ $((i % 3)) = 0 ] || epoch=
			echo "      p$i: ${epoch}1.$i-3.fc40 noarch"
		done >want
		grep '^      p' out | diff want - >&2 || fail "rpm's packages, pages of $page"
	done
	echo x >$rpmdb-wal
	build r -o r.img
	capture "$IMGTOOL" info -p r.img
	assert_status 0
	assert_match '^    database: sqlite with a write-ahead log$'
	assert_match '^    readable: no$'
	rm $rpmdb-wal
	python3 rpmdb.py $rpmdb 512 60
	cp $rpmdb good.db
	for ((seed = 1; seed <= ${FUZZ_ROUNDS:-8}; seed++)); do
		cp good.db $rpmdb
		mutate $seed $((seed % 9 + 1)) 0 100000000 $rpmdb
		build r -o r.img
		capture "$IMGTOOL" info -p r.img
		[ "$status" -le 1 ] || { show; fail "seed $seed: status $status"; }
		grep -av '^imgtool: ' err >&2 && fail "seed $seed: a message that is not ours"
	done
	for size in 0 50 100 511 1024 5000; do
		head -c $size good.db >$rpmdb
		build r -o r.img
		capture "$IMGTOOL" info -p r.img
		assert_status 1
		assert_match 'rpmdb.sqlite: the database is damaged' err
	done
fi

# hostile: too large, other things than files, control characters
hostile()
{
	build h -o h.img
	capture "$IMGTOOL" info -p h.img
	assert_status "$1"
	grep -v '^imgtool: ' err >&2 && fail "a message that is not ours"
	:
}
mkdir -p h/etc h/var/lib/dpkg h/boot
printf 'ID=a\33[31mb\nNAME=\n' >h/etc/os-release
printf 'Package: \33[2J\nVersion: \377\n' >h/var/lib/dpkg/status
hostile 0
assert_match '^    id: a\\033\[31mb$'
grep -q "$(printf '\33')" out && fail "control characters are shown as they are"
if command -v python3 >/dev/null; then
	"$IMGTOOL" info --json -p h.img | python3 schema.py >fss || fail "hostile JSON"
fi
truncate -s 65M h/var/lib/dpkg/status
hostile 1
assert_match 'h.img:/var/lib/dpkg/status: File too large' err
assert_match '^    readable: no$'
rm h/var/lib/dpkg/status h/etc/os-release
mkdir h/etc/os-release h/var/lib/dpkg/status
ln -s boot h/boot/vmlinuz
hostile 1
assert_match 'h.img:/etc/os-release: is not a file' err
assert_match 'h.img:/var/lib/dpkg/status: is not a file' err
rmdir h/etc/os-release
ln -s os-release h/etc/os-release
hostile 1
assert_match 'h.img:/etc/os-release: Too many levels' err
for name in '../xx' '/etcx' 'a\x00bcd'; do
	mkdir -p x/boot && echo x >x/boot/vmlinuz-XXYYY
	build x -o bad.img
	LC_ALL=C sed -i "s|XXYYY|$name|g" bad.img
	capture "$IMGTOOL" info bad.img
	[ "$status" = 1 ] || { show; fail "status $status, not 1"; }
	assert_match 'bad.img:/boot: the file system is damaged' err
done
for ((cut = 1; cut <= 4000; cut += 333)); do
	head -c "$((cut * 1024))" a.img >bad.img
	capture "$IMGTOOL" info -p bad.img
	[ "$status" -le 1 ] || { show; fail "cut at $cut KiB: status $status"; }
	grep -v '^imgtool: ' err >&2 && fail "a message that is not ours"
done
:
