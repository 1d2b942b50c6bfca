#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ls, cat, stat, tree, find, du, df, sum on an image whose contents we know.
. "$UMKIT_SRC/tests/cli/cli.sh"

long=$(printf 'n%.0s' {1..255})
mktar 'set mode=755' 'd dir' 'd dir/sub' 'set mode=644 uid=1000 gid=70000' \
	'f dir/file hello\n' 'h dir/hard dir/file' 's dir/link sub/../file' \
	's abs /dir/file' 's up ../../../dir/file' 's loop loop' \
	'c null 1 3' 'b disk 259 70000' 'p fifo' "pax path=$long" "f longname long" \
	'pax mtime=-1.25 SCHILY.xattr.user.one=1' 'f times x' \
	'F big 3000000' "f $(printf 'bad\xff') x" >t.tar
build t.tar -o t.img

capture "$IMGTOOL" ls t.img:/dir
assert_status 0
assert_out 'file
hard
link
sub'
capture "$IMGTOOL" ls -l t.img:/dir/file
assert_match '^-rw-r--r-- +2 +1000 +70000 +6 2023-11-14 22:13:20 /dir/file$'
capture "$IMGTOOL" ls -l t.img
assert_match '^crw-r--r-- +1 .* 1,3 .* null$'
assert_match '^brw-r--r-- +1 .* 259,70000 .* disk$'
assert_match '^lrwx.* abs -> /dir/file$'
capture "$IMGTOOL" ls -d t.img:/dir
assert_out '/dir'

for path in /dir/file dir/file /abs /up /dir/link /dir/../dir//./hard; do
	capture "$IMGTOOL" cat "t.img:$path"
	assert_status 0
	assert_out hello
done
in_image t.img 'cat /big' >big
"$IMGTOOL" cat t.img:big | cmp - big || fail "cat differs from debugfs"
assert_eq "$("$IMGTOOL" cat "t.img:/$long")" long
for path in /none /dir/file/ /dir/file/x /loop /null /dir; do
	capture "$IMGTOOL" cat "t.img:$path"
	assert_plain_error 1 "^imgtool: cat: t.img:$path?: "
done
capture "$IMGTOOL" cat none.img:/x
assert_plain_error 1 '^imgtool: cat: none.img:/x: no such image'
capture "$IMGTOOL" cat
assert_plain_error 2 '^imgtool: cat: '

# every inode as debugfs has it
"$IMGTOOL" find -0 t.img >names
count=0
while read -r -d '' path; do
	capture "$IMGTOOL" stat "t.img:$path"
	assert_status 0
	in_image t.img "stat \"$path\"" >want
	inode=$(sed -n 's/^Inode: \([0-9]*\).*/\1/p' want)
	assert_match "inode: $inode\$"
	assert_match "mode: $(sed -n 's/.* Mode: *\([0-7]*\).*/\1/p' want) "
	assert_match "owner: $(sed -n 's/^User: *\([0-9]*\) *Group: *\([0-9]*\).*/\1:\2/p' want)\$"
	assert_match "links: $(sed -n 's/^Links: \([0-9]*\).*/\1/p' want)\$"
	[ -z "$(grep -o 'Size: [0-9]*' want)" ] ||
		assert_match "size: $(sed -n 's/.*Size: \([0-9]*\).*/\1/p' want)\$"
	count=$((count + 1))
done <names
assert_eq "$count" 17 "number of files"
capture "$IMGTOOL" stat t.img:/times
assert_match 'modified: 1969-12-31T23:59:58.750000000Z'
assert_match 'xattr: user.one=1$'

capture "$IMGTOOL" tree t.img:/dir
assert_out '/dir
|-- file
|-- hard
|-- link -> sub/../file
`-- sub'
capture "$IMGTOOL" find t.img:/ --type l --name '*p'
assert_out '/loop
/up'
capture "$IMGTOOL" find t.img --depth 0
assert_out /
capture "$IMGTOOL" du -s --bytes t.img:/dir
assert_out "$((3 * 4096))	/dir"
capture "$IMGTOOL" df --bytes t.img
assert_match " $(($(free_blocks t.img) * 4096)) "
capture "$IMGTOOL" sum t.img:/dir
assert_out "$(echo hello | sha256sum | cut -d' ' -f1)  /dir/file
$(echo hello | sha256sum | cut -d' ' -f1)  /dir/hard"
# every length around the digest's block
for n in 55 56 57 63 64 65 119 120 3000; do
	echo "F f$n $n"
done | tr '\n' '\0' | xargs -0 mktar >s.tar
build s.tar -o s.img
while read -r digest path; do
	assert_eq "$digest" "$(in_image s.img "cat $path" | sha256sum | cut -d' ' -f1)"
done < <("$IMGTOOL" sum s.img)

# JSON: for a machine, with every byte of a name
if command -v python3 >/dev/null; then
	for verb in 'ls -l' stat find du df sum; do
		# shellcheck disable=SC2086
		"$IMGTOOL" ${verb% -l} --json t.img >json
		python3 -c 'import json, sys; json.load(sys.stdin)' <json ||
			fail "$verb: not JSON"
	done
	"$IMGTOOL" find --json t.img | python3 -c '
import json, os, sys
d = {os.fsencode(f["path"]): f for f in json.load(sys.stdin)}
assert b"/bad\xff" in d
assert d[b"/dir/file"]["uid"] == 1000 and d[b"/dir/file"]["links"] == 2
assert d[b"/abs"]["target"] == "/dir/file"
assert d[b"/times"]["xattrs"] == [{"name": "user.one", "hex": "31"}]
assert d[b"/disk"]["major"] == 259 and d[b"/disk"]["minor"] == 70000
' || fail "find --json"
fi

# the image's name: the longest prefix that is a file
cp t.img user@host.img
cp t.img a:b
cp t.img t.img@1
cp s.img t.img:dir
assert_eq "$("$IMGTOOL" cat user@host.img:/dir/file)" hello
assert_eq "$("$IMGTOOL" cat a:b:/dir/file)" hello
assert_eq "$("$IMGTOOL" cat t.img@1:/dir/file)" hello
assert_match '^f55$' <("$IMGTOOL" ls t.img:dir)
capture "$IMGTOOL" ls --image t.img dir
assert_match '^hard$'
capture "$IMGTOOL" ls .
assert_plain_error 1 'ls: .: is a directory'
