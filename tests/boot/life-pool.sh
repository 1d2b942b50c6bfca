#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Host processes of guest processes that have ended are kept for the next ones, but
# only while programs come and go. (How many: tests/unit/backend/pool.c.)
. "$UMKIT_SRC/tests/boot/life-lib.sh"

# guests: host processes of guest ones, the zygote among them, that still live
guests()
{
	local pid n=0
	for pid in $(cat /proc/"$kernel"/task/*/children); do
		grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null || n=$((n + 1))
	done
	echo "$n"
}
# the zygote, the shell, sleep
few() { [ "$(guests)" -le 3 ]; }

for CPUS in 1 2; do
	launch 'for i in $(seq 60); do sleep 3 & done; echo @all; wait
	echo @over; exec sleep 1000'
	retry 60 says '^@all' || fail_here "not started"
	many=$(guests)
	retry 60 says '^@over' || fail_here "they do not end"
	kept=$(guests)
	echo "ncpus=$CPUS: $many processes, then $kept"
	[ "$many" -ge 60 ] || fail_here "$many processes for 60 guests"
	retry 60 few || fail_here "$(guests) processes are kept for nothing"
	kill -KILL "$kernel"
	ends_with 137
done
