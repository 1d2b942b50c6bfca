# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the life-*.sh cases: the bare kernel on a terminal of its own, in the
# background, so that things can be done to it. It reads from the terminal,
# which is raw then, and writes to the file console; pty-talk gives it the
# terminal and sees it raw, the reaper looks for what is left behind when it
# ends.

. "$TEST_LIB/boot.sh"

PTY_TALK=$UMKIT_BUILD/tests/unit/run/pty-talk
[ -x "$PTY_TALK" ] || skip "$PTY_TALK: not built"
[ -e /dev/ptmx ] || skip "no pseudo terminals"

# What comes before a case's script.
UP='mount -t proc proc /proc; read x; echo @up;'

says() { grep -aq -- "$1" console; }
times_said() { [ "$(grep -ac -- "$1" console)" -ge "$2" ]; }

up_or_ended() { says '^@up' || ! kill -0 "$job" 2>/dev/null; }

# launch SCRIPT [ARGUMENT...]: boot with SCRIPT as init, until it says @up.
# $kernel is the pid of the kernel process then, $supervisor that of the one
# above it. The command line knows no quotes in quotes: SCRIPT has no ".
launch()
{
	local script=$1
	shift
	: >console
	rm -rf uml
	printf 'mode raw\nsend go\\n\n' |
		"$PTY_TALK" -o console "$UMKIT_BUILD/tests/lib/reaper" \
		-t "$BOOT_TIMEOUT" "$UMKIT_KERNEL" mem="$MEM" ncpus="$CPUS" \
		con0=fd:0,fd:1 con=null umid=life uml_dir="$WORK/uml" \
		"ubd0${RW:-r}=$TEST_IMAGE" root=/dev/ubda ro init=/bin/sh "$@" -- \
		-c "$UP $script" >terminal 2>err &
	job=$!
	retry 60 up_or_ended
	says '^@up' || fail_here "not started"
	# a script that ends at once may be gone by now
	kernel=$(cat uml/life/pid 2>/dev/null) || kernel=0
	supervisor=$(awk '/^PPid:/ { print $2 }' "/proc/$kernel/status" \
		2>/dev/null) || supervisor=0
}

fail_here()
{
	{ cat -v console err terminal; } >&2
	fail "$*"
}

# ended: wait for the end; sets $status. The reaper has made 125 of it when a
# process or the terminal's settings were left.
ended()
{
	status=0
	wait "$job" || status=$?
	[ "$status" != 125 ] || fail_here "left something behind"
	[ "$status" != 124 ] || fail_here "no end after $BOOT_TIMEOUT s"
	[ "$status" != 99 ] || fail_here "the terminal was never raw"
}

# ends_with STATUS [WHAT]: it does, and the umid folder is gone
ends_with()
{
	ended
	[ "$status" = "$1" ] ||
		fail_here "${2:-end}: status $status, expected $1"
	[ ! -e uml/life ] || fail_here "${2:-end}: the umid folder is still there"
	echo "ok: ${2:-end}: $status"
}

# The guest waits for what is done to it.
FOREVER='while :; do sleep 1; done'
