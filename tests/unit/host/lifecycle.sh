#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# However the program ends: status, no process left, no umid folder left.
# (That no process is left is checked by run-case, too.)
. "$TEST_LIB/common.sh"
linux=$UMKIT_BUILD/tests/unit/host/fake-kernel
uml=$WORK/uml

# linux_ WORD...
linux_()
{
	"$linux" mem=32M "uml_dir=$uml" "$@"
}

# background WORD...: its pid is in $pid, what it says in the file log
background()
{
	: >log
	"$linux" mem=32M "uml_dir=$uml" "$@" >log 2>&1 &
	pid=$!
}

no_folder()
{
	[ -z "$(ls -A "$uml" 2>/dev/null)" ] || fail "left in uml_dir: $(ls -AR "$uml")"
}

# start_linux WORD...: in the background, until it serves
start_linux()
{
	background umid=x "$@" serve
	retry 10 grep -q serving log || { cat log; fail "does not start"; }
}

# await STATUS: of $pid
await()
{
	local got=0
	wait "$pid" || got=$?
	assert_eq "$got" "$1" "status of $*"
	no_folder
}

echo "== ends by itself"
for how in exit=0:0 exit=7:7 abort:134 fault:134 killed:137 fatal:1; do
	capture linux_ umid=x "${how%:*}"
	assert_status "${how#*:}"
	no_folder
done
capture linux_ exit=3 um_nosupervisor umid=x
assert_status 3
no_folder
capture linux_ umid=x killed
assert_status 137
assert_match '^kernel process: killed by signal 9: .*out of memory' err

echo "== the umid folder"
capture linux_ umid=x start
assert_match "^umid 0 $uml/x/pid\$"
capture linux_ start
assert_match "^umid 0 $uml/[a-z0-9]{6}/pid\$"
no_folder
start_linux
kernel=$(cat "$uml/x/pid")
[ "$kernel" != "$pid" ] && kill -0 "$kernel"
capture linux_ umid=x exit=0
assert_plain_error 1 "^umid: $uml/x: in use by another instance"
[ -e "$uml/x/pid" ] || fail "the other instance's folder is gone"
kill -TERM "$pid"
await 0
mkdir "$uml/x" && echo 1 >"$uml/x/pid" && : >"$uml/x/mconsole"	# left by a crash
capture linux_ umid=x start
assert_status 0
no_folder
capture env -u HOME "$linux" mem=32M umid=x exit=4
assert_status 4
assert_match '^umid: x: no place for its folder: ' err

echo "== signals"
start_linux
kill -INT "$pid"
retry 5 grep -qx 'pending 32' log
kill -HUP "$pid"
retry 5 grep -qx 'pending 64' log
kill -WINCH "$pid"
retry 5 grep -qx 'pending 128' log
kill -TERM "$pid"
await 0
assert_match '^pending 16$' log

echo "== killed: either process, and processes left behind"
gone()
{
	! kill -0 "$1" 2>/dev/null
}
start_linux
kernel=$(cat "$uml/x/pid")
kill -KILL "$pid"
wait "$pid" || :
retry 5 gone "$kernel" || fail "the kernel process outlives its supervisor"
no_folder
start_linux child
kill -KILL "$(cat "$uml/x/pid")"
await 137
gone "$(sed -n 's/^child //p' log)" || fail "a process is left"

echo "== deaf guests"
background umid=x deaf
retry 10 grep -q serving log
kill -TERM "$pid"
sleep 1.2
kill -TERM "$pid"
await 143

echo "== reboot, locked down or not, keeps the pid"
for lock in nothing lock; do
	rm -f mark
	background umid=x say once=mark $lock reboot end exit=5
	await 5
	assert_eq "$(grep -c '^mem ' log)" 2 "starts"
done
rm -f mark
capture linux_ noreboot once=mark reboot end exit=5
assert_status 0
rm -f mark
capture linux_ um_nosupervisor once=mark reboot end exit=5
assert_status 5
rm -f mark
capture linux_ um_nosupervisor once=mark lock reboot end exit=5
assert_status 0
assert_match '^reboot: no supervisor: .*um_nolockdown' err

echo "== inherited descriptors survive a reboot, others are closed"
echo inherited >in
rm -f mark
exec 7<in
capture linux_ umid=x fds once=mark reboot end
exec 7<&-
assert_match '^fds 0 1 2 .*7( |$)'
assert_eq "$(grep -c '^fds' out)" 2
assert_eq "$(uniq out | grep -c '^fds')" 1 "kinds of descriptor lists"

echo "== the guest kernel's shadow memory reads zero and can be written to"
capture linux_ mem=32M shadow exit=0
assert_match '^shadow 0 3$'

echo "== children of the shell that became us are left alone"
bash -c 'sleep 1000 & echo $! >sleeper; exec "$0" mem=32M exit=0' "$linux"
kill "$(cat sleeper)" || fail "the shell's child was killed"

echo "== stop and continue"
state()
{
	sed 's/.*) //; s/ .*//' "/proc/$1/stat"
}
is_state()
{
	[ "$(state "$1")" = "$2" ]
}
set -m	# a process group of its own: SIGTSTP does not stop an orphaned one
start_linux
set +m
kernel=$(cat "$uml/x/pid")
kill -TSTP "$pid"
retry 5 is_state "$pid" T || fail "supervisor: not stopped"
retry 5 is_state "$kernel" T || fail "kernel process: not stopped"
kill -CONT "$pid"
retry 5 is_state "$kernel" S || fail "kernel process: not continued"
kill -HUP "$pid"
retry 5 grep -qx 'pending 64' log
kill -TERM "$pid"
await 0
