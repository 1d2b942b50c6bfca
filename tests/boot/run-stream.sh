#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: standard input, output and error.
. "$TEST_LIB/boot.sh"

head -c 50000000 /dev/urandom >data
guest() { imgtool run --mem "$MEM" --cpus "$CPUS" "$TEST_IMAGE" -- "$@"; }

for CPUS in 1 2; do
	echo "# 50 MB through cat, $CPUS processors"
	# shellcheck disable=SC2002
	cat data | guest cat | cmp - data || fail "pipe to pipe"
	guest cat <data >copy || fail "file to file"
	assert_same_file data copy
done
CPUS=1

echo "# apart, and in order where they are one"
run_guest -- sh -c 'echo out; echo err >&2'
assert_out out
assert_eq "$(cat err)" err
guest sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done' \
	>both 2>&1 </dev/null
assert_eq "$(tr '\n' ' ' <both)" \
	"o1 e1 o2 e2 o3 e3 o4 e4 o5 e5 o6 e6 o7 e7 o8 e8 o9 e9 "

echo "# ends"
(sleep 1; echo late) | guest sh -c 'cat; echo end' >out
assert_eq "$(tr '\n' ' ' <out)" "late end "
imgtool run --mem "$MEM" "$TEST_IMAGE" -- \
	sh -c 'exec >&-; sleep 3; echo end >&2' 2>ended </dev/null |
	{ cat; [ ! -s ended ] || echo "too late"; } >out
assert_eq "$(cat out)" "" "end of output before the end of the command"
status=0
guest yes </dev/null | head -n 1 >out || status=${PIPESTATUS[0]}
assert_eq "$status $(cat out)" "141 y" "a broken pipe"
guest sh -c 'head -c 900000 /dev/zero' </dev/null | wc -c >out
assert_eq "$(cat out)" 900000 "output of the last moment"

echo "# closed, null and odd descriptors"
guest sh -c 'cat; echo x' <&- >out || fail "closed input"
assert_eq "$(cat out)" x
status=0
guest sh -c 'echo x; exit 3' >/dev/null </dev/null || status=$?
assert_eq "$status" 3 "null"
guest head -c 100 </dev/zero >out || fail "zero"
assert_eq "$(wc -c <out)" 100
status=0
guest echo x >/dev/full 2>err </dev/null || status=$?
assert_eq "$status" 125 "a full disk"
assert_match 'standard output: No space left on device' err

echo "# nobody else's settings are changed"
mkfifo fifo
exec 3<>fifo
guest true <&3 >&3 2>&3
flags=$(sed -n 's/^flags:\t*//p' /proc/$$/fdinfo/3)
[ $((flags & 04000)) = 0 ] || fail "O_NONBLOCK was left on the caller's pipe"
