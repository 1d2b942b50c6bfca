#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Signals to imgtool, the time limit, and SIGKILL.
. "$UMKIT_SRC/tests/unit/run/fake.sh"

started() { [ -s out ]; }

# begin COMMAND...: in the background; it says something once it runs
begin()
{
	: >out
	imgtool run image -- "$@" >out 2>err </dev/null &
	pid=$!
	retry 20 started || { show; fail "not started"; }
}

ended() { status=0; wait "$pid" || status=$?; }

loop='while :; do sleep 0.05; done'
for signal in TERM HUP INT; do
	# Bash's own children ignore SIGINT in the background.
	set -m
	begin sh -c "trap 'echo got $signal; exit 5' $signal; echo up; $loop"
	set +m
	kill -"$signal" "$pid"
	ended
	assert_status 5
	assert_match "got $signal"
done

echo "# the default action, seen from outside"
begin sh -c 'echo up; exec sleep 100'
kill -TERM "$pid"
ended
assert_status 143

echo "# USR1 is passed on and asks for no end"
begin sh -c "trap 'echo one' USR1; trap 'echo two; exit 6' USR2; echo up; $loop"
kill -USR1 "$pid"
retry 20 grep -q one out || fail "USR1"
kill -USR1 "$pid"
kill -USR2 "$pid"
ended
assert_status 6

echo "# twice kills"
begin sh -c "trap '' TERM; echo up; $loop"
kill -TERM "$pid"
sleep 0.3
kill -TERM "$pid"
ended
assert_status 143

echo "# before the command runs, once kills"
FAKE_LINUX=hang imgtool run image -- true >out 2>err </dev/null &
pid=$!
sleep 0.5
kill -TERM "$pid"
ended
assert_status 143

echo "# ignored from the start stays ignored"
: >out
(trap '' HUP; exec imgtool run image -- sh -c "echo up; sleep 1; exit 8") \
	>out 2>err </dev/null &
pid=$!
retry 20 started
kill -HUP "$pid"
ended
assert_status 8

echo "# time limit"
capture run --timeout 1 -- sleep 100
assert_plain_error 124 'the time limit is over'
FAKE_LINUX=hang capture run --timeout 1 -- true
assert_plain_error 124 'the time limit is over'

echo "# SIGKILL leaves nothing (run-case looks)"
begin sh -c 'echo up; exec sleep 100'
kill -KILL "$pid"
ended
assert_status 137

echo "# stopping and going on"
begin sh -c 'echo up; exec sleep 1'
kill -STOP "$pid"
sleep 0.2
kill -CONT "$pid"
ended
assert_status 0
