# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The generic case for another kind of host: the other boot cases with $OPTIONS
# on the kernel's command line, each a result in TAP. $MODE is what
# /proc/cpuinfo has to say then. BOOT_CASES names the cases; all is the default.

. "$TEST_LIB/boot.sh"

cases=(debian debian-where sandbox limits limits-memory cow hotplug memory
	modules life-bad life-corrupt life-end life-idle life-kill life-many
	life-signal run-image run-many run-pty run-signal run-status
	run-stream run-where hostfs-basic hostfs-coherent hostfs-model)
[ -z "${BOOT_CASES-}" ] || read -ra cases <<<"$BOOT_CASES"

run_guest --append "$OPTIONS" -- grep ^mode /proc/cpuinfo
assert_match "^mode.*: $MODE\$" out

echo "1..${#cases[@]}"
count=0
for case in "${cases[@]}"; do
	count=$((count + 1))
	status=0
	UMKIT_TEST_OPTIONS=$OPTIONS \
		"$TEST_LIB/run-case" "$UMKIT_SRC/tests/boot/$case.sh" >"log.$case" 2>&1 ||
		status=$?
	case $status in
	0) echo "ok $count - $case" ;;
	77) echo "ok $count - $case # SKIP $(tail -n 1 "log.$case")" ;;
	*)
		echo "not ok $count - $case"
		echo "# status $status"
		tail -n 100 "log.$case" | cat -v | sed 's/^/# /' ;;
	esac
done
