#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An image that gets full: said in one line, and the file system stays sound.
. "$UMKIT_SRC/tests/cli/edit.sh"

head -c 3000000 /dev/urandom >data
mkdir many
for i in {1..40}; do
	head -c 100000 data >many/"$i"
done

for kind in "${KINDS[@]}"; do
	echo "$kind"
	make_image "$kind" t.img 8M
	i=0
	while "$IMGTOOL" cp data "t.img:/data$i" 2>err; do
		i=$((i + 1))
		[ "$i" -lt 10 ] || fail "3 MB fit into 8 MiB ten times"
	done
	assert_eq "$(cat err)" 'imgtool: cp: data: no space left in the image'
	absent t.img "/data$i"
	clean t.img
	# what was there before is whole: a file is not cut for what can't fit
	echo old >old
	edit cp old t.img:/old
	not_edited 1 'data: no space left in the image' cp data t.img:/old
	content t.img /old old
	# a tree: what fits is there, and one message
	not_edited 1 'many/[0-9]*: no space left in the image' cp -r many t.img:/
	clean t.img
	# file by file, directory by directory, to the last block
	i=0
	while "$IMGTOOL" mkdir "t.img:/dir$i" 2>err; do
		i=$((i + 1))
	done
	assert_match 'no (space left in the image|free inode)|has no free inode' err
	clean t.img
	while "$IMGTOOL" cp old "t.img:/small$i" 2>err; do
		i=$((i + 1))
	done
	clean t.img
	capture "$IMGTOOL" setfattr -n user.x -v "$(printf 'v%.0s' {1..500})" t.img:/old
	capture "$IMGTOOL" ln -s "$(printf 'v%.0s' {1..500})" t.img:/symlink
	clean t.img
	# and there is room again
	"$IMGTOOL" find --name 'data*' t.img | sed 's/^/t.img:/' | xargs "$IMGTOOL" rm
	edit cp data t.img:/again
	in_image t.img 'cat again' | cmp - data || fail "data differs"
	clean t.img
done

# no inode left
mke2fs -q -F -t ext4 -N 32 i.img 8M
capture "$IMGTOOL" cp -r many i.img:/
assert_plain_error 1 'many/[0-9]*: the image has no free inode left'
clean i.img
edit rm -r i.img:/many
clean i.img
