#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Archives and command lines that must be refused with one line, and names that
# only look odd.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'f ../x evil' >t.tar
refused 1 't.tar: \.\./x: name has a "\.\." component' t.tar
mktar 'f a/../../x evil' >t.tar
refused 1 't.tar: a/\.\./\.\./x: ' t.tar
mktar 'd ..' >t.tar
refused 1 't.tar: \.\.: ' t.tar
mktar "pax path=$(printf 'n%.0s' {1..256})" 'f x y' >t.tar
refused 1 't.tar: n+: name is longer than 255 bytes' t.tar
mktar "pax path=$(printf 'nnn/%.0s' {1..1025})x" 'f x y' >t.tar
refused 1 't.tar: .*: path is longer than 4095 bytes' t.tar
mktar 'f . data' >t.tar
refused 1 't.tar: /: is not a directory' t.tar
mktar 'pax linkpath=' 's a b' 's x ' >t.tar
refused 1 't.tar: .: symlink without a target' t.tar
mktar 'c dev 5000 1' >t.tar
refused 1 't.tar: dev: device number is out of range' t.tar
mktar 'pax uid=99999999999' 'f a b' >t.tar
refused 1 'a: its owner is out of range' t.tar
mktar 'pax GNU.sparse.major=1 GNU.sparse.minor=0 GNU.sparse.realsize=99999999999999999' \
	'f sparse 0\n' >t.tar
refused 1 '(t.tar|sparse): ' t.tar
mktar 'f lost+found data' >t.tar
refused 1 'lost\+found: .*directory' t.tar
build t.tar --exclude /lost+found -o lf.img
# control characters do not reach the terminal
mktar "f $(printf '../\033[2J')\\nx data" >t.tar
refused 1 't.tar: \.\./\\033\[2J\\012x: ' t.tar

# names that are only odd
mktar 'f //abs/./file data' 'f ./dot data' 'f ...three data' \
	'pax path=ünïcode' 'f u data' "f $(printf '\377\376') bytes" \
	"pax path=$(printf 'n%.0s' {1..255})" 'f x y' >t.tar
build t.tar -o t.img
content t.img /abs/file data
content t.img /dot data
content t.img /...three data
content t.img /ünïcode data
content t.img "/$(printf '\377\376')" bytes
content t.img "/$(printf 'n%.0s' {1..255})" y

# cut off anywhere: never a silent success, never half an image
mktar 'f a one' 'F b 3000' 'd c' 'f d four' 'd e' >whole.tar
size=$(stat -c %s whole.tar)
for ((n = 0; n < size - 1024; n += 256)); do
	head -c $n whole.tar >t.tar
	refused 1 't\.tar: ' t.tar
	head -c $n whole.tar >t.tar
done
head -c $((size - 512)) whole.tar >t.tar
build t.tar -o t.img
gzip -c whole.tar | head -c 100 >t.tgz
refused 1 't.tgz: ' t.tgz
# damaged headers and noise
for ((n = 100; n < 600; n += 50)); do
	{ head -c $n whole.tar; printf 'XXXXXXXX'; tail -c +$((n + 9)) whole.tar; } >t.tar
	capture "$IMGTOOL" build -q t.tar -o no.img
	[ "$status" = 0 ] || assert_plain_error 1 '^imgtool: build: '
	rm -f no.img
done
head -c 100000 /dev/urandom >noise
refused 1 'noise: the archive is damaged or of an unknown kind' noise
: >empty
refused 1 'empty: is empty' empty
# an mtree names files of the host
printf '#mtree\n./x type=file contents=/etc/passwd\n' >mtree
refused 1 '/etc/passwd: lies outside' mtree
