#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: exit statuses, and the command's surroundings.
. "$TEST_LIB/boot.sh"

for n in 0 1 7; do
	run_guest -- sh -c "echo out; exit $n"
	assert_status "$n"
	assert_out out
	assert_eq "$(cat err)" "" "standard error"
done
run_guest -- sh -c 'kill -9 $$'
assert_status 137
run_guest -- sh -c 'kill -15 $$'
assert_status 143
run_guest -- no-such-command
assert_plain_error 127 '^imgtool: run: no-such-command: not found in the image$'
run_guest -- /proc/version
assert_plain_error 126 '^imgtool: run: /proc/version: cannot be executed: '

echo "# the end comes in other ways"
run_guest -- sh -c 'poweroff -f; sleep 100'
assert_status 0
capture imgtool run --mem "$MEM" "$TEST_IMAGE" -- sh -c \
	'echo c >/proc/sysrq-trigger || exit 77; sleep 100'
if [ "$status" != 77 ]; then
	assert_status 125
	assert_match '^imgtool: run: .*: guest kernel panic: ' err
fi
capture imgtool run --mem "$MEM" --timeout 5 "$TEST_IMAGE" -- sleep 1000
assert_plain_error 124 'the time limit is over'

echo "# what the command finds"
run_guest --env A='b c' --workdir /proc --hostname somewhere -- sh -c \
	'echo "$A"; pwd; hostname; id -u; echo $HOME'
assert_out 'b c
/proc
somewhere
0
/root'
run_guest -- sh -c 'cat /proc/mounts; ip addr show lo 2>/dev/null || ifconfig lo'
assert_match '^[^ ]+ / ext4 rw'
for mount in /proc /sys /dev /dev/pts /dev/shm /run; do
	assert_match "^[^ ]+ $mount "
done
assert_no_match ' /sysroot | / (rootfs|ramfs|tmpfs) '
assert_match '127\.0\.0\.1'
run_guest -- sh -c 'ls -l /proc/self/fd | grep -c ^l; ls -l /dev/stdin /dev/fd
	ps | grep -c . ; unshare -r true 2>&1 || echo no unshare'
assert_status 0
CPUS=2 run_guest -- sh -c 'grep -c ^processor /proc/cpuinfo'
assert_out 2

echo "# the machine is whole again after a command that left processes"
run_guest -- sh -c 'sleep 1000 & sleep 1000 & (setsid sleep 1000 &) ; echo ok'
assert_status 0
assert_out ok
