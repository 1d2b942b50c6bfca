#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The image is complete under its name, or the old one is still there; killed
# at any moment, by any signal.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d
head -c 3000000 /dev/urandom >d/random
tar cf d.tar -C d .
echo old >old
cp old t.img

# left: nothing but what was there before
left()
{
	cmp -s t.img old || fail "t.img is not the old one after $1"
	assert_eq "$(find . -maxdepth 1 -name '.t.img*')" "" "files after $1"
}

named() { [ -n "$(find . -maxdepth 1 -name '.t.img*')" ]; }
mkfifo pipe
for signal in KILL TERM INT HUP; do
	# its input never ends, so it is in the middle of its work
	env --default-signal=INT "$IMGTOOL" build -q - -o t.img <pipe &
	pid=$!
	exec 3>pipe
	head -c 2000000 d.tar >&3
	sleep 0.2
	kill -$signal $pid
	exec 3>&-
	wait $pid && fail "not killed"
	left $signal
done
for delay in 0.002 0.005 0.01 0.02 0.03; do
	# (timeout(1) does not wait for what it kills)
	"$IMGTOOL" build -q d d.tar -o t.img 2>/dev/null &
	sleep $delay
	kill -KILL $! 2>/dev/null || :
	wait $! || :
	cmp -s t.img old || fsck t.img
	cp old t.img
	left "$delay s"
done
# Without /proc the temporary file has a name, which goes too. (A sanitizer
# cannot work without /proc.)
if unshare -rm true 2>/dev/null &&
		! grep -q __asan_init "$(command -v "$IMGTOOL")"; then
	export IMGTOOL
	# shellcheck disable=SC2016
	no_proc='mount -t tmpfs none /proc && exec "$IMGTOOL" build -q "$@"'
	for signal in TERM INT HUP; do
		env --default-signal=INT \
			unshare -rm sh -c "$no_proc" sh - -o t.img <pipe &
		pid=$!
		exec 3>pipe
		head -c 2000000 d.tar >&3
		retry 20 named || fail "no temporary file"
		kill -$signal $pid
		exec 3>&-
		wait $pid && fail "not killed"
		left $signal
	done
	unshare -rm sh -c "$no_proc" sh d -o t.img
	fsck t.img
	assert_eq "$(find . -maxdepth 1 -name '.t.img*')" "" "files left"
	cp old t.img
	# a full disk
	# shellcheck disable=SC2016
	capture unshare -rm sh -c 'mount -t tmpfs -o size=1m none "$1" &&
		"$IMGTOOL" build -q d -o "$1/x.img"; s=$?; ls -A "$1"; exit $s' \
		sh "$TMPDIR"
	assert_plain_error 1 'x.img: cannot be written: No space left on device'
	assert_out ''
fi
head -c 2000000 d.tar >cut.tar
capture "$IMGTOOL" build -q cut.tar -o t.img
assert_plain_error 1 '^imgtool: build: cut.tar: '
left "a failure"

# the old image is replaced, through a symlink too; it need not be writable
ln -s t.img link.img
chmod 400 t.img
build d -o link.img
[ -L link.img ] || fail "the symlink was replaced"
fsck t.img
# in a directory that is not ours to write
if [ "$(id -u)" = 0 ]; then
	mkdir ro && chmod 755 ro
	capture as_nobody "$IMGTOOL" build -q d.tar -o ro/x.img
	assert_plain_error 1 '^imgtool: build: ro/x.img: cannot be made: Permission'
else
	mkdir ro && chmod 555 ro
	capture "$IMGTOOL" build -q d.tar -o ro/x.img
	assert_plain_error 1 '^imgtool: build: ro/x.img: cannot be made: Permission'
fi
