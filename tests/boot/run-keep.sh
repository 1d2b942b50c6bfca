#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run --keep: a layer that is gone on with, over raw images and others.
. "$TEST_LIB/boot.sh"
need_cmd e2fsck

base=$(scratch_image)
IMAGE=$base
before=$(sha256sum <"$base")

clean()
{
	rm -f raw
	imgtool convert --quiet --format raw "$1" raw
	e2fsck -fn raw >fsck 2>&1 || { cat fsck; fail "$1: not clean"; }
}

echo "# made, kept, gone on with"
run_guest --keep work -- sh -c 'echo one >/file; (sleep 100 >/dev/null) &
	rm /etc/passwd; exit 3' </dev/null
assert_status 3
assert_eq "$(cat err)" "" "standard error"
clean work
run_guest --keep ./work -- sh -c 'cat /file; echo two >>/file
	! test -e /etc/passwd' </dev/null
assert_status 0
assert_out one
clean work
assert_eq "$(sha256sum <"$base")" "$before" "the image"
imgtool cat work:/file >out
assert_out 'one
two'
imgtool diff work >out || [ $? = 1 ]
assert_match '/file$'
assert_match '/etc/passwd$'
run_guest -- cat /file </dev/null
assert_status 1

echo "# the layer as an image: thrown away, in place, and under one more"
sum=$(sha256sum <work)
IMAGE=work run_guest -- sh -c 'echo three >>/file; cat /file' </dev/null
assert_out 'one
two
three'
IMAGE=work run_guest --keep top -- sh -c 'echo top >>/file' </dev/null
assert_status 0
assert_eq "$(sha256sum <work)" "$sum" "the layer below"
IMAGE=work run_guest --keep top -- cat /file </dev/null
assert_out 'one
two
top'
clean top
rm top
IMAGE=work run_guest --rw -- sh -c 'echo three >>/file' </dev/null
assert_status 0
clean work
IMAGE=work run_guest -- cat /file </dev/null
assert_out 'one
two
three'
assert_eq "$(sha256sum <"$base")" "$before" "the image"

echo "# odd names"
cp --sparse=always "$base" 'a, "b":c'
IMAGE='a, "b":c' run_guest --keep 'k, "l":m' -- sh -c 'echo x >/file' </dev/null
assert_status 0
IMAGE='a, "b":c' run_guest --keep 'k, "l":m' -- cat /file </dev/null
assert_out x
rm 'a, "b":c' 'k, "l":m'

echo "# killed at any time, it boots"
written() { grep -q '^20$' out; }
checked() { imgtool cow check --allow-backing work >check 2>&1; }
# shellcheck disable=SC2016
imgtool run --mem "$MEM" --keep work "$base" -- sh -c 'n=0; while :; do
	head -c 300000 /bin/busybox >/copy$n; sync; echo $n; n=$((n + 1)); done' \
	>out 2>err </dev/null &
pid=$!
retry 120 written || { show; fail "nothing is written"; }
capture imgtool run --keep work "$base" -- true
assert_plain_error 125 '^imgtool: run: work: is in use by process [0-9]+ \(linux\)$'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
# the guest goes a moment after imgtool
retry 60 checked || { cat check; fail "the COW file is damaged"; }
run_guest --keep work -- sh -c 'tail -n 1 /file; for n in 0 10 20; do
	head -c 300000 /bin/busybox | cmp - /copy$n && echo same; done' </dev/null
assert_out 'three
same
same
same'
clean work

echo "# refused, and nothing is changed"
refused()
{
	local image=$1 file=$2 sum
	sum=$(sha256sum "$file")
	capture imgtool run --keep "$file" "$image" -- true </dev/null
	assert_plain_error 125 "^imgtool: run: $3"
	assert_eq "$(sha256sum "$file")" "$sum" "$file"
}
echo text >text
refused "$base" text 'text: is there and is no COW file'
refused "$base" "$base" '.*: is the image itself'
cp --sparse=always "$base" other
refused other work 'work: lies over .*: give that as the image, .*imgtool cow rebase'
mkdir folder
capture imgtool run --keep folder "$base" -- true </dev/null
assert_plain_error 125 '^imgtool: run: folder: is not a regular file'
capture imgtool run --keep none/work "$base" -- true </dev/null
assert_plain_error 125 '^imgtool: run: none/work: No such file'
touch -d '1 hour ago' "$base"
refused "$base" work 'work: its backing .* was changed .*imgtool cow rebase'
imgtool cow rebase --unsafe work "$base"
run_guest --keep work -- head -n 1 /file </dev/null
assert_out one
mv "$base" moved
refused moved work 'work: was made over .*: No such file.*imgtool cow rebase --unsafe'
head -c 1000000 /dev/zero >zeroes
capture imgtool run --keep new zeroes -- true </dev/null
assert_plain_error 125 'zeroes: holds no file system'
[ ! -e new ] || fail "a file without a guest is left"
for option in --rw --layer-max=4M --layer-dir=.; do
	capture imgtool run --keep new "$option" moved -- true
	assert_plain_error 2 'not together with'
done
capture imgtool run --backing moved other -- true
assert_plain_error 125 'other: is no COW file, so it has no backing'

echo "# a backing elsewhere has to be named"
imgtool cow create folder/over moved
capture imgtool run folder/over -- true </dev/null
assert_plain_error 125 '^imgtool: run: folder/over: its backing .*in another directory'
IMAGE=folder/over run_guest --backing moved -- echo here </dev/null
assert_out here
