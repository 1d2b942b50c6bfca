#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool cow check: each code, what --repair does and does not, exit statuses,
# and headers that somebody has made up.
. "$UMKIT_SRC/tests/cli/cli.sh"

# poke FILE OFFSET BYTES: BYTES as printf %b takes them
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

# check STATUS ARGUMENT...
check()
{
	capture "$IMGTOOL" cow check "${@:2}"
	assert_status "$1"
	[ ! -s err ] || { show; fail "errors"; }
}

# fresh: cow over base, of 2061 sectors, the last not whole; 1 and 2060 set
fresh()
{
	rm -f cow
	"$IMGTOOL" cow create --align 4K cow base
	poke cow 8192 '\0002'
	poke cow $((8192 + 257)) '\0020'
	poke cow $((12288 + 512)) here
}

dd if=/dev/urandom of=base bs=1000 count=1055 2>/dev/null
fresh
check 0 cow
assert_match '^2 of 2061 sectors are in the file$'
assert_match '^clean$'
cp cow same
touch -r cow same
check 0 --repair cow
assert_same_file cow same
check 0 --json cow
assert_match '^\{"file":"cow","status":0,"findings":\[[^]]*\],"sectors":2061,"sectors_set":2,"sectors_lost":0,"reclaimable":[0-9]+\}$'

# bits behind the last: cleared, and nothing else is changed
poke cow $((8192 + 257)) '\0360'
touch -d @1700000000 cow
check 4 cow
assert_match '^warning: map-stray: 3 bits are set'
check 1 --repair cow
assert_match '^warning: map-stray: .* \(repaired\)$'
assert_same_file cow same
assert_eq "$(stat -c %Y cow)" 1700000000 "mtime after a repair"
check 0 cow

# too short: extended, if no sector is lost by it
fresh
truncate -s 1000000 cow
check 4 cow
assert_match '^warning: length-short: the file has 1000000 bytes, not 1067288$'
assert_match '^error: data-lost: 1 sectors, the first is 2060,'
cp cow same
check 4 --repair cow
assert_no_match 'repaired'
assert_same_file cow same
poke cow $((8192 + 257)) '\0360'
check 5 --repair cow
assert_eq "$(stat -c %s cow)" 1000000 "length of a file with lost sectors"
poke cow $((8192 + 257)) '\0'
check 1 --repair cow
assert_eq "$(stat -c %s cow)" 1067288 "length after a repair"
check 0 cow
truncate -s 1067600 cow
check 0 cow
assert_match '^note: length-long: 80 bytes'
truncate -s 8300 cow
check 4 --repair cow
assert_match '^error: map-cut: '
assert_eq "$(stat -c %s cow)" 8300 "length of a file without map"
# to its end in the last sector, as a kernel leaves it
fresh
truncate -s $((12288 + 2061 * 512)) cow
check 0 cow
assert_no_match length

# room below clear bits
fresh
head -c 100000 /dev/urandom | dd of=cow bs=4096 seek=20 conv=notrunc 2>/dev/null
check 0 cow
if [ "$(stat -c %b cow)" -lt 1000 ]; then
	assert_match '^note: garbage: [0-9]{5,6} bytes'
fi

# the backing
fresh
was=$(stat -c %Y base)
touch -d @1600000000 base
check 4 cow
assert_match '^error: backing-mtime: .*mtime 1600000000, not'
touch -d "@$was" base
check 0 cow
mv base elsewhere
check 4 cow
assert_match '^error: backing-missing: .*/base: No such file'
check 0 --backing elsewhere cow
truncate -s 5000 elsewhere
touch -d "@$was" elsewhere
check 4 cow --backing elsewhere
assert_match '^error: backing-size: .*5000 bytes, the header says 1055000'
rm elsewhere
mkfifo base
check 4 cow
assert_match '^error: backing-kind: '
rm base
mkdir sub
truncate -s 5000 sub/base
ln -s sub/base base
check 4 cow
assert_match '^warning: backing-unseen: .*another directory'
check 4 --allow-backing cow
assert_match '^error: backing-size: '

# chains
truncate -s 1M low
"$IMGTOOL" cow create --align 4K mid low
"$IMGTOOL" cow create --align 4K top mid
check 0 top
touch -d @1600000000 low
check 4 top
assert_match '^error: backing-chain: .*/mid: its backing .*low was changed'
assert_no_match 'backing-(size|mtime)'

# headers
fresh_low() { rm -f bad; touch low; "$IMGTOOL" cow create --align 4K bad low; }
bad_header()
{
	fresh_low
	poke bad "$1" "$2"
	cp bad same
	check 4 --repair bad
	assert_match "^error: header: $3"
	assert_same_file bad same
}
bad_header 4 '\0\0\0\0011' 'an unknown version'
bad_header 12 '\0377' 'a size of 8 TiB'
bad_header 20 '\0\0\0\0' 'a sector size'
bad_header 24 '\0\0\0\0' 'an alignment'
bad_header 28 '\0001' 'an unknown kind of map'
fresh_low
poke bad 32 "$(printf 'x%.0s' {1..4096})"
check 4 bad
assert_match '^error: header: .*no end'
truncate -s 100 bad
check 4 bad
assert_match '^error: header: it ends within'
# huge, and a name with what moves a cursor
fresh_low
poke bad 12 '\0\0\0007\0377\0377\0377\0376\0000'
poke bad 32 '\0033[2Jx\0'
check 4 bad
assert_match '^error: map-cut: '
assert_match 'backing-missing: .*\\033\[2Jx'
check 4 --json bad
assert_match 'u001b\[2Jx'
poke bad 32 '/dev/zero\0'
check 4 --allow-backing bad
assert_match '^error: backing-kind: /dev/zero'

# a V2 of 9 sectors, of which sector 1 is in the file and the ninth has no bit
truncate -s 4608 base9
{
	printf 'OOOM\0\0\0\2base9'
	head -c 4091 /dev/zero
	printf '%b' "$(printf '%08x' "$(stat -c %Y base9)" | sed 's/../\\x&/g')"
	printf '\0\0\0\0\0\0\22\0\0\0\2\0\2'
} >old
truncate -s $((4608 + 4608)) old
check 0 old
assert_match '^note: old-kind: '
assert_match '^1 of 8 sectors'
truncate -s 6000 old
check 1 --repair old
assert_match '^warning: length-short: .*repaired'
assert_eq "$(stat -c %s old)" 9216 "length of a V2"
truncate -s 5000 old
check 4 --repair old
assert_match '^error: data-lost: 1 sectors, the first is 1,'

# what cannot be done, and what makes no sense
capture "$IMGTOOL" cow check base
assert_plain_error 8 'base: not a COW file'
capture "$IMGTOOL" cow check nothing
assert_plain_error 8 'nothing: cannot be opened'
capture "$IMGTOOL" cow check sub
assert_status 8
for args in '' 'top mid' '--wrong top' '--backing' 'top --json=x'; do
	# shellcheck disable=SC2086
	capture "$IMGTOOL" cow check $args
	assert_plain_error 16 .
done
capture "$IMGTOOL" cow --backing check info
assert_plain_error 2 'takes 1 operands'

# each code is in the manual, and those there are in the source; and each is
# seen by a test: here, in cow-commit.sh, or (a device) in ubd-device.sh
codes=$(cat "$UMKIT_SRC"/imgtool/cow/check*.c |
	sed -nE 's/.*FOUND_[A-Z]+, "([a-z-]+)".*/\1/p' | sort -u)
[ "$(wc -w <<<"$codes")" -ge 16 ] || fail "codes in the source: $codes"
manual=$(sed -n '/^code\tseverity/,/^\.TE/p' "$UMKIT_SRC/ubd/ubd-cow.5" |
	sed -nE 's/\\-/-/g; s/^([a-z-]+)\t(error|warning|note)\t.*/\1/p' | sort -u)
assert_eq "$manual" "$codes" "codes in ubd-cow(5)"
for code in $codes; do
	grep -qE "(error|warning|note): $code" "$UMKIT_SRC"/tests/cli/cow-check.sh \
		"$UMKIT_SRC"/tests/cli/cow-commit.sh \
		"$UMKIT_SRC"/tests/boot/ubd-device.sh ||
		[ "$code" = header ] || fail "$code: in no test"
done

need_cmd uml_mkcow
truncate -s 1M base2
uml_mkcow theirs base2 >/dev/null
check 0 theirs
poke theirs 8192 '\0377'
check 0 theirs
assert_match '^8 of 2048 sectors'
