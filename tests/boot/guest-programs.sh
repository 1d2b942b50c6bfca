# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The generic case for the programs of tests/guest: one boot with $CPUS vcpus
# runs them all, and each is one result in TAP. A program's status 77 is a
# skip. When the guest dies or hangs under a program, that one has failed and
# the rest are run in another boot. A warning of the guest kernel ends it, too.
#
# GUEST_PROGRAMS names the ones to run; all is the default. APPEND is for the
# kernel's command line.

. "$TEST_LIB/boot.sh"
BOOT_TIMEOUT=300
MAY_HANG=1

count=0
# result WORD NAME [DIRECTIVE [REMARK]]
result()
{
	count=$((count + 1))
	echo "$1 $count - $2 ncpus=$CPUS${APPEND:+ $APPEND}${4:+ ($4)}${3:+ # $3}"
}

# skipped_checks: what a program that passed could not check here, so that
# nobody takes "passed" for more than it is
skipped_checks()
{
	sed -n 's/^ok .*# SKIP /without /p' log | sort -u | paste -sd ';' -
}

# report PROGRAM STATUS: its output is in the file log
report()
{
	case $2 in
	0) result ok "$1" '' "$(skipped_checks)" ;;
	77)
		if [ "${MUST_RUN:-0}" = 1 ]; then
			result 'not ok' "$1"
		else
			result ok "$1" "SKIP $(sed -n 's/.*# SKIP //p' log | head -n 1)"
		fi ;;
	*)
		result 'not ok' "$1"
		echo "# $1: status $2"
		tail -n 60 log | cat -v | sed 's/^/# /' ;;
	esac
}

# read_results: report what one boot's output (out) tells. $programs becomes
# what it did not get to, less the one it died under.
read_results()
{
	local line word program='' rest
	: >log
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		'@program '*) program=${line#* }; : >log ;;
		'@status '*)
			word=${line##* }
			report "$program" "$word"
			remove "$program"
			program= ;;
		*) printf '%s\n' "$line" >>log ;;
		esac
	done <out
	[ -n "$program" ] || return 0
	{ echo "the guest ended with status $status (124: it hung); its last words:"
	  tail -n 30 err; } >>log
	report "$program" "none"
	remove "$program"
}

remove()
{
	local p left=()
	for p in "${programs[@]}"; do
		[ "$p" = "$1" ] || left+=("$p")
	done
	programs=("${left[@]}")
}

cd "$WORK"
if [ -n "${GUEST_PROGRAMS-}" ]; then
	read -ra programs <<<"$GUEST_PROGRAMS"
else
	# shellcheck disable=SC2016 # expanded by the guest
	run_guest -- /bin/sh -c 'cd /tests && echo *' </dev/null
	if [ "$status" != 0 ]; then
		show
		fail "cannot list the guest's programs: status $status"
	fi
	read -ra programs < <(tr -d '\r' <out | sed 's/\brun\b//; s/[^ ]*-helper//g')
fi
[ ${#programs[@]} -gt 0 ] || fail "no guest programs"
echo "1..${#programs[@]}"

while [ ${#programs[@]} -gt 0 ]; do
	before=${#programs[@]}
	# shellcheck disable=SC2016 # expanded by the guest
	run_guest ${APPEND:+--append "$APPEND"} -- /bin/sh -c 'echo 1 >/proc/sys/kernel/panic_on_warn
		exec /usr/bin/env "$@"' sh MUST_RUN="${MUST_RUN:-0}" \
		TAP_SLOW="${TAP_SLOW:-1}" /tests/run "${programs[@]}" </dev/null
	read_results
	if [ ${#programs[@]} = "$before" ]; then
		show
		fail "the guest runs nothing any more: status $status"
	fi
done
