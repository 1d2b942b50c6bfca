#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# File systems of guests that ended without unmounting them: we see what
# e2fsck makes of their journals, and all that was synced is there.
. "$TEST_LIB/boot.sh"
export PATH=$PATH:/usr/sbin:/sbin
need_cmd e2fsck mke2fs
IMGTOOL=${IMGTOOL:-imgtool}

# view IMG: all that we can tell about its files
view()
{
	"$IMGTOOL" find --json "$1"
	"$IMGTOOL" tar -q "$1" | sha256sum
}

# Many transactions, more than the journal has room for; directories that are
# removed and whose blocks are used again; blocks that look like a journal's.
# (No double quotes: this goes through a kernel's command line.)
# shellcheck disable=SC2016 # expanded by the guest
WORK_IN_GUEST='mount -t proc proc /proc; mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp; mkdir /tmp/m; mount -t ext4 -o @MOUNT@ /dev/ubdb /tmp/m || exit
cd /tmp/m; i=0
while [ $i -lt 40 ]; do
	mkdir d$i; seq $i 3000 >d$i/f; ln d$i/f d$i/g; ln -s $i d$i/l
	j=0; while [ $j -lt 60 ]; do : >d$i/a-name-to-fill-blocks-with-$j; j=$((j + 1)); done
	printf \\300\\073\\071\\230-magic >magic$i
	[ $((i % 3)) != 0 ] || rm -r d$((i / 2))
	sync; i=$((i + 1))
done
seq 50000 >synced; sync; echo later >later; rm magic3
echo @done; poweroff -n -f'

for options in '4096 data=ordered ^fast_commit' '1024 data=journal 64bit' \
		'4096 journal_async_commit,data=writeback ^metadata_csum'; do
	read -r size mount feature <<<"$options"
	rm -f crash.img kept.img
	mke2fs -q -F -t ext4 -b "$size" -O "$feature" -J size=4 crash.img 32M \
		>mke2fs.out 2>&1
	boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda ro quiet \
		ubd1="$PWD/crash.img" \
		init=/bin/sh -- -c "${WORK_IN_GUEST/@MOUNT@/$mount}" </dev/null
	grep -q '^@done' console || { show_boot; fail "$mount: the guest"; }
	cp crash.img kept.img
	"$IMGTOOL" info crash.img >info
	grep -q 'state: needs recovery' info ||
		{ cat info >&2; fail "$mount: no journal to replay"; }
	view crash.img >seen
	cmp crash.img kept.img >&2 || fail "$mount: was written to"
	"$IMGTOOL" cat crash.img:/synced | cmp - <(seq 50000)
	e2fsck -y -E journal_only kept.img >e2fsck.out 2>&1 || [ $? -le 1 ] ||
		{ cat e2fsck.out >&2; fail "$mount: e2fsck"; }
	view kept.img >wanted
	diff wanted seen >&2 || fail "$mount: differs from what e2fsck makes"
	capture "$IMGTOOL" fsck --repair crash.img
	[ "$status" -le 1 ] || { show; fail "$mount: repair: status $status"; }
	capture "$IMGTOOL" fsck crash.img
	assert_status 0
	"$IMGTOOL" cat crash.img:/synced | cmp - <(seq 50000)
done
