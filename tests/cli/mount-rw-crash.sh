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

# files that are open and have no name when the server is killed: e2fsck takes
# them from the list that ext4 has for them, or finds them where there is no
# journal; either way every block and inode is free again
inodes_free()
{
	[ "$(stat -f -c %d m)" = "$1" ]
}

nameless()
{
	local pid cwd had
	free_blocks t3.img >free.before
	"$IMGTOOL" mount -f --rw t3.img m &
	pid=$!
	retry 60 mounted m || fail "not mounted"
	mkdir m/cwd m/keep
	(cd m/cwd && exec sleep 1000) &
	cwd=$!
	retry 60 eval '[ "$(readlink /proc/$cwd/cwd)" = "$WORK/m/cwd" ]' ||
		fail "nobody is in the directory"
	exec 5<>m/5 6<>m/6 7<>m/7
	head -c 500000 /dev/urandom | tee /dev/fd/5 /dev/fd/6 >&7
	rmdir m/cwd
	rm m/5 m/6 m/7
	# the one in the middle goes
	had=$(stat -f -c %d m)
	exec 6>&-
	retry 60 inodes_free $((had + 1)) || fail "an inode is not free"
	sync m/keep
	kill -KILL "$pid" "$cwd"
	wait "$pid" "$cwd" 2>/dev/null || :
	exec 5>&- 7>&-
	do_umount m t3.img
}

for options in '-t ext4' '-t ext3 -b 1024' '-t ext2'; do
	truncate -s 64M t3.img
	# shellcheck disable=SC2086
	mke2fs -q -F $options t3.img
	nameless
	case $options in
	*ext2) "$IMGTOOL" fsck --repair t3.img >log 2>&1 || [ $? = 1 ] || fail "$(cat log)" ;;
	*)
		e2fsck -p t3.img >log 2>&1 || [ $? = 1 ] || fail "$(cat log)"
		assert_eq "$(grep -c 'Clearing orphaned inode' log)" 3 "orphans"
		grep -vE 'Clearing orphaned inode|recovering journal|was not cleanly|: [0-9]+/[0-9]+ files' log &&
			fail "more was to be repaired"
		;;
	esac
	fsck t3.img
	"$IMGTOOL" ls t3.img:/ >names
	assert_eq "$(tr '\n' ' ' <names)" 'keep lost+found ' "$options: names"
	"$IMGTOOL" rm -r t3.img:/keep
	assert_eq "$(free_blocks t3.img)" "$(cat free.before)" "$options: blocks"
	rm t3.img
done
