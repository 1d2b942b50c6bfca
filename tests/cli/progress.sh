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
capture "$IMGTOOL" sum t.img:/
assert_status 0
[ ! -s err ] || fail "sum talks to what is no terminal"
