#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hard links: targets that come later, links to links, to another source, with
# data on the last name, and those that make no sense.
. "$UMKIT_SRC/tests/cli/cli.sh"

mktar 'h a b' 'h b c' 'f c data' 'h d d2' 's d2 nowhere' >later.tar
build later.tar -o later.img
same_inode later.img /a /c
same_inode later.img /b /c
has later.img /c '^Links: 3 '
content later.img /a data
same_inode later.img /d /d2
has later.img /d2 'Type: symlink'

# a layer that links to a file of the one below, and replaces its name
mktar 'f usr/lib/x lower' >lower.tar
mktar 'h usr/lib/y usr/lib/x' 'f usr/lib/x upper' >upper.tar
build lower.tar upper.tar -o layers.img
content layers.img /usr/lib/y lower
content layers.img /usr/lib/x upper
has layers.img /usr/lib/y '^Links: 1 '

# the same below a directory source
mkdir dir && echo -n lower >dir/x
mktar 'h y x' 'f x upper' >upper.tar
build dir upper.tar -o layers.img
content layers.img /y lower
content layers.img /x upper

if command -v cpio >/dev/null; then
	mkdir c && echo -n data >c/one && ln c/one c/two && ln c/one c/three
	(cd c && find . | sort | cpio --quiet -o -H newc) >c.cpio
	build c.cpio -o c.img
	content c.img /one data
	same_inode c.img /one /two
	same_inode c.img /one /three
fi

# directories that stand in a link's way
mktar 'f a/b data' 'h a a/b' >in.tar
build in.tar -o in.img
content in.img /a data
mktar 'f a data' 'f b other' 'h a/b b' >out.tar
build out.tar -o out.img
content out.img /a/b other
same_inode out.img /a/b /b

# chains of links that wait for each other, in any order but one made to take long
chain()
{
	for n; do echo "h l$n l$((n + 1))"; done
	echo 'f l101 data'
}
for order in "$(seq 100)" "$(seq 100 -1 1)" "$(seq 50 100) $(seq 49)"; do
	# shellcheck disable=SC2086 # numbers
	mapfile -t links < <(chain $order)
	mktar "${links[@]}" >t.tar
	build t.tar -o t.img
	has t.img /l1 '^Links: 101 '
done
# shellcheck disable=SC2046 # numbers
mapfile -t links < <(chain $(seq 1 2 99) $(seq 100 -2 2))
mktar "${links[@]}" >t.tar
refused 1 't.tar: l[0-9]*: hard link to l[0-9]*, which is behind too many links that come later' t.tar

mktar 'h a nowhere' >t.tar
refused 1 't.tar: a: hard link to nowhere, which is nowhere' t.tar
mktar 'h a b' 'h b a' >t.tar
refused 1 't.tar: a: hard link to b, which is nowhere' t.tar
mktar 'd a' 'h b a' >t.tar
refused 1 't.tar: b: hard link to a directory' t.tar
mktar 'f a x' 'h b ../../a' >t.tar
refused 1 't.tar: \.\./\.\./a: .*"\.\." component' t.tar
mktar 'f a data' 'h a a' >t.tar
build t.tar -o t.img
content t.img /a data
