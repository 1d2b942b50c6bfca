# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers for every test script, which runs under run-case:
#
#	. "$TEST_LIB/common.sh"
#
# $WORK is the case's folder and its current directory.

set -euo pipefail

# skip REASON: this case cannot run here
skip()
{
	echo "skip: $*" >&2
	exit 77
}

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

need_cmd()
{
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null || skip "$cmd: not found"
	done
}

need_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# as_nobody COMMAND...: as an ordinary user, when we are root
as_nobody()
{
	need_cmd setpriv
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=-all --bounding-set=-all -- "$@"
}

# need_userns: `unshare -Ur` works here
need_userns()
{
	unshare -Ur true 2>/dev/null || skip "user namespaces are denied"
}

# capture COMMAND...: run it; its status is in $status, what it wrote in the
# files out and err. Never fails by itself. Standard input is the caller's.
capture()
{
	status=0
	"$@" >"$WORK/out" 2>"$WORK/err" || status=$?
}

# show: what the last command wrote, for a failure's log
show()
{
	local file
	for file in out err; do
		[ -e "$WORK/$file" ] || continue
		echo "--- $file (first 50 and last 50 lines)"
		if [ "$(wc -l <"$WORK/$file")" -le 100 ]; then
			cat -v "$WORK/$file"
		else
			head -n 50 "$WORK/$file" | cat -v
			echo "[...]"
			tail -n 50 "$WORK/$file" | cat -v
		fi
	done >&2
}

# assert_status N: of the last capture
assert_status()
{
	[ "$status" = "$1" ] || { show; fail "status $status, expected $1"; }
}

# assert_eq ACTUAL EXPECTED [WHAT]
assert_eq()
{
	[ "$1" = "$2" ] || fail "${3:-value}: is '$1', expected '$2'"
}

# assert_out TEXT: the last capture wrote exactly this to standard output
assert_out()
{
	[ "$(cat "$WORK/out")" = "$1" ] || { show; fail "output is not '$1'"; }
}

# assert_match REGEX [FILE]: a line of FILE (out) matches the extended regex
assert_match()
{
	grep -Eq -- "$1" "${2:-$WORK/out}" || {
		show
		fail "${2:-out}: no line matches '$1'"
	}
}

assert_no_match()
{
	if grep -Eq -- "$1" "${2:-$WORK/out}"; then
		show
		fail "${2:-out}: a line matches '$1'"
	fi
}

assert_same_file()
{
	cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# assert_plain_error STATUS REGEX: the last capture failed with STATUS, and
# said why in exactly one line on standard error
assert_plain_error()
{
	assert_status "$1"
	[ "$(wc -l <"$WORK/err")" = 1 ] || { show; fail "not one error line"; }
	assert_match "$2" "$WORK/err"
}

# on_pty COMMAND...: run it on a new pseudo terminal; what it shows goes to
# standard output, what we are given as input is typed
on_pty()
{
	need_cmd script
	script -qec "$(printf '%q ' "$@")" /dev/null
}

# retry SECONDS COMMAND...: until it succeeds
retry()
{
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.1
	done
}
