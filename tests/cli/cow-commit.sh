#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool cow commit: what it does, and SIGKILL at each change it makes.
. "$UMKIT_SRC/tests/cli/cli.sh"

SECTORS=4100
DATA=12288
head -c $((SECTORS * 512 - 100)) /dev/urandom >random

# make: base, and cow over it with some sectors of its own; want is its view
make()
{
	rm -f base cow want
	cp random base
	touch -d @1000000000.5 base
	"$IMGTOOL" cow create --align 4K cow base
	# sectors 8 to 15, 24000 bytes on; 4096 to 4099, the last not whole
	printf '\377' | poke cow 8193
	printf '\017' | poke cow $((8192 + 512))
	fill new 4096 | poke cow $((DATA + 8 * 512))
	fill end $((4 * 512 - 100)) | poke cow $((DATA + 4096 * 512))
	cp base want
	fill new 4096 | poke want $((8 * 512))
	fill end $((4 * 512 - 100)) | poke want $((4096 * 512))
}

# fill TEXT BYTES
fill()
{
	awk -v text="$1" -v n="$2" 'BEGIN {
		for (s = text "\n"; length(s) < n;)
			s = s s
		printf "%s", substr(s, 1, n)
	}'
}

poke()
{
	dd of="$1" bs=4096 seek="$2" oflag=seek_bytes conv=notrunc status=none
}

bits()
{
	dd if="$1" bs=1 skip=8192 count=$(((SECTORS + 7) / 8)) status=none |
		tr -d '\0' | wc -c
}

# done_right WHEN: cow is committed
done_right()
{
	cmp base want || fail "$1: the backing"
	assert_eq "$(bits cow)" 0 "$1: bytes of the map in use"
	rm -f raw
	"$IMGTOOL" cow flatten cow raw || fail "$1: cannot be opened"
	cmp raw want || fail "$1: the view"
	[ "$(stat -c %Y base)" -gt 1000000000 ] || fail "$1: mtime not moved"
	cmp -n 32 -i 4160:0 cow /dev/zero || fail "$1: the record is left"
}

make
cp -p base other_base
"$IMGTOOL" cow create --align 4K sibling base
capture "$IMGTOOL" cow commit cow
assert_status 0
assert_match 'base: warning: other COW files over it become invalid' err
done_right "plain"
assert_eq "$(stat -c %s cow)" $((DATA + SECTORS * 512 - 100)) "length"
capture "$IMGTOOL" cow flatten sibling raw3
assert_plain_error 1 'sibling: its backing .*/base was changed'
stamp=$(stat -c %Y base)
capture "$IMGTOOL" cow commit cow
assert_status 0
[ ! -s err ] || fail "a warning for nothing"
assert_eq "$(stat -c %Y base)" "$stamp" "nothing to commit: mtime"
if command -v uml_moo >/dev/null; then
	# its merging drops a last sector that is not whole
	rm -f moo
	uml_moo cow moo
	cmp -n $(((SECTORS - 1) * 512)) moo want || fail "uml_moo"
fi

# what lies behind the end of the backing stays in the COW file
make
printf behind | poke cow $((DATA + SECTORS * 512 - 90))
truncate -s $((DATA + SECTORS * 512)) cow
capture "$IMGTOOL" cow commit cow
assert_status 0
assert_match 'within the last sector, stays' err
cmp base want || fail "tail: the backing"
assert_eq "$(bits cow)" 1 "tail: bytes of the map in use"
assert_eq "$(tail -c 90 cow | tr -d '\0')" behind "tail"

# refused, with nothing changed
make
cp -p cow before
touch -d @1000000007 base
capture "$IMGTOOL" cow commit cow
assert_plain_error 1 'its backing .*/base was changed'
touch -d @1000000000 base
mkdir dir
mv base dir
capture "$IMGTOOL" cow commit cow
assert_plain_error 1 'base: No such file'
ln -s dir/base base
capture "$IMGTOOL" cow commit cow
assert_plain_error 1 'is in another directory'
cmp cow before || fail "a refused commit changed the file"
capture "$IMGTOOL" cow commit cow dir/base
assert_status 0
rm base
mv dir/base base
done_right "named"
printf x >no
capture "$IMGTOOL" cow commit no
assert_plain_error 1 'no: not a COW file'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	make
	chmod 666 base cow
	chmod 755 .
	capture setpriv --reuid 65534 --clear-groups "$IMGTOOL" cow commit cow
	if grep -q 'Permission denied' err; then
		echo "not tried: this folder is closed to others"
	else
		assert_status 1
		assert_match 'its time cannot be set' err
		cmp base random || fail "not the owner: the backing"
		"$IMGTOOL" cow flatten cow raw4 ||
			fail "not the owner: cannot be opened"
	fi
fi

# a time of the backing that is far ahead
make
touch -d @3000000000 base
"$IMGTOOL" cow rebase --unsafe cow base
"$IMGTOOL" cow commit cow 2>/dev/null
done_right "a time ahead"

# over another COW file
rm -f raw
make
"$IMGTOOL" cow create --align 4K top cow
printf '\001' | poke top 8192
fill top 512 | poke top $DATA
fill top 512 | poke want 0
"$IMGTOOL" cow commit top 2>/dev/null
cmp base random || fail "the backing's backing was written"
"$IMGTOOL" cow flatten cow raw
cmp raw want || fail "over a COW file: the COW file"
rm raw
"$IMGTOOL" cow flatten top raw
cmp raw want || fail "over a COW file: the view"

killat 1000 true || skip "no ptrace"
# SIGKILL at each change, and again at each third change of the second run
refusals=0
for n in $(seq 1 100); do
	make
	capture killat "$n" "$IMGTOOL" cow commit cow
	[ "$status" != 0 ] || break
	assert_status 137
	capture "$IMGTOOL" cow flatten cow raw1
	if [ "$status" = 0 ]; then
		cmp raw1 want || fail "killed at $n: the view"
		rm raw1
	else
		assert_plain_error 1 'finish it with imgtool cow commit'
		refusals=$((refusals + 1))
		capture "$IMGTOOL" cow info cow
		assert_match '^commit: cut off$' out
		capture "$IMGTOOL" cow rebase cow base
		assert_plain_error 1 'finish it with imgtool cow commit'
	fi
	capture killat $((1 + n * 7 % 12)) "$IMGTOOL" cow commit cow
	"$IMGTOOL" cow commit cow 2>/dev/null || fail "killed at $n: again"
	done_right "killed at $n"
done
[ "$n" -gt 12 ] && [ "$n" -lt 100 ] || fail "ended after $n changes"
[ "$refusals" -gt 8 ] || fail "$refusals refusals only"

# the backing of a commit that was cut off is another file now
make
capture killat 8 "$IMGTOOL" cow commit cow
capture "$IMGTOOL" cow check cow
assert_status 4
assert_match '^error: commit-cut-off: ' out
cp base base.copy
mv base.copy base
capture "$IMGTOOL" cow commit cow
assert_plain_error 1 'into another file than .*/base .*use --unsafe'
"$IMGTOOL" cow commit --unsafe cow 2>/dev/null
done_right "into a copy"
