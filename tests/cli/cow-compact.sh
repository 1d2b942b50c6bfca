#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool cow compact: the room comes back, the contents stay.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd python3 fallocate

dd if=/dev/urandom of=base bs=1000 count=4100 2>/dev/null
"$IMGTOOL" cow create --align 4K cow base
# what a guest that copied the disk onto itself leaves: all sectors, of which
# 100 differ; 40 to 47 are a hole, and are zero in neither
python3 - <<'P'
base = open("base", "rb").read()
n = (len(base) + 511) // 512
with open("cow", "r+b") as f:
    f.seek(8192)
    f.write(b"\xff" * (n // 8) + bytes([(1 << n % 8) - 1]) * (n % 8 != 0))
    f.seek(12288)
    f.write(base + bytes(-len(base) % 512))
    for i in range(100):
        f.seek(12288 + (i * 77 + 50) * 512)
        f.write(b"changed")
P
fallocate -p -o $((12288 + 40 * 512)) -l 4096 cow ||
	skip "the file system cannot make holes"
touch -d @1700000000 cow
"$IMGTOOL" cow flatten cow before
was=$(stat -c %b cow)
capture "$IMGTOOL" cow compact cow
assert_status 0
assert_match '^7900 sectors were as in the backing, [0-9]+ bytes regained$'
regained=$(sed -n 's/.*, \([0-9]*\) bytes.*/\1/p' out)
assert_eq "$((was * 512 - regained))" "$(($(stat -c %b cow) * 512))" "bytes regained"
[ "$regained" -gt 3000000 ] || fail "only $regained bytes regained"
assert_eq "$(stat -c %Y cow)" 1700000000 "mtime"
"$IMGTOOL" cow flatten cow after
assert_same_file before after
capture "$IMGTOOL" cow check --json cow
assert_status 0
assert_match '"sectors_set":108,"sectors_lost":0,"reclaimable":0}'

# again: nothing to do, nothing changed
cp cow same
capture "$IMGTOOL" cow compact cow
assert_out '0 sectors were as in the backing, 0 bytes regained'
assert_same_file cow same

# what a crash has left below clear bits, in the middle and at the end
for ((i = 0; i < 100; i++)); do
	dd if=/dev/urandom of=cow bs=4096 count=1 conv=notrunc \
		seek=$((3 + (i * 77 + 50) / 8 + 3)) 2>/dev/null
done
dd if=/dev/urandom of=cow bs=512 seek=$((24 + 8000)) count=8 conv=notrunc 2>/dev/null
capture "$IMGTOOL" cow check cow
assert_match '^note: garbage: 413696 bytes'
capture "$IMGTOOL" cow compact cow
assert_status 0
assert_no_match ' 0 bytes regained'
"$IMGTOOL" cow flatten cow again
assert_same_file before again

# COW on COW: the upper one is compacted over what the lower one shows, and a
# compacted lower one is still its backing
"$IMGTOOL" cow create --align 4K top cow
dd if=before of=top bs=512 seek=$((12288 / 512)) count=64 conv=notrunc 2>/dev/null
printf '\377\377\377\377\377\377\377\377' |
	dd of=top bs=1 seek=8192 conv=notrunc 2>/dev/null
capture "$IMGTOOL" cow compact top
assert_match '^64 sectors '
rm again
"$IMGTOOL" cow flatten top again
assert_same_file before again

# refused: in use, old, cut, changed backing
exec 7<cow
python3 - <<'P' || fail "no lock"
import fcntl, struct, os
fcntl.fcntl(7, 36 + 1, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
P
capture "$IMGTOOL" cow compact cow 7<&-
assert_plain_error 1 'cow: in use by'
capture "$IMGTOOL" cow check cow 7<&-
assert_status 0
capture "$IMGTOOL" cow check --repair cow 7<&-
assert_plain_error 8 'cow: in use by'
exec 7<&-
cp cow same
touch -r cow same
truncate -s 100000 same
capture "$IMGTOOL" cow compact same
assert_plain_error 1 'same: too short: see'
touch -d @1600000000 base
capture "$IMGTOOL" cow compact cow
assert_plain_error 1 'base was changed after'
capture "$IMGTOOL" cow compact base
assert_plain_error 1 'base: not a COW file'
mkdir sub
mv base sub
capture "$IMGTOOL" cow compact cow
assert_plain_error 1 'its backing'

if command -v uml_mkcow >/dev/null && command -v uml_moo >/dev/null; then
	truncate -s 1M base2
	tr '\0' b <base2 >base3
	uml_mkcow theirs base3 >/dev/null
	printf '\377\377' | dd of=theirs bs=1 seek=8192 conv=notrunc 2>/dev/null
	dd if=base3 of=theirs bs=512 seek=$((12288 / 512)) count=14 conv=notrunc 2>/dev/null
	uml_moo theirs merged
	capture "$IMGTOOL" cow compact theirs
	assert_match '^14 sectors '
	uml_moo theirs merged2
	assert_same_file merged merged2
fi

killat 1000 true || skip "no ptrace"
# SIGKILL at each change of the file: the contents stay, a second run finishes
dd if=/dev/urandom of=kbase bs=1000 count=1100 2>/dev/null
"$IMGTOOL" cow create --align 4K kcow kbase
dd if=kbase of=kcow bs=512 seek=$((12288 / 512)) conv=notrunc 2>/dev/null
dd if=/dev/urandom of=kcow bs=512 seek=$((24 + 400)) count=9 conv=notrunc 2>/dev/null
dd if=/dev/zero bs=256 count=1 2>/dev/null | tr '\0' '\377' |
	dd of=kcow bs=1 seek=8192 conv=notrunc 2>/dev/null
"$IMGTOOL" cow flatten kcow kwant
for n in $(seq 1 40); do
	cp kcow killed
	capture killat "$n" "$IMGTOOL" cow compact killed
	[ "$status" != 0 ] || break
	assert_status 137
	rm -f kraw
	"$IMGTOOL" cow flatten killed kraw
	assert_same_file kwant kraw
	capture killat $((1 + n * 7 % 5)) "$IMGTOOL" cow compact killed
	"$IMGTOOL" cow compact killed >/dev/null
	rm kraw
	"$IMGTOOL" cow flatten killed kraw
	assert_same_file kwant kraw
	capture "$IMGTOOL" cow check --json killed
	assert_match '"findings":\[\],"sectors":2149,"sectors_set":9,'
done
[ "$n" -gt 4 ] && [ "$n" -lt 40 ] || fail "ended after $n changes"

# a commit that was cut off has to be finished first
cp kcow killed
capture killat 3 "$IMGTOOL" cow commit killed
capture "$IMGTOOL" cow check killed
assert_status 4
assert_match '^error: commit-cut-off: '
capture "$IMGTOOL" cow compact killed
assert_plain_error 1 'finish it with imgtool cow commit'
