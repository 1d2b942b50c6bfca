#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# How the guest ends itself: status, terminal, processes, umid folder.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

launch 'poweroff -f'
ends_with 0 'power off'
launch 'halt -f'
ends_with 0 halt
launch 'reboot -f' noreboot
ends_with 0 'reboot, noreboot'
launch 'reboot -f' um_nosupervisor
ends_with 0 'reboot, no supervisor'
grep -q 'reboot: no supervisor: ' terminal || fail_here "not told why no reboot"

echo "# /proc/exitcode"
launch 'echo 42 >/proc/exitcode; cat /proc/exitcode; poweroff -f' um_nosupervisor
ends_with 42 'power off, exitcode 42'
says '^42' || fail_here "exitcode does not read back"
launch 'echo 0x43 >/proc/exitcode; echo rubbish >/proc/exitcode; halt -f'
ends_with 67 'halt, exitcode 0x43'
launch 'echo 44 >/proc/exitcode; reboot -f' noreboot
ends_with 44 'reboot, noreboot, exitcode 44'

echo "# reboot runs the program again, in the same process and terminal"
AGAIN='[ ! -e /again ] || { echo 7 >/proc/exitcode; echo @back; exec poweroff -f; }'
image=$(scratch_image)
TEST_IMAGE=$image RW=d UP="mount -t proc proc /proc; $AGAIN; read x; echo @up;" \
	launch 'touch /again; sync; exec reboot -f' rw
ends_with 7 reboot
says '^@back' || fail_here "not the second run's end"
# shellcheck disable=SC2016 # expanded by the guest
TEST_IMAGE=$image boot_linux ubd0="$image" root=/dev/ubda rw init=/bin/sh -- \
	-c 'n=$(cat /n 2>/dev/null); echo x$n >/n; sync
		[ ${#n} -lt 5 ] && exec reboot -f; exec poweroff -f' </dev/null
assert_status 0
assert_eq "$(grep -ac 'reboot: Restarting system' console)" 5 "reboots"

echo "# panic"
DIE='exit 3'
launch "$DIE" panic=0
ends_with 134 'panic=0'
says 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300' ||
	fail_here "panic=0: no message"
for option in noreboot um_nosupervisor; do
	for seconds in 1 -1; do
		launch "$DIE" panic=$seconds $option
		ends_with 134 "panic=$seconds, $option"
	done
done
rm -f "$image"
image=$(scratch_image)
TEST_IMAGE=$image RW=d UP="mount -t proc proc /proc; $AGAIN; read x; echo @up;" \
	launch 'touch /again; sync; exit 3' rw panic=1
ends_with 7 'panic=1'
says '^@back' || fail_here "panic=1: no reboot"
says 'Rebooting in 1 seconds' || fail_here "panic=1: no waiting"
launch '[ ! -e /proc/sysrq-trigger ] || echo c >/proc/sysrq-trigger
	exit 3' panic=0
ends_with 134 'sysrq c'
boot_linux root=/dev/nosuch </dev/null
assert_status 134
boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro init=/nosuch </dev/null
assert_status 134

echo "# imgtool tells"
capture imgtool run --mem "$MEM" --append root=/dev/nosuch --append \
	rdinit=/nosuch "$TEST_IMAGE" -- true </dev/null
assert_status 125
assert_match '^imgtool: run: .*: guest kernel panic: ' err
