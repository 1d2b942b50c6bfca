#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Killed at a write, and writes that fail: e2fsck gives a clean file system,
# and what was there before is there. CRASH_WRITES="$(seq 200)" takes every
# write.
. "$UMKIT_SRC/tests/cli/edit.sh"
need_cmd strace
strace -o /dev/null true 2>/dev/null || skip "processes cannot be traced here"

# (the leak detector traces, too)
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

head -c 20000000 /dev/urandom >big
mkdir tree
for i in {1..50}; do
	echo "$i" >"tree/$i"
done
make_image ext4 start.img
"$IMGTOOL" cp -a tree start.img:/kept
"$IMGTOOL" cp big start.img:/old

# hit HOW N VERB ARGUMENT...: at the Nth write
hit()
{
	cp start.img t.img
	capture strace -f -o trace -e trace=pwrite64,fdatasync \
		-e inject=pwrite64:"$1":when="$2" "$IMGTOOL" "${@:3}"
}

repaired()
{
	e2fsck -fy t.img >fsck.log 2>&1 ||
		[ $? -le 3 ] || { cat fsck.log >&2; fail "$1: e2fsck"; }
	clean t.img
	for i in 1 25 50; do
		content t.img "/kept/$i" "$i"
	done
}

# The mark is on disk, synced, before anything else is written.
hit signal=KILL 2 mkdir t.img:/new
sed -n '/pwrite64/,$p' trace | grep -q fdatasync || fail "the mark was not synced"
dumpe2fs -h t.img 2>/dev/null | grep -qE 'state: +not clean$' ||
	fail "not marked while being changed"
not_edited 1 't.img: was not unmounted, or an edit was interrupted.*e2fsck' mkdir t.img:/new
repaired marked
edit mkdir t.img:/new

count=0
while read -r verb; do
	# shellcheck disable=SC2086
	for n in ${CRASH_WRITES:-1 2 4 9 20 45}; do
		hit signal=KILL "$n" $verb
		if [ "$status" != 0 ]; then
			repaired "$verb: killed at write $n"
			count=$((count + 1))
		fi
		hit error=EIO "$n" $verb
		[ ! -s err ] || grep -q '^imgtool: ' err ||
			{ show; fail "$verb: a message that is not ours"; }
		if [ "$status" != 0 ]; then
			repaired "$verb: write $n failed"
		else
			clean t.img
		fi
	done
done <<'EOL'
cp big t.img:/big
cp -a tree t.img:/tree
cp big t.img:/old
rm -r t.img:/old
mv t.img:/old t.img:/kept/old
EOL
[ "$count" -ge 15 ] || fail "only $count runs were killed"

# interrupted by a signal that can be caught: written back
hit signal=TERM 12 cp big t.img:/big
assert_eq "$status" 143
assert_match '^imgtool: cp: .*interrupted$' err
clean t.img
absent t.img /big

# to the host: nothing under the final name, and nothing left after a TERM
hit signal=KILL 3 cp t.img:/old copy
[ ! -e copy ] || fail "half a copy under its name"
rm -f .imgtool-*
hit signal=TERM 3 cp t.img:/old copy
[ "$status" != 0 ] || fail "not interrupted"
[ -z "$(find . -name copy -o -name '.imgtool-*')" ] ||
	fail "something is left of a copy"
