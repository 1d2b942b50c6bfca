#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool cow, alone and against Debian's uml_mkcow and uml_moo.
. "$UMKIT_SRC/tests/cli/cli.sh"

dd if=/dev/urandom of=base bs=1000 count=1055 2>/dev/null
capture "$IMGTOOL" cow create --align 4K cow base
assert_status 0
assert_eq "$(stat -c %s cow)" $((12288 + 1055000)) "the length"
capture "$IMGTOOL" cow create --align 4K cow base
assert_plain_error 1 'cow: File exists'
capture "$IMGTOOL" cow info cow
assert_match '^version: 3$' out
assert_match '^size: 1055000$' out
assert_match '^backing: /.*/base$' out

capture "$IMGTOOL" cow info --json cow
assert_status 0
assert_eq "$(sed 's/"file_allocated":[0-9]*/A/; s/"backing":"[^"]*/B/' out)" \
	"{\"version\":3,\"unpacked\":false,\"writable\":true,B\",\
\"backing_mtime\":$(stat -c %Y base),\"size\":1055000,\"sector_size\":512,\
\"alignment\":4096,\"map_offset\":8192,\"map_bytes\":258,\
\"data_offset\":12288,\"file_size\":1067288,A,\"commit_cut_off\":false}" "info --json"

# the alignment if none is given
"$IMGTOOL" cow create aligned base
"$IMGTOOL" cow info --json aligned >out
assert_match '"alignment":1048576,"map_offset":1048576,"map_bytes":258,"data_offset":2097152,' out
rm aligned

# another alignment: map and data are there, also for others
capture "$IMGTOOL" cow create --align 64k aligned base
assert_status 0
"$IMGTOOL" cow info --json aligned >out
assert_match '"alignment":65536,"map_offset":65536,"map_bytes":258,"data_offset":131072,' out
assert_eq "$(stat -c %s aligned)" $((131072 + 1055000)) "the length"
printf '\002' | dd of=aligned bs=1 seek=65536 conv=notrunc 2>/dev/null
printf here | dd of=aligned bs=1 seek=$((131072 + 512)) conv=notrunc 2>/dev/null
"$IMGTOOL" cow check aligned >out || { show; fail "check of another alignment"; }
"$IMGTOOL" cow flatten aligned raw
assert_eq "$(dd if=raw bs=1 skip=512 count=4 2>/dev/null)" here "another alignment"
if command -v uml_moo >/dev/null; then
	uml_moo aligned merged
	# it drops a last sector that is not whole
	cmp -n $((1055000 / 512 * 512)) raw merged ||
		fail "another alignment: not what uml_moo reads"
fi
rm -f raw merged aligned
for align in 0 512 5000 2G -1 x; do
	capture "$IMGTOOL" cow create --align "$align" aligned base
	assert_plain_error 2 'a power of two from 4K to 1G'
	[ ! -e aligned ] || fail "made with --align $align"
done

# sectors 1 and 2060, the last, which is not whole
printf '\002' | dd of=cow bs=1 seek=8192 conv=notrunc 2>/dev/null
printf '\020' | dd of=cow bs=1 seek=$((8192 + 257)) conv=notrunc 2>/dev/null
printf here | dd of=cow bs=1 seek=$((12288 + 512)) conv=notrunc 2>/dev/null
cp base want
dd if=cow of=want iflag=skip_bytes skip=$((12288 + 512)) bs=512 count=1 \
	seek=1 conv=notrunc 2>/dev/null
dd if=cow of=want iflag=skip_bytes skip=$((12288 + 2060 * 512)) bs=512 \
	count=1 seek=2060 conv=notrunc 2>/dev/null
capture "$IMGTOOL" cow flatten cow raw
assert_status 0
cmp raw want || fail "flatten"

if command -v uml_mkcow >/dev/null && command -v uml_moo >/dev/null; then
	truncate -s 1M base2
	tr '\0' b <base2 >base3
	"$IMGTOOL" cow create --align 4K ours base3
	uml_mkcow theirs base3 >/dev/null
	cmp <(head -c 4128 ours) <(head -c 4128 theirs) || fail "header"
	assert_eq "$(stat -c %s ours)" "$(stat -c %s theirs)" "the length"
	for cow in ours theirs; do
		printf '\377' | dd of=$cow bs=1 seek=8193 conv=notrunc 2>/dev/null
		rm -f raw merged
		"$IMGTOOL" cow flatten $cow raw
		uml_moo $cow merged
		cmp raw merged || fail "$cow: not what uml_moo reads"
	done
	if truncate -s 3T huge 2>/dev/null; then
		"$IMGTOOL" cow create --align 4K ours3 huge
		uml_mkcow theirs3 huge >/dev/null
		cmp <(head -c 4128 ours3) <(head -c 4128 theirs3) ||
			fail "3 TiB: header"
		assert_eq "$(stat -c %s ours3)" "$(stat -c %s theirs3)" \
			"the length of 3 TiB"
	fi
fi

mkdir other
mv base other/base
capture "$IMGTOOL" cow flatten cow raw2
assert_plain_error 1 'its backing .*/base: No such file'
capture "$IMGTOOL" cow flatten --backing other/base cow raw2
assert_status 0
cmp raw2 want || fail "flatten --backing"
capture "$IMGTOOL" cow info want
assert_plain_error 1 'not a COW file'

# --json of each action
json()
{
	capture "$IMGTOOL" cow --json -q "${@:2}"
	assert_status 0
	[ ! -s err ] || { show; fail "errors"; }
	assert_match "^\{\"file\":\"$1}\$" out
}
truncate -s 1M jbase jother
json 'jcow","backing":"jbase"' create --align 4K jcow jbase
printf '\377' | dd of=jcow bs=1 seek=8192 conv=notrunc 2>/dev/null
head -c 2048 /dev/urandom | dd of=jcow bs=512 seek=24 conv=notrunc 2>/dev/null
json 'jcow","raw":"jraw","size":1048576' flatten jcow jraw
json 'jcow","cleared":4,"regained":[0-9]+' compact jcow
json 'jcow","backing":"[^"]*/jother"' rebase jcow jother
json 'jcow","backing":"[^"]*/jother","copied":2048,"resumed":false,"tail_kept":false' \
	commit jcow
cmp jother jraw || fail "what was committed"

# a V2 of 9 sectors, sector 1 in it: the ninth has no bit
truncate -s 4608 base9
mtime=$(printf '%08x' "$(stat -c %Y base9)")
{
	printf 'OOOM\0\0\0\2base9'
	head -c 4091 /dev/zero
	printf '%b' "$(sed 's/../\\x&/g' <<<"$mtime")"
	printf '\0\0\0\0\0\0\22\0\0\0\2\0\2'
	head -c $((4608 - 4121 + 512)) /dev/zero
	head -c 512 /dev/zero | tr '\0' z
} >old
truncate -s $((4608 + 4608)) old
chmod 640 old
rm -f raw raw2
"$IMGTOOL" cow flatten old raw
json 'old","version":3' upgrade old
capture "$IMGTOOL" cow info old
assert_match '^version: 3$' out
assert_eq "$(stat -c %a old)" 640 "mode"
"$IMGTOOL" cow flatten old raw2
cmp raw raw2 || fail "upgrade changed the contents"
assert_eq "$(tr -cd z <raw2 | wc -c)" 512 "what was in the file"
capture "$IMGTOOL" cow upgrade old
assert_plain_error 1 'old: needs no conversion'
capture "$IMGTOOL" cow
assert_plain_error 2 'create, info, flatten, upgrade, commit, rebase, check or compact'
