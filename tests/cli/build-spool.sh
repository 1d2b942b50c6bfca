#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --spool: a directory, tars in any order and a container image of one tree
# give the same bytes.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/b/deep d/a
seq 100000 >d/b/numbers
echo x >d/a/x && ln d/a/x d/b/deep/link
: >d/zero
ln -s "$(printf 'y%.0s' {1..100})" d/long
head -c 5000000 /dev/urandom >d/b/random
mkdir d/many && (cd d/many && for n in {1..400}; do echo "$n" >"f$n"; done)
truncate -s 9M d/sparse
for at in 3 4 500 2000; do
	echo "$at" | dd of=d/sparse bs=4096 seek=$at conv=notrunc status=none
done
printf '%0.s-' {1..4096} | dd of=d/sparse bs=4096 seek=2303 conv=notrunc status=none
find d -exec touch -h -d '2020-01-02 03:04:05' {} +

options=(--owner 0:0 --seed s --exclude /sparse)
sums()
{
	sha256sum "$1" | cut -d' ' -f1
}
# archives that go over what others have: nothing may be left of that
mktar 'f b/numbers old\scontents' 'f a/gone x' >under.tar
build d "${options[@]}" -o d.img
build d "${options[@]}" --spool -o x.img
assert_same_file d.img x.img

tar --format=posix --pax-option=delete=atime,delete=ctime -C d -cf s.tar .
build s.tar "${options[@]}" --spool -o x.img
assert_same_file d.img x.img
build "${options[@]}" --spool - -o x.img <s.tar
assert_same_file d.img x.img
(cd d && find . -print0 | sort -rz) | tar -C d --null --no-recursion \
	--format=posix --pax-option=delete=atime,delete=ctime -T - -cf r.tar
build r.tar "${options[@]}" --spool -o x.img
assert_same_file d.img x.img
build r.tar "${options[@]}" -o x.img
! cmp -s d.img x.img || fail "the order of the archive does not matter"

# holes, where tar finds what lseek() finds
build d --owner 0:0 --seed s -o d.img
tar -S --hole-detection=seek --format=posix \
	--pax-option=delete=atime,delete=ctime -C d -cf h.tar .
build h.tar --owner 0:0 --seed s --spool -o x.img
assert_eq "$(in_image x.img 'cat /sparse' | sha256sum)" \
	"$(sha256sum <d/sparse)" sparse
capture "$IMGTOOL" diff d.img x.img
assert_status 0

# two layers of a container image
mkdir -p oci/blobs/sha256
blob()
{
	local sum
	sum=$(sums "$1")
	cp "$1" "oci/blobs/sha256/$sum"
	echo "\"digest\":\"sha256:$sum\",\"size\":$(stat -c %s "$1")"
}
mktar 'f a/.wh.gone x' >white.tar
layers=''
for layer in under.tar white.tar s.tar; do
	layers+=",{$(blob $layer)}"
done
echo "{\"layers\":[${layers#,}]}" >manifest
echo "{\"manifests\":[{$(blob manifest)}]}" >oci/index.json
echo '{"imageLayoutVersion":"1.0.0"}' >oci/oci-layout
build oci "${options[@]}" --spool -o x.img
build d "${options[@]}" -o d.img
assert_same_file d.img x.img

mkdir gone && rmdir gone
TMPDIR=$PWD/gone capture "$IMGTOOL" build -q s.tar --spool -o no.img
assert_plain_error 1 'gone/imgtool.*set TMPDIR'
