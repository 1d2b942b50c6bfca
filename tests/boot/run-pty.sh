#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run on a terminal.
. "$TEST_LIB/boot.sh"
[ -e /dev/ptmx ] || skip "no pseudo terminals"
PTY_TALK=$UMKIT_BUILD/tests/unit/run/pty-talk
[ -x "$PTY_TALK" ] || skip "$PTY_TALK: not built"

# talk COMMAND...: on a terminal; what happens is on standard input
talk()
{
	status=0
	"$PTY_TALK" "$@" >out 2>err || status=$?
	[ "$status" != 99 ] || { show; fail "the conversation got stuck"; }
}
guest=(imgtool run --mem "$MEM" --env 'PS1=@ ' "$TEST_IMAGE" --)

echo "# job control"
talk "${guest[@]}" sh <<'END'
expect @ 
send stty size; tty\n
expect 24 80
expect /dev/pts/
expect @ 
send sh -c 'echo g""o; exec sleep 1000'\n
expect go
send \x03
expect @ 
send echo st=$?\n
expect st=130
send sh -c 'echo g""o; exec sleep 1000'\n
expect go
send \x1a
expect topped
expect @ 
send jobs; kill -9 %1; wait; echo o""k\n
expect ok
size 44 133
send until stty size | grep -q 133; do sleep 0.1; done; stty size\n
expect 44 133
send exit 9\n
END
assert_status 9

echo "# the last words are not lost"
for _ in 1 2 3 4 5; do
	talk "${guest[@]}" sh -c 'i=0; while [ $i -lt 2000 ]; do
		echo line-$i; i=$((i + 1)); done' </dev/null
	assert_status 0
	assert_eq "$(grep -c '^line-' out)" 2000
done

echo "# ^C, ^D, standard output elsewhere"
printf 'expect up\nmode raw\nsend \\x03\n' >steps
talk "${guest[@]}" sh -c 'echo up; exec sleep 1000' <steps
assert_status 130
printf 'expect up\nmode raw\nsend a\\n\\x04\n' >steps
talk "${guest[@]}" sh -c 'echo up; cat; exit 4' <steps
assert_status 4
talk -o file "${guest[@]}" sh -c '[ -t 0 ] && [ -t 2 ] && [ ! -t 1 ] &&
	echo good; echo error >&2; exit 3' </dev/null
assert_status 3
assert_eq "$(cat file)" good
assert_match error

echo "# a shell without a command"
printf 'mode raw\nsend echo o""k; exit 6\\n\n' >steps
talk imgtool run --mem "$MEM" "$TEST_IMAGE" <steps
assert_status 6
assert_match '^ok'

echo "# the terminal comes back"
for signal in 9 15 1; do
	printf 'expect up\nmode raw\nsignal %s\nmode cooked\n' $signal >steps
	talk "${guest[@]}" sh -c 'echo up; exec sleep 1000' <steps
	assert_status $((128 + signal))
done
printf 'expect up\nmode raw\nclose\n' >steps
talk "${guest[@]}" sh -c 'echo up; exec sleep 1000' <steps
assert_status 129
