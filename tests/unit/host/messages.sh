#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The program's own part of the command line, and what it says when the host
# or the user does not supply what it needs: one line, status 1.
. "$TEST_LIB/common.sh"
linux=$UMKIT_BUILD/tests/unit/host/fake-kernel

capture "$linux" --help
assert_status 0
assert_match '^  mem=SIZE '
# every option that the parser knows is told
for o in mem= ncpus= initrd= umid= uml_dir= noreboot --help --version \
	--showconfig um_nosync um_nokillable um_nolockdown um_tracelockdown \
	um_nosupervisor; do
	assert_match "^  $o"
	grep -q "\"$o\"" "$UMKIT_SRC/kernel/arch/um/host/cmdline.c" ||
		fail "$o: told, not known"
done
capture "$linux" --version
assert_status 0
assert_out 6.12.0-fake
capture "$linux" --showconfig quiet
assert_status 0
assert_out CONFIG_FAKE=y
capture sh -c '"$1" --help >/dev/full' sh "$linux"
assert_plain_error 1 '^standard output: No space left'

capture "$linux" mem=64M ncpus=3 'x=a b' say -- --init-arg
assert_status 0
assert_match '^mem 67108864 initrd 0 at 0 ncpus 3 cmdline \[x="a b" say -- --init-arg\] backend fake$'

capture "$linux" --nonsense
assert_plain_error 1 '^command line: --nonsense: unknown option: .*--help'
capture "$linux" mem=64X
assert_plain_error 1 '^command line: mem=64X: not a size: '
capture "$linux" mem=1M
assert_plain_error 1 'mem=1M: too small: at least 16M'
capture "$linux" mem=9T
assert_plain_error 1 'mem=9T: too large: at most 8T'

printf 'contents' >initrd
capture "$linux" mem=64M initrd=initrd say
assert_match 'initrd 8 at 67104768 '
: >empty
capture "$linux" mem=64M initrd=empty say
assert_match 'initrd 0 at '
capture "$linux" initrd=gone
assert_plain_error 1 '^initrd: gone: No such file'
capture "$linux" initrd=.
assert_plain_error 1 '^initrd: \.: not a regular file'
truncate -s 60M big
capture "$linux" mem=64M initrd=big
assert_plain_error 1 '^initrd: big: does not fit: raise mem='

capture bash -c 'ulimit -Sv 4000000; ulimit -Hv 4000000; exec "$@"' sh "$linux" mem=64M
assert_plain_error 1 '^host: address space limit .*: too small.*ulimit -v unlimited'
capture bash -c 'ulimit -Sv 4000000; exec "$@"' sh "$linux" mem=64M exit=3
assert_status 3			# the soft limit is raised
capture bash -c 'ulimit -f 1000; exec "$@"' sh "$linux" mem=64M
assert_plain_error 1 '^physmem: file size limit \(ulimit -f\) below mem=: '
capture "$linux" mem=64M fatal
assert_plain_error 1 '^fake: thing: No such file or directory$'

# hosts and containers that deny something: 317 seccomp, 319 memfd_create
denied()
{
	capture "$UMKIT_BUILD/tests/unit/host/deny" "$@"
}
denied 319 1 "$linux" mem=64M
assert_plain_error 1 '^host: memfd_create: denied here: .*profile'
denied 319 38 "$linux" mem=64M
assert_plain_error 1 '^host: memfd_create: Function not implemented'
denied 317 1 "$linux" mem=64M
assert_plain_error 1 '^host: seccomp: denied here: .*profile'
denied 317 38 "$linux" mem=64M
assert_plain_error 1 '^host: seccomp: the host kernel lacks it'
denied 317 95 "$linux" mem=64M
assert_plain_error 1 '^host: seccomp trap: the host kernel lacks'
denied 28 38 "$linux" mem=64M		# madvise
assert_plain_error 1 '^physmem: madvise: Function not implemented'
denied 233 1 "$linux" mem=64M exit=3	# epoll_ctl
assert_plain_error 1 '^events: epoll_ctl: Operation not permitted'
