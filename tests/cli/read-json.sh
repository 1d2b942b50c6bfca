#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What --json prints is what the man pages say, field by field, for every verb
# that has it (info: read-info.sh; cow: its own cases); and every verb that
# prints a report has it.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd python3

cat >schema.py <<'END'
import json, os, re, sys
N, S, L, D = int, str, list, dict
FILE = (dict(path=S, inode=N, type=S, mode=S, links=N, uid=N, gid=N, size=N,
             allocated=N, mtime=S, atime=S, ctime=S, xattrs=L),
        dict(major=N, minor=N, crtime=S, target=S))
KINDS = {
    "ls": FILE, "find": FILE, "stat": FILE, "tree": FILE,
    "du": (dict(path=S, allocated=N), {}),
    "df": (dict(image=S, type=S, size=N, free=N, inodes=N, inodes_free=N), {}),
    "sum": (dict(path=S, sha256=S), {}),
    "diff": (dict(path=S, change=S, what=L), dict(a=D, b=D)),
    "fsck": (dict(image=S, status=N), dict(container=D, filesystem=D)),
    "sparsify": (dict(image=S, given_back=N), {}),
    "build": (dict(size=N, free=N, inodes=N), dict(image=S)),
}
TYPES = "file directory symlink char block fifo socket".split()
TIME = re.compile(r"-?\d+-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")

def check(o, kind, skip=()):
    need, may = KINDS[kind] if isinstance(kind, str) else kind
    for k, t in need.items():
        assert k in skip or type(o[k]) is t, (kind, k, o)
    for k in o:
        assert k in need or type(o[k]) is may[k], (kind, k, o)
    if "mode" not in o:
        return
    assert o["type"] in TYPES and re.match("[0-7]{4}$", o["mode"]), o
    assert ("target" in o) == (o["type"] == "symlink"), o
    assert ("major" in o) == (o["type"] in ("char", "block")), o
    assert all(TIME.match(o[k]) for k in o if k.endswith("time")), o
    for x in o["xattrs"]:
        check(x, (dict(name=S, hex=S), {}))
        bytes.fromhex(x["hex"])

verb = sys.argv[1]
got = json.load(sys.stdin)
if verb in ("fsck", "sparsify", "build"):
    check(got, verb)
    if "filesystem" in got:
        check(got["filesystem"], (dict(type=S, status=N, messages=L), {}))
    sys.exit()
assert type(got) is list and got, got
for o in got:
    check(o, verb)
    if verb == "diff":
        assert o["change"] in ("added", "removed", "changed"), o
        assert ("a" in o) == (o["change"] != "added"), o
        assert ("b" in o) == (o["change"] != "removed"), o
        for side in "a", "b":
            if side in o:
                check(o[side], FILE, skip=("path",))
                assert "path" not in o[side]
for name in sys.argv[2:]:
    assert any(os.fsencode(o["path"]) == os.fsencode(name) for o in got), \
        (name, got)
END

mkdir tree tree/dir
echo data >tree/file
ln tree/file tree/hard
ln -s 'to "quotes"' tree/dir/link
mkfifo tree/fifo
odd=$(printf 'bad\377 \001"\\')
touch "tree/$odd"
touch -d '1960-01-01 00:00:00.5' tree/dir/old
mktar 'c null 1 3' 'b disk 259 70000' 'pax SCHILY.xattr.user.a=1' 'f attr x' \
	'pax SCHILY.acl.access=user::rw-,user:5:rwx,group::r--,mask::rwx,other::r--' \
	'f acl x' >more.tar

# json VERB NAME... -- ARGUMENT...
json()
{
	local names=()
	verb=$1
	shift
	while [ "$1" != -- ]; do
		names+=("$1")
		shift
	done
	shift
	capture "$IMGTOOL" "$verb" --json "$@"
	[ "$status" = 0 ] || { [ "$verb" = diff ] && [ "$status" = 1 ]; } ||
		{ show; fail "$verb"; }
	python3 schema.py "$verb" "${names[@]}" <out ||
		{ cat out >&2; fail "$verb --json is not as documented"; }
}

json build -- -q tree more.tar -o t.img
json build -- tree more.tar --fs ext2 -o old.img
json build -- --dry-run tree
[ "$(python3 -c 'import json; print(json.load(open("out"))["size"])')" = \
	"$("$IMGTOOL" build --dry-run tree | sed -E 's/.* ([0-9]+) bytes.*/\1/')" ] ||
	fail "the size of a dry run"
"$IMGTOOL" build -q tree -o other.img
"$IMGTOOL" rm other.img:/file
"$IMGTOOL" chmod 600 other.img:/hard
for image in t.img old.img; do
	json ls "/$odd" /null /acl -- $image
	json find /dir/link /disk "/$odd" -- $image
	json tree / /dir/old /attr -- $image
	json stat /null -- $image:/null
	json du / /dir -- $image
	json df -- $image
	json sum "/$odd" /file -- $image
	json diff /attr /file /hard -- $image other.img
	json diff /attr /file -- other.img $image
	json fsck -- $image
	json sparsify -- $image
	json sparsify -- -q $image
done
[ "$("$IMGTOOL" tree --json t.img)" = "$("$IMGTOOL" find --json t.img)" ] ||
	fail "tree and find differ"
json tree /dir -- --depth 1 t.img
grep -q '/dir/old' out && fail "tree --json --depth"
cp old.img base.img
"$IMGTOOL" cow create top.cow base.img
json fsck -- top.cow

# who prints a report has the option; a new verb is looked at by somebody
for verb in info fsck sparsify build ls stat tree find du df sum diff cow; do
	"$IMGTOOL" help $verb >help
	assert_match '--json' help
done
"$IMGTOOL" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort >verbs
printf '%s\n' build cat chmod chown convert cow cp df diff du edit find fsck info \
	ln ls mkdir mount mv resize rm run setfattr sparsify stat sum tar touch tree \
	truncate umount | sort >known
grep -vxFf known verbs | grep -v imgtool >&2 && fail "verbs that are new: do they report?"
exit 0
