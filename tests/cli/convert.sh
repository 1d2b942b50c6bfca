#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool convert, alone, against cow flatten and against Debian's uml_mkcow
# and uml_moo.
. "$UMKIT_SRC/tests/cli/cli.sh"

# convert ARGUMENT...: in silence
convert()
{
	capture "$IMGTOOL" convert -q "$@"
	assert_status 0
	[ ! -s out ] && [ ! -s err ] || { show; fail "not silent"; }
}

# refused REGEX ARGUMENT... DST: and DST is what it was
refused()
{
	local dst=${!#}
	rm -f kept
	[ ! -f "$dst" ] || cp "$dst" kept
	capture "$IMGTOOL" convert -q "${@:2}"
	assert_plain_error 1 "$1"
	if [ -e kept ]; then
		assert_same_file kept "$dst"
	else
		[ ! -f "$dst" ] || fail "$dst was made"
	fi
	no_temporaries
}

no_temporaries()
{
	[ -z "$(find . -name '.*.[0-9]*')" ] || fail "a temporary file is left"
}

# poke FILE OFFSET BYTES
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

allocated() { echo $(($(stat -c %b "$1") * 512)); }

# a disk with data, zeroes that are written, holes, and an odd end
truncate -s 40000700 raw
dd if=/dev/urandom of=raw bs=1000 count=300 conv=notrunc 2>/dev/null
dd if=/dev/zero of=raw bs=4096 seek=100 count=1000 conv=notrunc 2>/dev/null
dd if=/dev/urandom of=raw bs=4096 seek=5000 count=5 conv=notrunc 2>/dev/null
printf end | dd of=raw bs=1 seek=40000697 conv=notrunc 2>/dev/null

convert raw copy
assert_same_file raw copy
[ "$(allocated copy)" -lt 500000 ] || fail "zeroes are no holes"

# a base of which some differs: in the middle of a block, zeroes over data,
# data over zeroes and over holes, and the last sector
cp raw base
poke base 5000 'other'
dd if=/dev/urandom of=base bs=512 seek=1000 count=16 conv=notrunc 2>/dev/null
dd if=/dev/zero of=base bs=4096 seek=5001 count=1 conv=notrunc 2>/dev/null
poke base 39999900 x
poke base 40000699 x
convert raw cow --backing base
capture "$IMGTOOL" cow check --json cow
assert_status 0
assert_match '"findings":\[\],"sectors":78127,"sectors_set":27,'
[ "$(allocated cow)" -lt 60000 ] || fail "the COW file takes $(allocated cow)"
assert_eq "$(stat -c %s cow)" $((2097152 + 78127 * 512)) "length"
convert cow back
assert_same_file raw back
"$IMGTOOL" cow flatten cow flat
assert_same_file raw flat
convert --from cow cow back
assert_same_file raw back

# chains: COW over COW, to raw and to a COW of the lowest; to one that is empty
"$IMGTOOL" cow create --align 4K top cow
poke top $((8192 + 2)) '\0377'
convert top top.raw
"$IMGTOOL" cow flatten top top.flat
assert_same_file top.raw top.flat
convert --format cow --backing base top one
convert one one.raw
assert_same_file top.raw one.raw
convert --backing cow top two
convert two two.raw
assert_same_file top.raw two.raw
convert --backing base base empty
capture "$IMGTOOL" cow check empty
assert_match '^0 of'

# zeroes over data are holes, too
truncate -s 4M zeroes
dd if=/dev/urandom of=full bs=1M count=4 2>/dev/null
convert zeroes over --backing full
capture "$IMGTOOL" cow check over
assert_match '^8192 of 8192'
[ "$(allocated over)" -lt 100000 ] || fail "zeroes in a COW are no holes"
convert over back
assert_same_file zeroes back

# what it is taken for is told, and is ours to say
capture "$IMGTOOL" convert cow back
assert_status 0
assert_eq "$(cat err)" "imgtool: convert: cow: taken for a COW file over $PWD/base"
capture "$IMGTOOL" convert --from raw cow bytes
assert_status 0
[ ! -s err ] || fail "told, too"
assert_same_file cow bytes
capture "$IMGTOOL" convert --from cow raw no
assert_plain_error 1 'raw: not a usable COW file'
rm bytes back

# replaced is what nobody needs, else nothing
convert raw copy
: >small
convert raw small
assert_same_file raw small
: >tiny
convert tiny tiny2
[ ! -s tiny2 ] || fail "an empty file"
ln raw link
ln -s raw symlink
refused 'raw: is the source itself' raw raw
refused 'link: is the source itself' raw link
refused 'symlink: is the source itself' raw symlink
refused 'base: is one of the files below' cow base
refused 'base: is its own backing' raw --backing base base
refused 'base: is one of the files below' top base
refused 'base: is one of the files below' raw --backing cow base
refused 'copy: has 40000700 bytes, but the source 0' tiny --backing copy no
refused 'sub: is a directory|cannot be' raw sub/no
mkfifo fifo
refused 'fifo: exists and is not a regular file' raw fifo
refused 'fifo: neither a regular file nor' fifo no
refused 'missing: cannot be opened' missing no
refused 'missing: No such file' raw --backing missing no
need_cmd python3
exec 7<small
python3 - <<'P' || fail "no lock"
import fcntl, struct
fcntl.fcntl(7, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
P
refused 'small: in use by' raw small 7<&-
exec 7<&-
exec 7<>small
python3 - <<'P' || fail "no lock"
import fcntl, struct
fcntl.fcntl(7, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
P
refused 'small: in use by' small no 7<&-
refused 'small: in use by' raw --backing small no 7<&-
exec 7<&-

# hostile headers: which file is read is not theirs to say
mkdir sub
cp -p base sub/base
cp cow bad
poke bad 32 "$PWD/sub/base\\0"
refused 'base is in another directory' bad no
convert --allow-backing bad fine
convert --source-backing sub/base bad fine
assert_same_file raw fine
poke bad 32 '/dev/zero\0'
refused '/dev/zero is in another directory' bad no
refused '/dev/zero: neither a regular file' --allow-backing bad no
poke bad 32 'fifo\0'
refused 'fifo: neither a regular file' bad no
poke bad 24 '\0\0\0\0'
refused 'not a usable COW file: an alignment' bad no
convert --from raw bad bytes
assert_same_file bad bytes
truncate -s 2000 bad
refused 'it ends within its header .for plain bytes: --from raw' bad no

# nothing is left when it fails
(
	trap '' XFSZ
	ulimit -f 100
	refused 'no: cannot be written' raw no
	refused 'no: cannot be written' raw --backing base no
)
touch -d @1600000000 base
refused 'base was changed after' cow no

for args in '' 'raw' 'raw a b' '--format vmdk raw no' '--format cow raw no' \
	'--format raw --backing base raw no' \
	'--from raw --source-backing base raw no' '--nothing raw no'; do
	# shellcheck disable=SC2086
	capture "$IMGTOOL" convert $args
	assert_plain_error 2 'see imgtool help convert$'
done
[ ! -e no ] || fail "made in spite of wrong usage"

if command -v uml_mkcow >/dev/null && command -v uml_moo >/dev/null; then
	truncate -s 8M base2 data2
	dd if=/dev/urandom of=base2 bs=1M count=2 conv=notrunc 2>/dev/null
	cp base2 data2
	dd if=/dev/urandom of=data2 bs=1000 seek=1500 count=800 \
		conv=notrunc 2>/dev/null
	# ours, read by theirs
	convert --backing base2 data2 ours
	uml_moo ours merged
	assert_same_file data2 merged
	# theirs, read by us
	uml_mkcow theirs base2 >/dev/null
	# the same header, but for the alignment, at 24
	head -c 4128 theirs >header
	dd if=ours of=header bs=1 skip=24 seek=24 count=4 conv=notrunc 2>/dev/null
	cmp -n 4128 ours header || fail "header"
	poke theirs $((8192 + 100)) '\0377\0017'
	dd if=/dev/urandom of=theirs bs=512 seek=$((24 + 800)) count=12 \
		conv=notrunc 2>/dev/null
	uml_moo theirs merged2
	convert theirs merged3
	assert_same_file merged2 merged3
fi

# holes are not read: 3 TiB would take an hour
if truncate -s 3T huge huge2 2>/dev/null; then
	poke huge 3000000000000 'far'
	convert huge huge3
	assert_eq "$(stat -c %s huge3)" "$(stat -c %s huge)" "3 TiB: length"
	assert_eq "$(dd if=huge3 bs=1 skip=3000000000000 count=3 2>/dev/null)" \
		far "3 TiB: content"
	convert huge cow3 --backing huge2
	convert cow3 huge4
	assert_eq "$(dd if=huge4 bs=1 skip=3000000000000 count=3 2>/dev/null)" \
		far "3 TiB: content"
	capture "$IMGTOOL" cow check cow3
	assert_match '^1 of 6442450944 sectors'
fi

killat 1000 true || skip "no ptrace"
# SIGKILL at each change, as far as a new file and one that is replaced go: the
# name is that of the old file or of a complete one
head -c 300000 /dev/urandom >kraw
cp kraw kbase
poke kbase 9000 'x'
poke kbase 200000 'x'
for args in '' '--backing kbase'; do
	for n in $(seq 1 60); do
		rm -f new
		echo old >was
		# shellcheck disable=SC2086
		capture killat "$n" "$IMGTOOL" convert $args kraw new
		[ "$status" != 0 ] || break
		assert_status 137
		[ ! -e new ] || fail "killed at $n: a new file is there"
		# shellcheck disable=SC2086
		capture killat "$n" "$IMGTOOL" convert $args kraw was
		assert_eq "$(cat was)" old "killed at $n"
	done
	[ "$n" -gt 3 ] && [ "$n" -lt 60 ] || fail "ended after $n changes"
	convert new back
	assert_same_file kraw back
done
