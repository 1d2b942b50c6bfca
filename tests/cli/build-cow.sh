#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool build --format cow: a layer that shows what a raw build makes, and has
# only what differs from its backing; what is refused; killed in the middle.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir tree
seq 200000 >tree/old
build tree --size 40M -o base.img
echo last >tree/zzz
build tree --size 40M -o want.img
sum=$(sha256sum <base.img)

# layer ARGUMENT... -o COW: must succeed in silence
layer()
{
	capture "$IMGTOOL" build -q "$@"
	assert_status 0
	[ ! -s out ] && [ ! -s err ] || { show; fail "not silent: build $*"; }
	capture "$IMGTOOL" fsck "${!#}"
	assert_status 0
}

layer tree --format cow --backing base.img -o x.cow
"$IMGTOOL" convert -q x.cow raw.img
assert_same_file raw.img want.img
assert_eq "$(sha256sum <base.img)" "$sum" "the backing"
capture "$IMGTOOL" diff x.cow
assert_out '+ /zzz'
[ "$(stat -c %b x.cow)" -lt $(($(stat -c %b want.img) / 2)) ] ||
	fail "what is the same is in it, too: $(stat -c %b x.cow) blocks"

echo "# --backing alone, over a layer, with partitions, from a stream"
tar cf t.tar -C tree .
layer - --partition gpt --backing x.cow -o y.cow <t.tar
"$IMGTOOL" info --json y.cow >out
assert_match '"format":"cow".*"backings":\[.*x.cow.*base.img.*"table":"gpt"'
assert_eq "$("$IMGTOOL" cat y.cow:/zzz)" last

echo "# an old file of that name is replaced, and stays when something fails"
cp want.img y.cow
layer tree --backing base.img -o y.cow
cp y.cow same.cow
head -c 60M /dev/urandom >tree/large
capture "$IMGTOOL" build -q tree --backing base.img -o y.cow
assert_plain_error 1 'build: y.cow: .*--size'
assert_same_file y.cow same.cow
rm tree/large

echo "# what is refused"
refused 2 '--format cow: needs --backing' tree --format cow
refused 2 '--backing: a raw file has none' tree --format raw --backing base.img
refused 2 'qcow2: neither raw nor cow' tree --format qcow2
refused 1 '--size: a COW file has the size of its backing, here 41943040 bytes' \
	tree --backing base.img --size 50M
refused 1 '--size: a COW file has the size of its' tree --backing base.img \
	--size +1M
refused 1 'none.img: ' tree --backing none.img
capture "$IMGTOOL" build -q tree --backing base.img -o base.img
assert_plain_error 1 'build: base.img: is its own backing'
assert_eq "$(sha256sum <base.img)" "$sum" "the backing"

echo "# killed at any change of a file: nothing, or all of it"
for ((n = 1;; n += 3)); do
	rm -f z.cow
	capture killat $n "$IMGTOOL" build -q tree --backing base.img -o z.cow
	[ "$status" != 77 ] && [ "$status" != 0 ] || break
	assert_status 137
	[ -e z.cow ] || continue
	"$IMGTOOL" convert -q z.cow raw.img
	cmp raw.img want.img >&2 || fail "killed at $n: half a layer"
done
[ "$status" = 0 ] || exit 77
