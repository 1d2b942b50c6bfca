#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: locks of the guest hold on the host and the other way round; the host
# has the union of what the guest's processes have.
. "$TEST_LIB/boot.sh"

locks=$UMKIT_BUILD/tests/boot/hostfs_locks
mkdir dir
cp "$locks" dir/locks
: >dir/file
mkfifo to from
# before the pipes are open, which it is not to keep so
coproc HOST { "$locks" dir/file; }

# The program of the guest says "ready" when it has the file open.
timeout 100 imgtool run --mem "$MEM" --bind "$PWD/dir:/mnt" "$TEST_IMAGE" -- \
	sh -c 'cd /mnt && exec ./locks file' <to >from 2>err &
guest=$!
exec 3>to 4<from

# answer FD: the next line there
answer()
{
	local line
	read -r -t 100 line <&"$1" || fail "no answer: $(cat err)"
	line=${line%$'\r'}
	echo "$line"
}
assert_eq "$(answer 4)" ready
assert_eq "$(answer "${HOST[0]}")" ready

# guest|host COMMAND EXPECTED
guest()
{
	echo "$1" >&3
	assert_eq "$(answer 4)" "$2" "guest: $1"
}
host()
{
	echo "$1" >&"${HOST[1]}"
	assert_eq "$(answer "${HOST[0]}")" "$2" "host: $1"
}

echo "# ranges"
guest "posix 0 w 0 10" ok
host "posix 0 r 5 1" EAGAIN
host "ofd 0 w 0 0" EAGAIN
host "posix 0 w 10 5" ok
guest "posix 0 r 12 1" EAGAIN
guest "ofd 1 r 12 1" EAGAIN
guest "test 1 w 11 0" "w 10 5 -1"
host "test 1 w 0 5" "w 0 10 -1"
guest "posix 0 u 3 4" ok
host "ofd 1 w 3 4" ok
host "ofd 1 w 2 1" EAGAIN
host "ofd 1 w 7 1" EAGAIN
host "ofd 1 u 0 0" ok
host "posix 0 u 0 0" ok
guest "posix 0 u 0 0" ok
host "ofd 1 w 0 0" ok
host "ofd 1 u 0 0" ok

echo "# the union"
guest "ofd 0 r 0 10" ok
guest "ofd 1 r 5 10" ok
guest "ofd 2 w 20 0" ok
guest "ofd 1 w 20 1" EAGAIN
host "ofd 0 r 0 20" ok
host "ofd 0 u 0 20" ok
guest "ofd 0 u 0 0" ok
host "ofd 0 w 0 5" ok
host "ofd 0 w 5 10" EAGAIN
host "ofd 0 w 15 5" ok
host "ofd 0 r 30 1" EAGAIN
host "ofd 0 u 0 0" ok
guest "ofd 1 u 0 8" ok
host "ofd 0 w 5 3" ok
host "ofd 0 w 8 1" EAGAIN
guest "ofd 1 u 0 0" ok
guest "ofd 2 u 0 0" ok
host "ofd 0 w 0 0" ok

echo "# waiting"
guest "stop-wposix 0 w 3 1" stopped
guest "stop-wofd 0 r 3 1" stopped
echo "wposix 0 w 3 1" >&3
host "ofd 0 u 0 0" ok
assert_eq "$(answer 4)" ok
host "ofd 0 w 3 1" EAGAIN
# behind another of the guest: who goes on holding it
guest "stop-wofd 1 w 3 1" stopped
host "ofd 0 r 3 1" EAGAIN
guest "posix 0 u 0 0" ok
host "ofd 0 w 3 1" ok
host "ofd 0 u 3 1" ok
guest "deadlock 0 u 0 0" found
host "ofd 0 w 0 0" ok
host "ofd 0 u 0 0" ok

echo "# whole files"
guest "flock 0 r 0 0" ok
guest "flock 1 r 0 0" ok
host "flock 0 w 0 0" EAGAIN
host "flock 0 r 0 0" ok
guest "flock 2 w 0 0" EAGAIN
guest "flock 0 u 0 0" ok
guest "flock 1 w 0 0" EAGAIN
host "flock 0 w 0 0" ok
guest "flock 1 r 0 0" EAGAIN
guest "stop-wflock 1 w 0 0" stopped
echo "wflock 1 w 0 0" >&3
host "flock 0 u 0 0" ok
assert_eq "$(answer 4)" ok
host "flock 0 r 0 0" EAGAIN
guest "flock 1 r 0 0" ok
host "flock 0 r 0 0" ok
host "flock 0 u 0 0" ok

echo "# all is gone when the guest's program is"
guest "posix 0 w 0 0" ok
exec 3>&-
cat <&4 >out
status=0
wait "$guest" || status=$?
assert_status 0
host "flock 0 w 0 0" ok
host "posix 0 w 0 0" ok
