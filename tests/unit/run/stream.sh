#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Standard input, output and error: every byte, in order, apart, to the end.
. "$UMKIT_SRC/tests/unit/run/fake.sh"

head -c 50000000 /dev/urandom >data

echo "# through pipes, files, sockets"
# shellcheck disable=SC2002
cat data | run -- cat | cmp - data || fail "pipe to pipe"
run -- cat <data >copy || fail "file to file"
assert_same_file data copy
run -- cat "$WORK/data" >copy </dev/null || fail "into a file"
assert_same_file data copy
echo begin >copy
run -- cat <data >>copy || fail "appending"
(echo begin; cat data) | cmp - copy || fail "appending"

echo "# apart, and in order where they are one"
capture run -- sh -c 'echo out; echo err >&2'
assert_out out
[ "$(cat err)" = err ] || { show; fail "standard error"; }
for how in 1 2; do
	if [ $how = 1 ]; then
		run -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do
			echo o$i; echo e$i >&2; done' >both 2>&1
	else
		run -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do
			echo o$i; echo e$i >&2; done' 2>&1 | cat >both
	fi
	assert_eq "$(tr '\n' ' ' <both)" \
		"o1 e1 o2 e2 o3 e3 o4 e4 o5 e5 o6 e6 o7 e7 o8 e8 o9 e9 "
done

echo "# ends"
(sleep 0.3; echo late) | run -- sh -c 'cat; echo end' >out
assert_eq "$(tr '\n' ' ' <out)" "late end "
imgtool run image -- sh -c 'exec >&-; sleep 2; echo end >&2' 2>ended |
	{ cat; [ ! -s ended ] || echo "too late"; } >out
assert_eq "$(cat out)" "" "end of output before the end of the command"
status=0
run -- yes </dev/null | head -n 1 >out || status=${PIPESTATUS[0]}
assert_eq "$status $(cat out)" "141 y" "a broken pipe"
yes | imgtool run image -- head -n 1 >out && fail "yes must get a broken pipe"
assert_eq "$(cat out)" y

echo "# closed, null and odd descriptors"
run -- sh -c 'cat; echo x' <&- >out || fail "closed input"
assert_eq "$(cat out)" x
run -- echo x >&- 2>/dev/null || fail "closed output"
run -- sh -c 'echo x; exit 3' >/dev/null && fail "null"
run -- head -c 100 </dev/zero >out || fail "zero"
assert_eq "$(wc -c <out)" 100
capture run -- sh -c 'echo x; exit 0' >/dev/full
status=0
run -- echo x >/dev/full 2>err || status=$?
assert_eq "$status" 125 "a full disk"
assert_match 'standard output: No space left on device' err

echo "# output of the last moment, and of those who stay"
run -- sh -c 'head -c 900000 /dev/zero' | wc -c >out
assert_eq "$(cat out)" 900000
start=$SECONDS
run -- sh -c 'sleep 3 &  echo out' >out || fail "background"
assert_eq "$(cat out)" out
[ $((SECONDS - start)) -lt 3 ] || fail "waited for a process in the background"
sleep 2 # until that one is gone

echo "# nobody else's settings are changed"
mkfifo fifo
exec 3<>fifo
run -- true <&3
read -r flags < <(sed -n 's/^flags:\t//p' /proc/$$/fdinfo/3)
[ $((flags & 04000)) = 0 ] || fail "O_NONBLOCK was left on the caller's pipe"
