#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An idle guest takes less than 1% of a CPU over 10 s, all its processes
# together, and wakes up a few times a second, however many vcpus it has.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

# ticks: user and system time so far of the kernel process and all below it
ticks()
{
	local pid todo=("$kernel") sum=0 stat
	while [ ${#todo[@]} -gt 0 ]; do
		pid=${todo[0]}
		todo=("${todo[@]:1}")
		stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
		read -ra stat <<<"${stat##*) }"
		# with the children it has waited for
		sum=$((sum + stat[11] + stat[12] + stat[13] + stat[14]))
		# shellcheck disable=SC2207 # numbers
		todo+=($(cat /proc/"$pid"/task/*/children 2>/dev/null))
	done
	echo $sum
}

# wakeups: how often the kernel process's threads have gone to sleep so far
wakeups()
{
	cat /proc/"$kernel"/task/*/status |
		awk '/^voluntary_ctxt_switches:/ { n += $2 } END { print n + 0 }'
}

hz=$(getconf CLK_TCK)

# idles: true if the guest idles for 10 s. Sets $used (ticks) and $slept (wakeups).
idles()
{
	local before asleep
	before=$(ticks)
	asleep=$(wakeups)
	# (the boot itself may have taken less than a tick)
	[ -r "/proc/$kernel/stat" ] || fail "no kernel process: not measured"
	sleep 10
	used=$(($(ticks) - before))
	slept=$(($(wakeups) - asleep))
	echo "ncpus=$cpus: $used ticks of $((10 * hz)), $slept wakeups"
	[ $((used * 100)) -lt $((10 * hz)) ] && [ "$slept" -lt 100 ]
}

for cpus in 1 4 64; do
	CPUS=$cpus launch "sleep 1000 & exec sleep 1000"
	sleep 12	# what the boot has begun is done by then
	# on a loaded machine later: what never ends is what is looked for
	idles || idles || idles || idles ||
		fail "ncpus=$cpus: an idle guest takes $used of $((10 * hz)) ticks and wakes up $slept times in 10 s"
	kill -KILL "$kernel"
	ends_with 137
done
