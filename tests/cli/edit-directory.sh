#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A directory with a hash index: 3,000 names, others added and removed.
. "$UMKIT_SRC/tests/cli/edit.sh"

long=$(printf 'n%.0s' {1..60})
for ((i = 0; i < 3000; i++)); do
	printf 'f d/%s%d\0' "$long" "$i"
done | { printf 'd d\0'; cat; } | xargs -0 -s 1000000 -x mktar >t.tar
build t.tar --size 200M -o t.img
has t.img /d 'Flags: 0x[0-9a-f]*1[0-9a-f]{3}$'

check_names()
{
	files t.img | sed -n 's,^/d/,,p' | sort >found
	sort want | diff - found >differ ||
		{ head -n 5 differ >&2; fail "names after $1"; }
	# debugfs asks the index, if there is one
	while read -r name; do
		echo "stat d/$name"
	done < <(shuf -n 40 --random-source=<(yes) want) >commands
	debugfs -f commands t.img 2>/dev/null | grep -c '^Inode:' >count
	assert_eq "$(cat count)" 40 "names that debugfs finds"
	clean t.img
}

seq -f "$long%.0f" 0 2999 >want
check_names building
seq -f "more$long%.0f" 0 2999 | tee -a want | sed 's,^,t.img:/d/,' |
	xargs "$IMGTOOL" touch
check_names adding
# every second one
awk 'NR % 2' want | sed 's,^,t.img:/d/,' | xargs "$IMGTOOL" rm
awk 'NR % 2 == 0' want >rest
mv rest want
check_names removing
edit mv t.img:/d/more"$long"1 t.img:/d/moved
{ grep -vx "more${long}1" want; echo moved; } >rest
mv rest want
check_names moving
edit rm -r t.img:/d
assert_eq "$(files t.img)" /lost+found
clean t.img

# a directory in a directory, deeper than any stack
path=t.img:
for ((i = 0; i < 100; i++)); do
	path=$path/d$i
done
edit mkdir -p "$path"
edit rm -r t.img:/d0
clean t.img

# A new directory gets an index when it outgrows a block, as the kernel does.
mkdir many
(cd many && seq -f "$long%.0f" 5000 | xargs touch)
for kind in ext4 'ext4 -b 1024 -O ^metadata_csum' 'ext2 -O ^dir_index'; do
	make_image "$kind -N 6000" u.img
	edit cp -r many u.img:/d
	clean u.img
	files u.img | sed -n 's,^/d/,,p' | sort | cmp - <(ls many | sort) ||
		fail "$kind: names"
	has u.img "/d/${long}777" 'Type: regular'
	[[ $kind = *^dir_index ]] || has u.img /d 'Flags: 0x[0-9a-f]*1[0-9a-f]{3}$'
done
