#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Edits in COW files, through a chain of layers: the backing is not touched.
. "$UMKIT_SRC/tests/cli/edit.sh"

# sound COW: the container, and the file system in it
sound()
{
	capture "$IMGTOOL" cow check "$1"
	assert_status 0
	rm -f flat.img
	capture "$IMGTOOL" cow flatten "$1" flat.img
	assert_status 0
	clean flat.img
}

mkdir tree tree/sub
for i in {1..200}; do
	echo "$i" >"tree/sub/$i"
done
head -c 3000000 /dev/urandom >tree/big
make_image ext4 base.img 32M
edit cp -a tree base.img:/old
cp base.img same.img

capture "$IMGTOOL" cow create one.cow base.img
assert_status 0
edit mkdir one.cow:/new
edit cp -a tree one.cow:/new
edit rm -r one.cow:/old/sub
edit truncate -s 5000 one.cow:/old/big
sound one.cow
cp one.cow one.same
capture "$IMGTOOL" cow create two.cow one.cow
assert_status 0
edit mv two.cow:/new/tree two.cow:/tree
edit setfattr -n user.x -v y two.cow:/tree
edit cp -a two.cow:/tree two.cow:/again
sound two.cow
cmp base.img same.img || fail "the backing was changed"
cmp one.cow one.same || fail "the layer below was changed"

edit cp -a two.cow:/tree got
diff -r tree got >&2 || fail "trees differ"
assert_eq "$(files flat.img | wc -l)" 410 "files"
make_image ext4 u.img 32M
edit cp -a two.cow:/again/. u.img:/
clean u.img
# a layer holds its backing
not_edited 1 '.*base.img: in use' cp -a two.cow:/again base.img:/
not_edited 1 't.cow:/x: no such image' mkdir t.cow:/x

# killed half-way: the container is sound, and e2fsck repairs the rest
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	cp same.img base.img
	for n in 2 7 20 60; do
		rm -f one.cow
		"$IMGTOOL" cow create one.cow base.img >create.out
		capture strace -f -o trace -e trace=pwrite64,pwritev,pwritev2 \
			-e inject=pwrite64,pwritev,pwritev2:signal=KILL:when=$n \
			"$IMGTOOL" cp -a tree one.cow:/new
		[ "$status" != 0 ] || continue
		capture "$IMGTOOL" cow check one.cow
		[ "$status" -le 1 ] || { show; fail "kill at $n: cow check"; }
		rm -f flat.img
		"$IMGTOOL" cow flatten one.cow flat.img >flatten.out 2>&1 ||
			{ cat flatten.out >&2; fail "kill at $n: flatten"; }
		e2fsck -fy flat.img >fsck.log 2>&1 || [ $? -le 3 ] ||
			{ cat fsck.log >&2; fail "kill at $n: e2fsck"; }
		clean flat.img
		content flat.img /old/sub/77 77
	done
fi
