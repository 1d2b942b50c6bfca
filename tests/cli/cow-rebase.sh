#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool cow rebase: what it does, and SIGKILL at each change it makes.
. "$UMKIT_SRC/tests/cli/cli.sh"

BYTES=$((2100 * 512 - 100))
DATA=12288
head -c $BYTES /dev/urandom >random
LONG=$(printf '%0200d/%0200d/%0200d' 1 2 3)

poke()
{
	dd of="$1" bs=4096 seek="$2" oflag=seek_bytes conv=notrunc status=none
}

# make: cow over old, with sectors 8 and 9; new differs in 9, 10, 11, 1200 and
# the last; want is what cow shows
make()
{
	rm -rf old new cow want "${LONG%%/*}"
	cp random old
	touch -d @1000000000 old
	"$IMGTOOL" cow create --align 4K cow old
	printf '\003' | poke cow 8193
	printf '%01024d' 5 | poke cow $((DATA + 8 * 512))
	cp old want
	printf '%01024d' 5 | poke want $((8 * 512))
	mkdir -p "${LONG%/*}"
	cp old "${1:-new}"
	printf '%01536d' 7 | poke "${1:-new}" $((9 * 512))
	printf '%03d' 7 | poke "${1:-new}" $((1200 * 512 + 500))
	printf '%03d' 7 | poke "${1:-new}" $((BYTES - 3))
	touch -d @1000000050 "${1:-new}"
}

# shows FILE WHEN
shows()
{
	rm -f raw
	"$IMGTOOL" cow flatten --allow-backing "$1" raw || fail "$2: refused"
	cmp raw want || fail "$2: the view"
}

in_use()
{
	dd if=cow bs=1 skip=8192 count=263 status=none | od -An -v -tu1 |
		tr -s ' ' '\n' | grep -c '[1-9]'
}

make
ino=$(stat -c %i cow)
capture "$IMGTOOL" cow rebase cow new
assert_status 0
[ ! -s out ] && [ ! -s err ] || fail "not silent"
shows cow plain
assert_eq "$(stat -c %i cow)" "$ino" "a short name: the file"
# 8 to 11, 1200, 2099
assert_eq "$(in_use)" 3 "bytes of the map in use"
"$IMGTOOL" cow info cow >out
assert_match '^backing: .*/new$' out
assert_match '^backing mtime: 1000000050$' out
rm old
shows cow "without the old backing"
if command -v uml_moo >/dev/null; then
	rm -f moo
	uml_moo cow moo
	cmp -n $((BYTES / 512 * 512)) moo want || fail "uml_moo"
fi

# names too long for one sector: a new file
make "$LONG"
chmod 640 cow
ln -s cow link
capture "$IMGTOOL" cow rebase link "$LONG"
assert_status 0
[ -L link ] || fail "the link was replaced"
shows cow "a long name"
assert_eq "$(stat -c %a cow)" 640 "mode"
capture "$IMGTOOL" cow rebase --allow-backing cow old
assert_status 0
shows cow "back to the short name"
# that has the alignment of the old one
rm cow
"$IMGTOOL" cow create --align 16k cow old
cp old want
capture "$IMGTOOL" cow rebase --allow-backing cow "$LONG"
assert_status 0
"$IMGTOOL" cow info --json cow >out
assert_match '"alignment":16384,' out
shows cow "another alignment"

# only the header
make
cp -p cow cow1
cp -p random new
touch -d @1000000099 old new
capture "$IMGTOOL" cow rebase cow old
assert_plain_error 1 'its backing .*/old was changed .*rebase --unsafe'
cmp cow cow1 || fail "a refused rebase changed the file"
capture "$IMGTOOL" cow rebase --unsafe cow old
assert_status 0
shows cow "another time"
cmp -i 4128 cow cow1 || fail "--unsafe changed more than the header"
rm old
capture "$IMGTOOL" cow rebase --unsafe cow new
assert_status 0
shows cow "another name"

# refused
make
cp cow cow1
truncate -s +1 new
capture "$IMGTOOL" cow rebase cow new
assert_plain_error 1 "made for a backing of $BYTES bytes"
capture "$IMGTOOL" cow rebase --unsafe cow new
assert_plain_error 1 "made for a backing of $BYTES bytes"
capture "$IMGTOOL" cow rebase cow cow
assert_plain_error 1 "in use"
capture "$IMGTOOL" cow rebase cow none
assert_plain_error 1 "none: No such file"
mkfifo fifo
capture "$IMGTOOL" cow rebase cow fifo
assert_plain_error 1 "neither a regular file nor a block device"
cmp cow cow1 || fail "a refused rebase changed the file"

# holes in the one, in the other, and in both
truncate -s 40M old2 new2
for i in 5 6 20; do
	printf '%0700d' $i | poke old2 $((i * 1048576 + 300))
done
for i in 6 7 30; do
	printf '%0700d' $i | poke new2 $((i * 1048576 + 300))
done
"$IMGTOOL" cow create --align 4K cow2 old2
capture "$IMGTOOL" cow rebase cow2 new2
assert_status 0
"$IMGTOOL" cow flatten cow2 raw2
cmp raw2 old2 || fail "holes: the view"
# 5, 7, 20 and 30, two sectors each; 6 is the same
assert_eq "$(dd if=cow2 bs=8192 skip=1 count=2 status=none | head -c 10240 |
	od -An -v -tu1 | tr -s ' ' '\n' | grep -c '^3$')" 4 "holes: copied"

# over a COW file, and from one
make
"$IMGTOOL" cow create --align 4K above old
printf '\001' | poke above 8192
capture "$IMGTOOL" cow rebase cow above
assert_status 0
shows cow "over a COW file"
capture "$IMGTOOL" cow rebase cow new
assert_status 0
shows cow "from a COW file"

killat 1000 true || skip "no ptrace"
# SIGKILL at each change
for name in new "$LONG"; do
	for n in $(seq 1 100); do
		make "$name"
		capture killat "$n" "$IMGTOOL" cow rebase cow "$name"
		[ "$status" != 0 ] || break
		assert_status 137
		shows cow "killed at $n"
		capture killat $((1 + n * 7 % 11)) "$IMGTOOL" cow rebase \
			--allow-backing cow "$name"
		"$IMGTOOL" cow rebase --allow-backing cow "$name" ||
			fail "killed at $n: again"
		mv old old1
		shows cow "killed at $n, finished"
		mv old1 old
		[ ! -e cow.imgtool-new ] || [ "$status" = 137 ] ||
			fail "killed at $n: a file is left"
	done
	[ "$n" -gt 8 ] && [ "$n" -lt 100 ] || fail "ended after $n changes"
done
