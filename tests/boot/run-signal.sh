#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: signals to imgtool, and its sudden death.
. "$TEST_LIB/boot.sh"

started() { [ -s out ]; }
begin()
{
	: >out
	imgtool run --mem "$MEM" "$TEST_IMAGE" -- "$@" >out 2>err </dev/null &
	pid=$!
	retry 60 started || { show; fail "not started"; }
}
ended() { status=0; wait "$pid" || status=$?; }

loop='while :; do sleep 0.1; done'
for signal in TERM HUP; do
	begin sh -c "trap 'echo got $signal; exit 5' $signal; echo up; $loop"
	kill -"$signal" "$pid"
	ended
	assert_status 5
	assert_match "got $signal"
done
begin sh -c 'echo up; exec sleep 1000'
kill -TERM "$pid"
ended
assert_status 143

echo "# twice kills"
begin sh -c "trap '' TERM; echo up; $loop"
kill -TERM "$pid"
sleep 0.5
kill -TERM "$pid"
ended
assert_status 143

echo "# SIGKILL leaves nothing (run-case looks)"
for _ in 1 2 3; do
	begin sh -c 'echo up; sleep 1000 & exec sleep 1000'
	kill -KILL "$pid"
	ended
	assert_status 137
done
imgtool run --mem "$MEM" "$TEST_IMAGE" -- true </dev/null &
pid=$!
sleep 0.1
kill -KILL "$pid" || :	# it may be through by then
ended
