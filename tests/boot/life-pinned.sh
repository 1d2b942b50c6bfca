#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest that was started on one CPU (taskset) stays there with all its threads,
# although guest threads are bound to a CPU for a while and set free again.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

need_cmd taskset
[ "$(nproc)" -gt 1 ] || skip "one CPU"
cpu=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
taskset -pc "$cpu" $$ >/dev/null

# where each thread of the guest may run, itself and what it has started; some end
# while they are looked at
places()
{
	local pid todo=("$kernel")
	while [ ${#todo[@]} -gt 0 ]; do
		pid=${todo[0]}
		todo=("${todo[@]:1}")
		sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid"/task/*/status 2>/dev/null ||
			true
		# shellcheck disable=SC2207 # numbers
		todo+=($(cat "/proc/$pid"/task/*/children 2>/dev/null || true))
	done
}

# a shell is stopped where it forks, and then computes for longer
# shellcheck disable=SC2016 # the guest's
work='while :; do /bin/true; i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done; done'
CPUS=2
for option in quiet um_nosync um_trap; do
	launch "($work) & $work" "$option"
	for _ in {1..20}; do
		sleep 0.2
		places
	done | sort | uniq -c >seen
	echo "$option:" && cat seen
	[ "$(awk '{ print $2 }' seen)" = "$cpu" ] || fail "$option: not all on CPU $cpu"
	kill -KILL "$kernel"
	ends_with 137
done
