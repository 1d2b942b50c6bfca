#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images made to harm their reader: every number in them may be wrong.
. "$UMKIT_SRC/tests/cli/cli.sh"

# sane STATUS: the last command ended by itself, with one of our messages
sane()
{
	[ "$status" = "$1" ] || { show; fail "status $status, expected $1"; }
	grep -v '^imgtool: ' err >&2 && fail "a message that is not ours"
	:
}

# patch IMG TEXT-REGEX REPLACEMENT: bytes of the same length
patch()
{
	LC_ALL=C sed -i "s|$2|$3|g" "$1"
}

mktar 'd sub' 'f sub/XXYYY data' 'f other x' >t.tar
build t.tar -o good.img

# an entry with a slash, or NUL, never shows
for name in '../xx' '/etcx' 'a\x00bcd' '../..'; do
	cp good.img bad.img
	patch bad.img XXYYY "$name"
	cmp -s good.img bad.img && fail "nothing was patched"
	capture "$IMGTOOL" find bad.img
	sane 1
	assert_no_match 'etcx|xx|bcd|\.\.'
	assert_match '^/other$'
	assert_match 'bad.img:/sub: the file system is damaged here; imgtool fsck --repair may help$' err
done

# a directory that contains itself, by another entry
cp good.img bad.img
debugfs -w -R 'link sub sub/again' bad.img >/dev/null 2>&1
capture "$IMGTOOL" find bad.img
sane 1
assert_match 'sub/again: a directory that stands elsewhere, too' err

# sizes beyond everything
for size in 0x7fffffffffffffff 0xffffffffffff 0x3ffffffffff; do
	for file in other sub; do
		cp good.img bad.img
		debugfs -w -R "set_inode_field $file size $size" bad.img >/dev/null 2>&1
		capture "$IMGTOOL" find bad.img
		[ "$status" -le 1 ] || { show; fail "find: status $status"; }
		grep -v '^imgtool: ' err >&2 && fail "a message that is not ours"
	done
done

# cut short, and with noise: whatever the status, it ends by itself
for ((cut = 1; cut <= 4000; cut += 333)); do
	head -c "$((cut * 1024))" good.img >bad.img
	capture "$IMGTOOL" sum bad.img
	[ "$status" -le 1 ] || { show; fail "cut at $cut KiB: status $status"; }
done

# names do not talk to the terminal, by U+009B either; what is text stays
mkdir -p names
: >"names/$(printf 'a\302\2332Jb')"
: >"names/$(printf '\303\251\302\240x')"
build names -o names.img
capture "$IMGTOOL" ls names.img
assert_status 0
assert_match '^a\\302\\2332Jb$'
assert_match "^$(printf '\303\251\302\240x')\$"
capture "$IMGTOOL" ls "$(printf 'names.img:/\302\233')"
assert_plain_error 1 '\\302\\233: no such file in the image'
capture "$IMGTOOL" ls --json names.img
assert_match 'a\\u009b2Jb"'
python3 -c 'import json, sys
names = [e["path"] for e in json.load(open("out"))]
assert any("a\x9b2Jb" in n for n in names), names' || fail "JSON of a control"
