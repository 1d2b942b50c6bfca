#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The engine's guest is stopped or killed in the middle of the work: the command
# ends with one line that says so, and leaves nothing behind. The command is
# killed: its guest goes with it.
. "$UMKIT_SRC/tests/boot/engine.sh"
need_cmd pgrep

mkdir tree
seq 3000000 >tree/big # far more than is read ahead
echo small >tree/small
imgtool build --quiet tree -o img
before=$(sha256sum <img)
mkfifo pipe

# seconds; those that are not stopped have the usual time
limit=

# begin VERB...: run it up to where nobody takes its output any more. Its pid is
# in $command, the guest kernel's in $guest.
begin()
{
	UMKIT_ENGINE_TIMEOUT=$limit \
		imgtool "$1" --engine guest "${@:2}" >pipe 2>err &
	command=$!
	exec 9<pipe
	head -c 1000 <&9 >out
	guest=$(pgrep -P "$command")
	[ "$guest" ] || fail "$1: there is no guest"
}

# finish: take the rest and its status
finish()
{
	cat <&9 >out
	exec 9<&-
	status=0
	wait "$command" || status=$?
}

# gone: nothing is there, or soon, of the session that the guest has led
gone()
{
	while pgrep -s "$guest" >/dev/null; do
		sleep 0.1
	done
}

for verb in cat tar; do
	path=img:/big
	[ $verb = cat ] || path=img:/
	echo "# $verb, and the guest is stopped"
	limit=2 begin $verb $path
	kill -STOP "$guest"
	finish
	assert_plain_error 1 \
		"$verb: img: the engine's guest has stopped working, and was killed"
	gone

	echo "# $verb, and the guest is killed"
	begin $verb $path
	kill -KILL "$guest"
	finish
	assert_plain_error 1 \
		"$verb: img: the engine's guest was killed by signal 9"
	gone

	echo "# $verb is killed, and the guest is stopped at that time"
	begin $verb $path
	kill -STOP "$guest"
	kill -KILL "$command"
	finish
	gone

	echo "# $verb ends for lack of a reader"
	begin $verb $path
	exec 9<&-
	wait "$command" || :
	gone
done
assert_eq "$(sha256sum <img)" "$before" "the image"

# The editor is our way into the middle of a change.
cat >editor <<'EOF'
#!/bin/sh
pgrep -P "$PPID" -x linux >guest
kill "-$SIGNAL" $(cat guest)
echo more >>"$1"
EOF
chmod +x editor
export EDITOR=$PWD/editor SIGNAL
for SIGNAL in STOP KILL; do
	echo "# edit, and the guest gets SIG$SIGNAL"
	limit=
	[ $SIGNAL = KILL ] || limit=2
	UMKIT_ENGINE_TIMEOUT=$limit capture imgtool edit --engine guest img:/small
	guest=$(cat guest)
	assert_status 1
	assert_match "edit: img: the engine's guest (has stopped|was killed by)" err
	gone
	grep -qx more "$TMPDIR"/imgtool-edit.*/small ||
		fail "the work of the editor is lost"
	rm -r "$TMPDIR"/imgtool-edit.*
done
capture imgtool cat --engine guest img:/small
assert_out small

echo "# a guest that works without end: it has twenty times as long"
printf '#!/bin/sh\nwhile :; do :; done\n' >busy
chmod +x busy
start=$SECONDS
UMKIT_ENGINE_TIMEOUT=1 UMKIT_KERNEL=$PWD/busy \
	capture imgtool ls --engine guest img
assert_plain_error 1 \
	"ls: img: the engine's guest does not come to an end, and was killed"
[ $((SECONDS - start)) -ge 19 ] || fail "after $((SECONDS - start)) seconds"
