# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the guest's kernel counts during a job (kernel/doc/counters.md). What a
# benchmark runs in a guest begins with this file; on the host nothing is counted.
# The benchmark itself has counted_table from it.

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

# counted_table <LINES: those that counted() printed, as a table, the last of each job
counted_table()
{
	echo "What the guest's kernel counted (kernel/doc/counters.md):"
	awk '$1 == "counters" {
		line = sprintf("%-16s", $2)
		for (i = 3; i < NF; i += 2) line = line sprintf(" %s %s", $i, $(i + 1))
		if (!($2 in last)) names[++n] = $2
		last[$2] = line
	}
	END { for (i = 1; i <= n; i++) print last[names[i]] }'
}
