#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A terminal on this side and one on the other.
. "$UMKIT_SRC/tests/unit/run/fake.sh"
[ -e /dev/ptmx ] || skip "no pseudo terminals"

echo "# job control"
talk imgtool run --env PS1='@ ' image -- bash --norc --noediting -i <<'END'
expect @ 
send stty size; tty; echo t=$(tput -T ansi cols)\n
expect 24 80
expect /dev/pts/
expect @ 
send sh -c 'echo g""o; exec sleep 100'\n
expect go
send \x03
expect ^C
expect @ 
send echo st=$?\n
expect st=130
send sh -c 'echo g""o; exec sleep 100'\n
expect go
send \x1a
expect Stopped
expect @ 
send bg; jobs; kill %1; wait; echo ok\n
expect sleep 100
expect ok
send trap 'echo a new""size; stty size' WINCH; echo trap""ped; while [ -z "$REPLY" ]; do read -t 0.1; done\n
expect trapped
size 44 133
expect a newsize
expect 44 133
send x\n
expect @ 
send exit 9\n
END
assert_status 9

echo "# the last words are not lost"
talk imgtool run image -- sh -c 'i=0; while [ $i -lt 5000 ]; do
	echo line-$i; i=$((i + 1)); done' </dev/null
assert_status 0
assert_eq "$(grep -c '^line-' out)" 5000

echo "# ^C, ^\\ and ^D"
printf 'expect up\nsend \\x03\n' >steps
talk imgtool run image -- sh -c 'echo up; exec sleep 100' <steps
assert_status 130
printf 'expect up\nsend \\x1c\n' >steps
talk imgtool run image -- sh -c 'ulimit -c 0; echo up; exec sleep 100' <steps
assert_status 131
printf 'expect up\nsend a\\n\\x04\n' >steps
talk imgtool run image -- sh -c 'echo up; cat; exit 4' <steps
assert_status 4

echo "# standard output elsewhere"
talk -o file imgtool run image -- sh -c '[ -t 0 ] && [ -t 2 ] &&
	[ ! -t 1 ] && echo good; echo error >&2; exit 3' </dev/null
assert_status 3
assert_eq "$(cat file)" good
assert_match error

echo "# a shell without a command"
printf 'mode raw\nsend exit 6\\n\n' >steps
talk imgtool run --env HISTFILE=/dev/null image <steps
assert_status 6

echo "# the terminal comes back"
for signal in 9 15 1; do
	printf 'expect up\nmode raw\nsignal %s\nmode cooked\n' $signal >steps
	talk imgtool run image -- sh -c 'echo up; exec sleep 100' <steps
	assert_status $((128 + signal))
done
printf 'expect up\nmode raw\nclose\n' >steps
talk imgtool run image -- sh -c 'echo up; exec sleep 100' <steps
assert_status 129
