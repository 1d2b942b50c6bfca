#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What goes wrong with image and kernel: one line that says it.
. "$UMKIT_SRC/tests/unit/run/fake.sh"

capture imgtool run missing -- true
assert_plain_error 125 '^imgtool: run: missing: cannot be opened: No such file'
: >empty
capture imgtool run empty -- true
assert_plain_error 125 'empty: is empty$'
capture imgtool run "$WORK" -- true
assert_plain_error 125 'is a directory'
capture imgtool run /dev/null -- true
assert_plain_error 125 'neither a file nor a block device'
mkfifo fifo
capture imgtool run fifo -- true
assert_plain_error 125 'neither a file nor a block device'
if [ "$(id -u)" != 0 ]; then
	chmod 0 empty
	capture imgtool run empty -- true
	assert_plain_error 125 'Permission denied'
fi

capture run --kernel /no/kernel -- true
assert_plain_error 125 '^imgtool: run: /no/kernel: not usable as the kernel: '
capture run --kernel "$WORK/image" -- true
assert_plain_error 125 'Permission denied'
echo nonsense >nonsense
chmod +x nonsense
capture run --kernel "$WORK/nonsense" -- true
assert_plain_error 125 'nonsense: cannot be started: Exec format error'

export FAKE_LINUX
FAKE_LINUX=error capture run -- true
assert_plain_error 125 'image: mem=1Y: not a size$'
FAKE_LINUX=panic capture run -- true
assert_status 125
assert_match '^imgtool: run: .*: guest kernel panic: VFS: it is all over$' err
assert_match '^\[ .*swapper$' err
FAKE_LINUX=off capture run -- true
assert_status 125
assert_match 'ended before the command was started' err
FAKE_LINUX=killed capture run -- true
assert_status 125
assert_match 'killed by signal 9' err
FAKE_LINUX=segv capture run -- true
assert_status 125
assert_match 'killed by signal 11' err
# The guest's root owns the control channel: nothing it says may do harm.
for FAKE_LINUX in garbage flood short; do
	capture run -- true
	[ "$status" != 0 ] && [ "$status" -lt 126 ] || { show; fail "$FAKE_LINUX"; }
done
unset FAKE_LINUX

echo "# what the kernel is given"
capture run -v --mem 100M --cpus 3 --append 'a=1 b="c d"' -- true
assert_status 0
assert_match 'mem=102400K ncpus=3 initrd=/proc/self/fd/[0-9]+ ubd0o=.*/image ' err
assert_match ' a=1 b="c d"$' err
capture run -v --rw --layer-max 10M -- true
assert_match ' ubd0=.*/image ' err
cp image 'name with, odd: letters'
capture imgtool run -v 'name with, odd: letters' -- true
assert_match ' ubd0o=name with\\, odd\\: letters ' err
cp image 'name with "'
capture imgtool run -v 'name with "' -- true
assert_match ' ubd0o=/proc/self/fd/[0-9]+ ' err
capture run -- true
assert_eq "$(cat err)" "" "standard error without --verbose"

echo "# the initrd"
if command -v cpio >/dev/null; then
	FAKE_LINUX=initrd FAKE_INITRD=$WORK/initrd capture run -- true
	mkdir tree
	(cd tree && cpio -i --quiet --no-absolute-filenames 'init' 'dev' <../initrd)
	assert_same_file tree/init "$FAKE_INIT"
	[ -d tree/dev ] || fail "no dev in the initrd"
	cpio -tv --quiet <initrd >out
	assert_match '^crw-------.* 5, +1 .* dev/console$'
fi
