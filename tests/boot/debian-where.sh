#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs of a Debian 12 root where the host gives little: as nobody, in a
# user namespace, with 1 MiB noexec /dev/shm and /tmp, and in a container-like
# sandbox. PLACES ("nobody userns small sandbox") chooses some.
# time limit: 900 s
. "$TEST_LIB/boot.sh"

IMAGE=$(debian_image)
imgtool=$(command -v imgtool)
PTY_TALK=$UMKIT_BUILD/tests/unit/run/pty-talk
[ -x "$PTY_TALK" ] || skip "$PTY_TALK: not built"
need_cmd setpriv
sandbox=("$UMKIT_BUILD/tests/lib/sandbox" -k "$UMKIT_BUILD" -k
	"$(dirname "$UMKIT_KERNEL")")

# place NAME: how to get there, in $there; false where it cannot be had here
place()
{
	case $1 in
	nobody)
		there=(env "HOME=/nonexistent" "TMPDIR=/tmp")
		[ "$(id -u)" != 0 ] || there+=(setpriv --reuid=65534
			--regid=65534 --clear-groups --inh-caps=-all
			--bounding-set=-all --) ;;
	userns) there=(unshare -Ur) ;;
	small) there=("${sandbox[@]}" -s 1m -m) ;;
	sandbox) there=("${sandbox[@]}") ;;
	*) fail "$1: no such place" ;;
	esac
	capture "${there[@]}" test -r "$IMAGE"
	[ "$status" = 0 ] || {
		echo "# $1: skipped: $(cat err) (status $status)"
		return 1
	}
}

# debian COMMAND...: in the guest, from $there
debian()
{
	guarded "${there[@]}" "$imgtool" run --mem "$MEM" --cpus "$CPUS" \
		"$IMAGE" -- "$@" >out 2>err
}
# says STATUS REGEX: the last command did, and nothing on standard error
says()
{
	assert_status "$1"
	assert_match "$2"
	assert_eq "$(cat err)" '' "standard error"
}

programs()
{
	debian apt-get --version </dev/null
	says 0 '^apt 2\.'
	debian dpkg -l </dev/null
	says 0 '^ii  base-files'
	debian perl -e 'print 6 * 7, "\n"; exit 7' </dev/null
	says 7 '^42$'
	CPUS=2 debian sh -c 'cat >/tmp/a.c && gcc -O2 /tmp/a.c -o /tmp/a && /tmp/a' \
		<<-'C'
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			printf("compiled %d\n", argc * 42);
			return 3;
		}
	C
	says 3 '^compiled 42$'
}

statuses()
{
	debian true </dev/null
	assert_status 0
	debian no-such-program </dev/null
	assert_plain_error 127 'no-such-program: not found in the image$'
	# shellcheck disable=SC2016 # expanded by the guest
	debian bash -c 'kill -KILL $$' </dev/null
	assert_status 137
	# shellcheck disable=SC2016
	debian perl -e 'kill SEGV => $$; sleep 1' </dev/null
	assert_status 139
}

# A job that says when it runs: it prints "going", and "on" when continued.
JOB='perl -e '\''$| = 1; $SIG{CONT} = sub { print "o", "n\n" }; print "go", "ing\n"; sleep 1 while 1'\'

# Stopped, continued in the background, ended by name; stopped, brought back to
# the foreground, ended by ^C. None of it ends the shell.
job_control()
{
	status=0
	"$PTY_TALK" "$UMKIT_BUILD/tests/lib/reaper" -t "$BOOT_TIMEOUT" \
		"${there[@]}" "$imgtool" run --mem "$MEM" --env 'PS1=@ ' \
		--env "JOB=$JOB" "$IMAGE" -- bash --norc --noediting \
		>out 2>err <<'STEPS' || status=$?
expect @ 
send tty\n
expect /dev/pts/
expect @ 
send eval "$JOB"\n
expect going
send \x1a
expect Stopped
expect @ 
send echo stop=$(jobs -s | wc -l); bg\n
expect stop=1
expect on
send echo run=$(jobs -r | wc -l); kill %1; wait %1; echo st=$?\n
expect run=1
expect st=143
expect @ 
send eval "$JOB"\n
expect going
send \x1a
expect Stopped
expect @ 
send fg\n
expect on
send \x03
expect @ 
send echo st=$?\n
expect st=130
expect @ 
send exit 9\n
STEPS
	assert_status 9
}

# 50 MB through the guest's cat, of all byte values
stream()
{
	status=0
	"${there[@]}" "$imgtool" run --mem "$MEM" --cpus 2 "$IMAGE" -- cat \
		<data 2>err | cmp - data || fail "50 MB came back different"
	assert_eq "$(cat err)" '' "standard error"
}

head -c 50000000 /dev/urandom >data
been=0
for where in ${PLACES:-nobody userns small sandbox}; do
	place "$where" || continue
	been=$((been + 1))
	for part in programs statuses job_control stream; do
		echo "# $where: $part"
		$part
	done
done
[ "$been" -gt 0 ] || skip "none of these places can be had here"
