#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs of a Debian 12 root: package tools, perl, a compiler, strace, gdb.
# time limit: 900 s
. "$TEST_LIB/boot.sh"

IMAGE=$(debian_image)
export IMAGE

run_guest -- apt-get --version
assert_status 0
assert_match '^apt 2\.' out
run_guest -- dpkg -l
assert_status 0
assert_match '^ii  base-files' out
run_guest -- perl -e 'print 6*7, "\n"; exit 7'
assert_status 7
assert_out 42

run_guest -- sh -c 'cd /tmp && cat >a.c <<"END" && gcc -g a.c -o a && ./a
#include <stdio.h>
static int answer(int n)
{
	return n * 7;
}
int main(void)
{
	printf("compiled %d\n", answer(6));
	return 3;
}
END'
assert_status 3
assert_out "compiled 42"

echo "# strace and gdb on guest programs"
run_guest -- sh -c 'strace -f -o /tmp/t sh -c "cat /etc/debian_version; exit 5"
	s=$?; grep -c execve /tmp/t; exit $s'
assert_status 5
run_guest -- sh -c 'cd /tmp && cat >a.c <<"END" && gcc -g -O0 a.c -o a && gdb -batch \
	-ex "break answer" -ex run -ex bt -ex finish -ex "print 2*\$" -ex continue ./a
static int answer(int n)
{
	return n * 7;
}
int main(void)
{
	return answer(6);
}
END'
assert_status 0
assert_match 'answer \(n=6\)' out
assert_match '^\$2 = 84$' out
assert_match 'exited with code 052' out
