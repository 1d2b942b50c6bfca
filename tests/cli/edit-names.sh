#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mkdir, rm, mv, ln: on every kind of file system, and what they refuse.
. "$UMKIT_SRC/tests/cli/edit.sh"

long=$(printf 'n%.0s' {1..255})
target=$(printf 't%.0s' {1..700})

for kind in "${KINDS[@]}"; do
	echo "$kind"
	make_image "$kind" t.img
	edit rm -r t.img:/lost+found
	edit mkdir t.img:/a t.img:b "t.img:/$long"
	edit mkdir -p -m 2700 t.img:/p/q/r t.img:/p/q/r//
	has t.img /p/q/r 'Mode: *02?700'
	has t.img /p/q 'Links: 3'
	edit touch t.img:/a/file t.img:/b/two "t.img:/a/$long"
	edit ln t.img:/a/file t.img:/p/hard
	edit ln t.img:/a/file t.img:/b
	same_inode t.img /a/file /b/file
	has t.img /p/hard 'Links: 3'
	edit ln -s ../b/two t.img:/a/link
	edit ln -s "$target" t.img:/a/longlink
	edit ln -s . t.img:/a/dirlink
	has t.img /a/link 'Fast link dest: "../b/two"'
	assert_eq "$("$IMGTOOL" ls -l t.img:/a | sed -n 's/.* longlink -> //p')" "$target"
	clean t.img

	# over a file, into a directory, a directory to another parent
	edit mv t.img:/a/link t.img:/a/moved
	edit mv t.img:/a/moved t.img:/b/two t.img:/p
	edit touch t.img:/new
	edit mv t.img:/new t.img:/p/hard
	has t.img /a/file 'Links: 2'
	edit mv t.img:/p/q t.img:/b
	has t.img /b 'Links: 3'
	has t.img /p 'Links: 2'
	edit mv t.img:/p/two t.img:/a/dirlink
	absent t.img /p/two
	edit mkdir t.img:/empty
	edit mv t.img:/b/q t.img:/empty/
	edit mv t.img:/empty/q t.img:/q
	edit mkdir t.img:/full t.img:/full/empty t.img:/empty/full
	edit mv t.img:/empty t.img:/full
	edit rm -r t.img:/full/empty
	clean t.img
	files t.img >found
	printf '%s\n' /a /a/dirlink /a/file /a/longlink "/a/$long" /a/two /b \
		/b/file /full "/$long" /p /p/hard /p/moved /q /q/r >want
	sort want | diff - <(sort found) >&2 || fail "$kind: names"

	edit ln -sf elsewhere t.img:/p/moved
	has t.img /p/moved 'elsewhere'
	edit rm -f t.img:/none t.img:/a/file
	has t.img /b/file 'Links: 1'
	edit rm -r t.img:/a t.img:/b t.img:/p "t.img:/$long" t.img:/full t.img:/q
	assert_eq "$(files t.img)" "" "$kind: files that are left"
	clean t.img
done

# nothing is left of the space either
make_image ext4 t.img
before=$(free_blocks t.img)
edit mkdir -p t.img:/x/y
for name in /x/y/{1..40}; do
	echo "t.img:$name$long"
done | cut -c 1-255 | xargs "$IMGTOOL" touch
edit rm -r t.img:/x
assert_eq "$(free_blocks t.img)" "$before" "free blocks"

# refused, one line each, and nothing changed
edit mkdir -p t.img:/d/sub
edit touch t.img:/f
edit ln -s nowhere t.img:/dangling
# (the superblock has the second of the last change in it)
debugfs -w -R 'ssv wtime 1000' t.img >/dev/null 2>&1
cp t.img same.img
not_edited 1 't.img:/d: is there already' mkdir t.img:/d
not_edited 1 't.img:/f: is there already' mkdir -p t.img:/f
not_edited 1 't.img:/no/x: no such file' mkdir t.img:/no/x
not_edited 1 't.img:/f/x: Not a directory' mkdir t.img:/f/x
not_edited 1 't.img:/none: no such file' rm t.img:/none
not_edited 1 't.img:/d: is a directory; -r' rm t.img:/d
not_edited 1 't.img:/: has no name' rm -r t.img:/
not_edited 1 't.img:/d/..: has no name' rm -r t.img:/d/..
not_edited 1 't.img:/d: cannot be moved into itself' mv t.img:/d t.img:/d/sub
not_edited 1 't.img:/d: cannot be moved into itself' mv t.img:/d t.img:/d/sub/new
not_edited 1 't.img:/d: Not a directory' mv t.img:/d t.img:/f
not_edited 1 't.img:/f: Not a directory' mv t.img:/d t.img:/dangling t.img:/f
not_edited 1 't.img:/d: Is a directory' ln t.img:/d t.img:/d2
not_edited 1 't.img:/f: is there already' ln t.img:/dangling t.img:/f
not_edited 1 't.img: names no file' rm t.img
not_edited 1 'same.img:/x: is in another image' mv t.img:/f same.img:/x
not_edited 1 "t.img:/${long}n: " mkdir "t.img:/${long}n"
not_edited 2 '' mkdir
not_edited 2 '' mv t.img:/f
cmp t.img same.img || fail "a refused edit changed the image"

# exact names, partitions
cp t.img a:b
edit mkdir --image a:b /exact
has a:b /exact 'Type: directory'

# in a partition: nothing outside of it is written
mkdir source
echo content >source/file
capture "$IMGTOOL" build -q source --partition gpt --size 40M -o p.img
assert_status 0
head -c 1048576 p.img >front
tail -c 20000 p.img >behind
edit mkdir p.img@1:/new
edit mv p.img@1:/file p.img@1:/new
edit cp source/file p.img:/again
edit cp p.img@1:/new/file back
assert_eq "$(cat back)" content
head -c 1048576 p.img | cmp - front || fail "written in front of the partition"
tail -c 20000 p.img | cmp - behind || fail "written behind the partition"
fsck 'p.img?offset=1048576'
assert_eq "$("$IMGTOOL" cat p.img@1:/new/file)" content
not_edited 1 'p.img: has no partition 2' mkdir p.img@2:/x
