# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the guest's kernel counts during a job (kernel/doc/counters.md). What a
# benchmark runs in a guest begins with this file; on the host nothing is counted.

counters=/sys/kernel/debug/um/counters

# counted NAME COMMAND...: runs it, then prints "counters NAME WHAT GROWTH ..."
# of what grew. The reading of the counters is in it: some 40 system calls.
counted()
{
	local name=$1 before status=0
	shift
	[ -r $counters ] || {
		"$@"
		return
	}
	before=$(cat $counters)
	"$@" || status=$?
	{
		echo "$before"
		cat $counters
	} | awk -v name="$name" '
		$1 in was && $2 != was[$1] { line = line " " $1 " " $2 - was[$1] }
		{ was[$1] = $2 }
		END { print "counters " name line }'
	return $status
}
