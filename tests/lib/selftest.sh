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

# Whose status it is can be told, whatever it is.
for own in 0 7 124 125; do
	capture "$reaper" -o verdict sh -c "exit $own"
	assert_status $own
	assert_eq "$(cat verdict)" "own $own" verdict
done
capture "$reaper" -g 100 -o verdict sh -c 'sleep 1000 & exit 125'
assert_status 125
assert_eq "$(cat verdict)" 'left 125' verdict
capture "$reaper" -t 0.3 -o verdict sleep 1000
assert_eq "$(cat verdict)" timeout verdict
capture "$reaper" -o verdict sh -c 'kill -TERM $PPID; sleep 1000'
assert_status 143
assert_eq "$(cat verdict)" stopped verdict

# guarded fails the case for what the reaper found, never for the command's own
# status.
guard()
{
	mkdir -p inner
	capture env WORK="$WORK/inner" UMKIT_KERNEL=/bin/true BOOT_TIMEOUT="$2" bash -c \
		'. "$TEST_LIB/boot.sh"; guarded sh -c "$0"; echo "own $status"' "$1"
}
for own in 0 77 124 125; do
	guard "exit $own" 60
	assert_status 0
	assert_out "own $own"
done
guard 'sleep 1000 & exit 125' 60
assert_status 1
assert_match 'FAIL: left something behind' err
assert_match 'own status was 125' err
guard 'sleep 1000' 0.3
assert_status 1
assert_match 'FAIL: no end after 0.3 s' err

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

# UMKIT_TEST_OPTIONS: in front, and ncpus= for the case's own
# shellcheck disable=SC2016 # expanded by the case
mkcase <<<'"$UMKIT_KERNEL" mem=1 ncpus=1 ncpus=65 "a  b" -- x
	echo "$UMKIT_KERNEL" >&2
	[ -z "${UMKIT_TEST_OPTIONS-}" ]'
printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >kernel
chmod 755 kernel
UMKIT_KERNEL=$WORK/kernel UMKIT_TEST_OPTIONS='um_trap ncpus=4' \
	capture "$run_case" case.sh
assert_status 0
assert_out '<um_trap><ncpus=4><mem=1><ncpus=4><ncpus=65><a  b><--><x>'
UMKIT_KERNEL=$WORK/kernel UMKIT_TEST_OPTIONS=um_trap capture "$run_case" case.sh
assert_out '<um_trap><mem=1><ncpus=1><ncpus=65><a  b><--><x>'
[ ! -e "$(dirname "$(cat err)")" ] || fail "the wrapper is left"
