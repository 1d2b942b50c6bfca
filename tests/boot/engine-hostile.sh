#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The engine on names that are unusual, and on images that are damaged: what the
# kernel makes of them comes out as one-line messages, and imgtool ends.
. "$UMKIT_SRC/tests/boot/engine.sh"
export PATH="$UMKIT_BUILD/tests/cli:$PATH"

mkdir -p odd/many
printf x >$'odd/\xff\xfe'
printf y >$'odd/new\nline'
printf z >'odd/back\slash'
: >"odd/$(printf 'n%.0s' {1..255})"
(cd odd/many && seq 5000 | xargs touch)
(
	cd odd
	for ((i = 0; i < 18; i++)); do
		mkdir "$(printf 'd%.0s' {1..200})"
		cd d*
	done
	echo deep >deep
)
touch -d '1960-01-01 00:00:00.5' odd/many/1
touch -d '2100-01-01 00:00:00.123456789' odd/many/2
imgtool build --quiet odd -o img
echo "# names, times, a deep path"
for verb in 'find -l' tar 'stat --json' sum; do
	# shellcheck disable=SC2086 # words
	imgtool $verb img >want
	# shellcheck disable=SC2086
	guarded imgtool $verb --engine guest img >got
	assert_status 0
	cmp want got || fail "$verb: the engines differ"
done

make_tree tree
tested=
for type in squashfs vfat iso9660 erofs; do
	make_image $type tree good || continue
	tested+=" $type"
	echo "# $type, damaged"
	for ((seed = 1; seed <= ${MUTATIONS:-4}; seed++)); do
		cp --sparse=always good bad
		mutate $seed $((seed * 5)) 0 "$(stat -c %s bad)" bad
		before=$(sha256sum <bad)
		for verb in tar sum; do
			guarded imgtool $verb bad:/ >out 2>err
			[ "$status" -le 1 ] ||
				fail "$type $seed: $verb: status $status"
			if grep -v "^imgtool: $verb: " err; then
				fail "$type $seed: $verb says something else"
			fi
			[ "$status" = 0 ] || [ -s err ] ||
				fail "$type $seed: $verb fails in silence"
			# what has no checker that repairs
			[ $type = vfat ] || assert_no_match fsck err
		done
		assert_eq "$(sha256sum <bad)" "$before" "the image"
	done
done
[ "$tested" ] || skip "no tools to make images"
