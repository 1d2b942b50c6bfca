#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The test library itself: what it must notice, it notices.
. "$TEST_LIB/common.sh"

reaper=$UMKIT_BUILD/tests/lib/reaper

capture "$reaper" sh -c 'exit 7'
assert_status 7
capture "$reaper" sh -c 'kill -TERM $$'
assert_status 143
capture "$reaper" "$WORK/nothing-here"
assert_status 127

# A process in another session, whose parent has gone, that blocks SIGTERM.
capture "$reaper" -g 100 sh -c "setsid sh -c 'trap \"\" TERM; sleep 1000' & exit 3"
assert_status 125
assert_match 'left behind: process [0-9]+ \((sh|sleep)\)' err
assert_match 'own status was 3' err

# One that ends within the grace time is not a leftover.
capture "$reaper" -g 5000 sh -c '(sleep 0.3) & exit 0'
assert_status 0

capture "$reaper" -t 0.3 sh -c 'sleep 1000 & sleep 1000'
assert_status 124

# A changed terminal is noticed, and put back.
capture on_pty bash -c "before=\$(stty -g); $reaper stty raw -echo; echo status \$?
[ \"\$(stty -g)\" = \"\$before\" ] && echo restored"
assert_match 'left behind: terminal'
assert_match 'status 125'
assert_match '^restored'

# run-case: skips, MUST_RUN, leftover files.
run_case=$TEST_LIB/run-case
mkcase()
{
	cat >"$WORK/case.sh"
}

mkcase <<<'. "$TEST_LIB/common.sh"; skip no such thing'
MUST_RUN=0 capture "$run_case" case.sh
assert_status 77
MUST_RUN=1 capture "$run_case" case.sh
assert_status 1
mkcase <<<'. "$TEST_LIB/common.sh"; touch "$HOME/x"'
capture "$run_case" case.sh
assert_status 1
assert_match 'left behind' err
mkcase <<<'. "$TEST_LIB/common.sh"; false; exit 0'
capture "$run_case" case.sh
assert_status 1
mkcase <<<'. "$TEST_LIB/common.sh"; capture echo hello; assert_out hello'
capture "$run_case" case.sh
assert_status 0
