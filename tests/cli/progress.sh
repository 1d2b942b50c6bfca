#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Long work is told on a terminal, in one line that goes away; --quiet and what
# is no terminal are silent.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd python3
show=$UMKIT_SRC/tests/cli/progress.py

mkdir tree
head -c 9000000 /dev/urandom >tree/a
head -c 9000000 /dev/urandom >tree/b
build tree -o t.img
tar cf t.tar -C tree .

python3 "$show" read - "$IMGTOOL" tar t.img >out || fail "tar: $?"
assert_match '^t.img \[#* *\] +[0-9]+%' out
[ "$(tail -c 3 out | od -An -c | tr -d ' ')" = '033[K' ] || fail "the line stays: $(od -c out | tail)"
python3 "$show" read - "$IMGTOOL" tar -q t.img >out || fail "tar -q: $?"
[ ! -s out ] || fail "tar -q is not quiet"
python3 "$show" feed t.tar "$IMGTOOL" build - -o n.img >out || fail "build: $?"
assert_match 'n.img [0-9.]+ *MiB' out
python3 "$show" feed t.tar "$IMGTOOL" build -q - -o n.img >out || fail "build -q: $?"
[ ! -s out ] || fail "build -q is not quiet"

# cp, out of an image and into one
python3 "$show" read - "$IMGTOOL" cp t.img:/a /dev/stdout >out || fail "cp: $?"
assert_match '/dev/stdout .*MiB' out
python3 "$show" read - "$IMGTOOL" cp -q t.img:/a /dev/stdout >out || fail "cp -q: $?"
[ ! -s out ] || fail "cp -q is not quiet"
mkdir to
build to --size +30M -o to.img
if strace true 2>/dev/null; then
	slow=(strace -qq -o /dev/null -e trace=pread64
		-e inject=pread64:delay_exit=200000:when=10+)
	python3 "$show" run - "${slow[@]}" "$IMGTOOL" cp -r tree to.img:/in >out ||
		fail "cp in: $?"
	assert_match 'to.img:/in .*MiB' out
	rm to.img
	python3 "$show" run - "${slow[@]}" "$IMGTOOL" cp -r t.img:/ to/all >out ||
		fail "cp out: $?"
	assert_match 'to/all \[#* *\] +[0-9]+%' out
fi
capture "$IMGTOOL" sum t.img:/
assert_status 0
[ ! -s err ] || fail "sum talks to what is no terminal"
