#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest's time: over a stop of all its processes (SIGSTOP, SIGCONT), and where
# the host's own CLOCK_MONOTONIC is that of a time namespace.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

# all of them, the supervisor first
tree()
{
	local pid todo=("$supervisor")
	while [ ${#todo[@]} -gt 0 ]; do
		pid=${todo[0]}
		todo=("${todo[@]:1}")
		echo "$pid"
		# shellcheck disable=SC2207 # numbers
		todo+=($(cat /proc/"$pid"/task/*/children 2>/dev/null))
	done
}

# what the guest says: its wall clock and the time since its start, in seconds
last()
{
	tr -d '\r' <console | awk -v k="$1" \
		'/^@time [0-9]+ [0-9.]+$/ { v = k == "wall" ? $2 : int($3) }
		END { print v + 0 }'
}
says_more() { [ "$(grep -ac '^@time ' console)" -gt "$1" ]; }

# near HOST GUEST: the guest said it within the last seconds
near() { [ $(($1 - $2)) -ge -1 ] && [ $(($1 - $2)) -le 3 ]; }

for CPUS in 1 2; do
	launch '(while :; do :; done) & (sleep 3; echo @slept) &
	while :; do
		echo @time $(date +%s) $(cut -d. -f1 /proc/uptime); sleep 0.2
	done'
	retry 60 says_more 3 || fail_here "no time"
	up=$(last up)
	# shellcheck disable=SC2046 # numbers
	kill -STOP $(tree)
	sleep 6
	said=$(grep -ac '^@time ' console)
	# shellcheck disable=SC2046 # numbers
	kill -CONT $(tree)
	retry 60 says_more $((said + 3)) || fail_here "it does not go on"
	passed=$(($(last up) - up))
	now=$(date +%s)
	near "$now" "$(last wall)" ||
		fail_here "wall clock: $(last wall), the host's is $now"
	[ "$passed" -ge 5 ] || fail_here "$passed s are counted of 6"
	retry 60 says '^@slept' || fail_here "what slept sleeps on"
	says 'not steady' && fail_here "the TSC was given up"
	echo "ncpus=$CPUS: $passed s since before the stop of 6 s"
	kill -KILL "$kernel"
	ends_with 137
done

echo "# in a time namespace"
aside=(unshare --fork --time --monotonic 1000000)
"${aside[@]}" true 2>/dev/null || aside=(unshare -Ur --fork --time --monotonic 1000000)
if ! "${aside[@]}" true 2>/dev/null; then
	echo "# skipped: none can be made here"
	exit 0
fi
for program in time_clock time_timer time_vdso; do
	guarded "${aside[@]}" "$(command -v imgtool)" run --cpus 2 --mem "$MEM" \
		"$TEST_IMAGE" -- "/tests/$program" >out 2>err </dev/null
	assert_status 0
	assert_no_match '^not ok'
done
guarded "${aside[@]}" "$(command -v imgtool)" run --mem "$MEM" "$TEST_IMAGE" -- \
	sh -c 'date +%s; cut -d. -f1 /proc/uptime' >out 2>err </dev/null
assert_status 0
near "$(date +%s)" "$(sed -n 1p out)" || fail "wall clock: $(cat out)"
[ "$(sed -n 2p out)" -lt 1000 ] || fail "time since the start: $(cat out)"
