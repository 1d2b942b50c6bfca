#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A file system that was not unmounted is seen as its journal makes it, which
# is what e2fsck makes of it; journals that are damaged or cannot be read are
# told of.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs

# change IMG COMMAND...: with debugfs, nothing in the journal
change()
{
	printf '%s\n' "${@:2}" | debugfs -w -f - "$1" >debugfs.out 2>&1
	! grep -iE 'error|not found' debugfs.out >&2 || fail "debugfs"
}

# view IMG: all that we can tell about its files
view()
{
	"$IMGTOOL" find --json "$1"
	"$IMGTOOL" tar -q "$1" | sha256sum
	"$IMGTOOL" sum "$1"
}

# same_as IMG WANT: what is read of IMG is what is read of WANT, and of IMG
# after its journal was written to its place, and IMG was not written to
same_as()
{
	cp "$1" kept.img
	capture "$IMGTOOL" info "$1"
	assert_match 'state: needs recovery'
	view "$1" >seen
	cmp "$1" kept.img >&2 || fail "$1: was written to"
	view "$2" >wanted
	diff wanted seen >&2 || fail "$1: differs from $2"
	e2fsck -y -E journal_only kept.img >e2fsck.out 2>&1 || [ $? -le 1 ] ||
		{ cat e2fsck.out >&2; fail "$1: e2fsck"; }
	view kept.img >wanted
	diff wanted seen >&2 || fail "$1: differs from what e2fsck makes"
	"$IMGTOOL" diff "$1" "$2" >&2 || fail "diff $1 $2"
}

seq 20000 >numbers
seq 1 2 60000 >others
# begins like a block of the journal
printf '\xc0\x3b\x39\x98 magic' >magic

# versions OPTION...: a, b and c, each with changes against the one before
versions()
{
	rm -f a.img b.img c.img
	mke2fs -q -F "$@" a.img 24M >mke2fs.out 2>&1
	change a.img 'mkdir old' 'cd old' 'write numbers one' 'write numbers two' \
		'cd /' 'write magic plain'
	cp a.img b.img
	change b.img 'mkdir new' 'cd new' 'write others three' 'cd /' \
		'rm /old/one' 'write magic magic' 'set_inode_field /old/two uid 7'
	cp b.img c.img
	change c.img 'rm /new/three' 'rmdir /new' 'write others /four' \
		'symlink /link target' 'mkdir /last' 'ea_set /link user.x y'
}

# journal IMG WORD...: crash.img is IMG with that in its journal
journal()
{
	cp "$1" crash.img
	putjournal crash.img "${@:2}"
}

for layout in '4096 -t ext4 -O 64bit,metadata_csum' \
		'1024 -t ext4 -O ^64bit,^metadata_csum' '2048 -t ext3'; do
	# shellcheck disable=SC2086
	versions -J size=4 -b $layout
	end=$((4 * 1024 * 1024 / ${layout%% *}))
	for kind in - 36 s2; do
		[ $kind != s2 ] || kind=s6
		# a transaction that is complete, and one that is not
		journal a.img $kind 5 7 b.img commit=100 c.img
		same_as crash.img b.img
		# two, around the end of the log, and of the numbers
		journal a.img $kind $((end - 9)) 4294967295 b.img commit=100 \
			c.img commit=101
		same_as crash.img c.img
	done
	for kind in 2 26 3 a3; do
		journal a.img $kind $((end - 4)) 7 b.img commit=100 c.img commit=100
		same_as crash.img c.img
	done
done

# what was revoked is not taken, in that transaction and those before it
block=$(in_image b.img 'blocks /magic')
block=${block//[^0-9]/}
for kind in 3 6; do
	journal b.img $kind 9 1 "junk=$block" commit=1 "revoke=$block" commit=2
	same_as crash.img b.img
	journal b.img $kind 9 1 "junk=$block" "revoke=$block" commit=1
	same_as crash.img b.img
	cp b.img junk.img
	head -c 2048 /dev/zero | tr '\0' j |
		dd of=junk.img bs=2048 seek="$block" conv=notrunc status=none
	journal b.img $kind 9 1 "revoke=$block" commit=1 "junk=$block" commit=2
	same_as crash.img junk.img
done

# remnants of an older log are not damage; new ones are
for kind in 2 3; do
	journal a.img $kind 9 1 b.img commit=100 c.img badcommit=99
	same_as crash.img b.img
	journal a.img $kind 9 1 b.img commit=100 c.img badcommit=101
	capture "$IMGTOOL" ls crash.img
	assert_plain_error 1 'crash.img: was not unmounted, and its journal is damaged: transaction 2 has a wrong checksum; '
	journal a.img $kind 9 1 b.img bad commit=100
	capture "$IMGTOOL" ls crash.img
	assert_plain_error 1 'crash.img: .* damaged: a block of transaction 1 has a wrong checksum'
done
journal a.img a3 9 1 b.img commit=100 c.img badcommit=101
same_as crash.img b.img
journal a.img s 9 1 b.img bad commit=100
capture "$IMGTOOL" ls crash.img
assert_plain_error 1 'crash.img: .* damaged: transaction 1 has a wrong checksum'

# descriptors without end (e2fsck has none either), blocks that are not there
raw=()
for ((i = 0; i < 2100; i++)); do raw+=(raw=1); done
journal a.img - 1 1 "${raw[@]}"
assert_eq "$("$IMGTOOL" sum crash.img)" "$("$IMGTOOL" sum a.img)"
journal a.img - 1 1 junk=99999999 commit=1
capture "$IMGTOOL" ls crash.img
assert_plain_error 1 'crash.img: .* damaged: transaction 1 has a block that'
journal a.img - 1 1 raw=77 commit=1
same_as crash.img a.img

# fast commits: only those that follow the last transaction mean something
mke2fs -q -F -t ext4 -O fast_commit -b 4096 -J size=4,fast_commit_size=64 a.img 24M >mke2fs.out 2>&1
cp a.img b.img
change b.img 'write numbers f'
journal a.img f3 1 7 b.img commit=1 fast=7
"$IMGTOOL" cat crash.img:/f | cmp - numbers
journal a.img f3 1 7 b.img commit=1 fast=8
capture "$IMGTOOL" cat crash.img:/f
assert_plain_error 1 'crash.img: was not unmounted, and its journal has fast commits .fast_commit.'

# the journal's superblock
journal b.img 3 1 7 commit=1
journal_at=$(in_image crash.img 'bmap <8> 0')
poke() { printf '%b' "$2" | dd of=crash.img bs=1 seek=$((journal_at * 4096 + $1)) conv=notrunc status=none; }
cp crash.img good.img
for change in '0 \01 it_has_no_superblock' '43 \0377 features_that_cannot_be_read' \
		'20 \0177 its_superblock_has_a_wrong_checksum' \
		'43 \031 the_kinds_of_checksums'; do
	read -r at bytes text <<<"$change"
	cp good.img crash.img
	poke "$at" "$bytes"
	capture "$IMGTOOL" ls crash.img
	assert_plain_error 1 "crash.img: .*${text//_/ }"
done
journal b.img - 1 7 commit=1
for change in '19 \0' '16 \0177' '28 \0177' '12 \01'; do
	read -r at bytes <<<"$change"
	cp crash.img good.img
	poke "$at" "$bytes"
	capture "$IMGTOOL" ls crash.img
	cp good.img crash.img
	[ "$at" = 19 ] || assert_plain_error 1 "crash.img: .*superblock makes no sense"
done

# bytes changed at random, FUZZ_ROUNDS (8) from FUZZ_SEED (1) on: it ends by
# itself, with messages that are ours
versions -J size=4 -b 1024 -t ext4
journal_at=$(in_image a.img 'bmap <8> 0')
block=$(in_image b.img 'blocks /magic')
block=${block//[^0-9]/}
for kind in - 6 3; do
	journal a.img $kind 9 1 b.img "revoke=$block" commit=1 c.img commit=2
	cp crash.img "good$kind.img"
done
seed=${FUZZ_SEED:-1}
for ((n = seed; n < seed + ${FUZZ_ROUNDS:-8}; n++)); do
	for kind in - 6 3; do
		cp "good$kind.img" crash.img
		mutate "$n" $((n % 9 + 1)) $((journal_at * 1024)) \
			$((journal_at * 1024 + (n % 2 ? 30000 : 300000))) crash.img
		capture "$IMGTOOL" find --json crash.img
		if [ "$status" -gt 1 ] || grep -qav '^imgtool: ' err; then
			show
			fail "seed $n, kind $kind: status $status"
		fi
	done
done
