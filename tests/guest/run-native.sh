#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the guest programs on this machine's own kernel, to test the tests:
#
#	make check-build && tests/guest/run-native.sh [NAME...]
#
# One line each; a failure's output follows. ATTACK_FAKE=1 lets the attackers
# of the stub work on look-alike pages. Variable GUEST_DIR: where they are
# built. Exit status: 1 if one failed.
set -u

dir=${GUEST_DIR:-${UMKIT_BUILD:-.}/tests/guest}
[ $# -gt 0 ] || set -- "$dir"/*
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
ran=0
for program; do
	name=${program##*/}
	case $name in
	*.*) continue ;;
	esac
	{ [ -f "$dir/$name" ] && [ -x "$dir/$name" ]; } || continue
	ran=$((ran + 1))
	status=0
	"$dir/$name" >"$log" 2>&1 </dev/null || status=$?
	case $status in
	0) echo "ok      $name ($(tail -n 1 "$log"))" ;;
	77) echo "skip    $name: $(sed -n 's/.*# SKIP //p' "$log" | head -n 1)" ;;
	*)
		echo "FAILED  $name: status $status"
		grep -v '^ok' "$log" | sed 's/^/	/'
		failed=1
		;;
	esac
done
[ "$ran" -gt 0 ] || {
	echo "run-native.sh: $dir: no programs; run: make check-build" >&2
	exit 1
}
exit $failed
