#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The server of a writable mount is killed under load: fsck --repair gives a
# clean file system that has all files that were synced. MOUNT_KILLS rounds of
# each kind (2).
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3
need_mount
mkdir m
load=$UMKIT_SRC/tests/cli/mount-load.py

lines()
{
	[ "$(cat log 2>/dev/null | wc -l)" -ge "$1" ] || [ -e log.end ]
}

# round IMG SEED LINES: killed when so many files are on disk
round()
{
	rm -f log log.end
	"$IMGTOOL" mount -f --rw "$1" m &
	local pid=$!
	retry 60 mounted m || fail "not mounted"
	python3 "$load" load m log "$2" &
	local worker=$!
	retry 100 lines "$3" || fail "no progress"
	[ ! -e log.end ] || fail "before the kill: $(cat log.end)"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	wait "$worker" || fail "the load"
	do_umount m "$1"
	capture "$IMGTOOL" fsck --repair "$1"
	[ "$status" -le 1 ] || { show; fail "fsck --repair: $status"; }
	capture "$IMGTOOL" fsck "$1"
	assert_status 0
	do_mount "$1" m
	python3 "$load" check m log >check || { cat check; fail "$1: seed $2"; }
	grep -q '^0 files' check && fail "nothing was synced"
	do_umount m "$1"
}

seed=${MOUNT_SEED:-1}
while read -r kind options; do
	for ((i = 0; i < ${MOUNT_KILLS:-2}; i++)); do
		rm -f t.img top
		truncate -s 300M t.img
		# shellcheck disable=SC2086
		mke2fs -q -F $options t.img
		image=t.img
		if [ "$kind" = cow ]; then
			"$IMGTOOL" cow create top t.img
			image=top
		fi
		round "$image" "$seed" $((7 + seed * 13 % 40))
		seed=$((seed + 1))
	done
done <<'END'
raw -t ext4
raw -t ext2
cow -t ext3 -b 1024
END

# with a journal, nobody need repair anything: what reads it sees it
truncate -s 64M t2.img
mke2fs -q -F -t ext4 t2.img
"$IMGTOOL" mount -f --rw t2.img m &
pid=$!
retry 60 mounted m || fail "not mounted"
mkdir m/dir
echo synced >m/dir/file
sync m/dir/file
mkdir m/later
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
do_umount m t2.img
assert_eq "$("$IMGTOOL" cat t2.img:/dir/file)" synced "through its journal"
capture "$IMGTOOL" mount --rw t2.img m
assert_plain_error 1 't2.img: was not unmounted, its journal has to be replayed; .*fsck --repair'
e2fsck -E journal_only -y t2.img >/dev/null 2>&1 || :
e2fsck -fy t2.img >log 2>&1 || [ $? = 1 ] || fail "$(cat log)"
grep -iE 'lost\+found|multiply|illegal|unattached|differences' log &&
	fail "the journal did not have all"
fsck t2.img
content t2.img /dir/file synced
