#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# COW files between us and Debian's uml_mkcow and uml_moo, both ways: byte for
# byte up to 1 GiB; at 3 TiB header, length, and what is at some places.
# RANDOM_SEED repeats a run.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd uml_mkcow uml_moo
[ -x "$UMKIT_BUILD/tests/unit/storage/scatter" ] || skip "scatter: not built"

seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
scatter=$UMKIT_BUILD/tests/unit/storage/scatter

# data_at BYTES: data offset of a COW file for a backing of BYTES
data_at()
{
	local bits=$((($1 + 511) / 512))
	echo $(((8192 + (bits + 7) / 8 + 4095) / 4096 * 4096))
}

# same_start FILE FILE: header and map
same_start()
{
	cmp -n "$(data_at "$(stat -c %s base)")" "$1" "$2" ||
		fail "$1 and $2 begin differently"
	assert_eq "$(stat -c %s "$1")" "$(stat -c %s "$2")" "the length of $1"
}

# start BYTES: base with some data, ours and theirs over it, flat like it
start()
{
	rm -f base ours theirs flat
	truncate -s "$1" base
	"$scatter" fill base "$seed" 300
	cp --sparse=always base flat
	"$IMGTOOL" cow create --align 4K ours base
	uml_mkcow theirs base >/dev/null
	same_start ours theirs
}

for sectors in 1 7 8 9 4096 32767 32768 32769 100003 $((1 << 21)); do
	echo "# $sectors sectors"
	start $((sectors * 512))
	# each is written by us: one of our making, one of theirs
	cp --sparse=always flat flat2
	"$scatter" write ours flat $((seed + 1)) 300 || fail "ours"
	"$scatter" write theirs flat2 $((seed + 1)) 300 || fail "theirs"
	same_start ours theirs
	# theirs to read
	rm -f raw merged
	[ "$sectors" -gt 200000 ] || {
		uml_moo ours merged
		"$scatter" same merged flat || fail "not what uml_moo reads"
	}
	"$IMGTOOL" cow flatten theirs raw
	"$scatter" same raw flat || fail "imgtool cow flatten"
	capture "$IMGTOOL" cow check theirs
	assert_status 0
	# theirs to merge, in place; ours to commit
	cp --sparse=always -p base base2
	uml_moo -d -b base2 ours
	"$scatter" same base2 flat || fail "not what uml_moo merges"
	"$IMGTOOL" cow commit theirs 2>/dev/null
	"$scatter" same base flat || fail "imgtool cow commit"
	rm -f base2 flat2
done

echo "# what uml_moo reads of a V1 and a V2, we do"
rm -f raw merged
truncate -s 32768 old.base
"$scatter" fill old.base "$seed" 20
for version in 1 2; do
	# 64 sectors; 1, 8 and 63 are in it
	case $version in
	1) path=256 map=280 data=512 little=1 ;;
	2) path=4096 map=4120 data=4608 little=0 ;;
	esac
	# number VALUE BYTES: in the file's byte order
	number()
	{
		local hex
		hex=$(printf "%0$(($2 * 2))x" "$1" | sed 's/../& /g')
		if [ $little = 1 ]; then
			hex=$(tr ' ' '\n' <<<"$hex" | tac | tr '\n' ' ')
		fi
		# shellcheck disable=SC2086 # one word per byte
		printf '%b' "$(printf '\\x%s' $hex)"
	}
	{
		number $((0x4f4f4f4d)) 4
		number $version 4
		printf '%s' "$WORK/old.base"
		head -c $((path - ${#WORK} - 9)) /dev/zero
		number "$(stat -c %Y old.base)" 4
		number 32768 8
		number 512 4
		printf '\002\001\0\0\0\0\0\200'
		head -c $((data - map - 8)) /dev/zero
		head -c 32768 /dev/urandom
	} >old
	rm -f raw merged
	uml_moo old merged
	"$IMGTOOL" cow flatten old raw
	cmp raw merged || fail "V$version"
	if cmp -s raw old.base; then
		fail "V$version: nothing of it was read"
	fi
	# a guest may read it, and write to it after it was converted
	cp -p old kept
	head -c 512 /dev/zero | tr '\0' n >new
	for sector in 0 1 8 62 63; do
		"$scatter" get old $sector |
			cmp - <(dd if=raw bs=512 skip=$sector count=1 status=none) ||
			fail "V$version: sector $sector as the driver reads it"
	done
	capture "$scatter" put old 5 <new
	[ "$status" != 0 ] || fail "V$version: written to as it is"
	cat out err >said
	assert_match "version $version, .*: convert it with imgtool cow upgrade " said
	cmp old kept || fail "V$version: a refused open changed it"
	"$IMGTOOL" cow upgrade old
	"$scatter" put old 5 <new
	dd if=new of=merged bs=512 seek=5 conv=notrunc status=none
	rm raw
	"$IMGTOOL" cow flatten old raw
	cmp raw merged || fail "V$version, upgraded"
done

echo "# 3 TiB"
truncate -s 3T huge 2>/dev/null || {
	echo "# skipped: no such files here"
	exit 0
}
rm -f base ours theirs flat
mv huge base
"$scatter" fill base "$seed" 100
truncate -s 3T flat
"$scatter" fill flat "$seed" 100
"$IMGTOOL" cow create --align 4K ours base
uml_mkcow theirs base >/dev/null
cmp -n 4128 ours theirs || fail "header"
assert_eq "$(stat -c %s ours)" $((805314560 + (3 << 40))) "our length"
assert_eq "$(stat -c %s theirs)" "$(stat -c %s ours)" "their length"
"$scatter" write theirs flat $((seed + 2)) 500 || fail "3 TiB"
# by hand, as ubd-cow(5) has it: a sector in the last eighth
# A sector put there by hand, as ubd-cow(5) has it, is read; one that we write
# is where it says.
at=$(((3 << 31) - 1000003))
data=$((805314560 + at * 512)) map=$((8192 + at / 8)) bit=$((1 << at % 8))
poke() { dd of="$1" bs=512 oflag=seek_bytes seek="$2" conv=notrunc status=none; }
peek() { dd if="$1" bs="$3" iflag=skip_bytes skip="$2" count=1 status=none; }
printf 'by hand%505s' '' >sector
"$scatter" get ours $at | cmp -n 512 - /dev/zero || fail "3 TiB: not empty"
# of a map of 805 MB a page is read, when it is needed
if command -v strace >/dev/null && strace -o calls true 2>/dev/null; then
	strace -f -e signal=none -e trace=pread64,preadv2,mmap -o calls "$scatter" \
		get ours $at >/dev/null
	bytes=$(grep ' = [0-9]*$' calls | grep pread | awk '{ n += $NF } END { print n }')
	[ "$bytes" -ge 4608 ] && [ "$bytes" -le 100000 ] ||
		fail "3 TiB: $bytes bytes are read for a sector"
	[ "$(grep -c MAP_SHARED calls)" = 0 ] || fail "3 TiB: mapped"
fi
poke ours $data <sector
printf "\\$(printf %03o $bit)" | poke ours $map
"$scatter" get ours $at | cmp - sector || fail "3 TiB: a sector put there"
"$scatter" put theirs $at <sector
peek theirs $data 512 | cmp - sector || fail "3 TiB: not where it belongs"
[ $((0x$(peek theirs $map 1 | od -An -tx1 | tr -d ' ') & bit)) != 0 ] ||
	fail "3 TiB: its bit"
