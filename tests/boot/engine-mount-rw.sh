#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool mount --rw through a guest: random operations do what they do on the
# host; and when the server is killed, what was synced is there. MOUNT_SEED,
# MOUNT_MODEL (operations), MOUNT_KILLS (rounds) make it another or a longer one.
. "$UMKIT_SRC/tests/boot/engine.sh"
IMGTOOL=imgtool
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs python3
need_mount
seed=${MOUNT_SEED:-1}
missing=
mkdir m start
echo there >start/before

# blank TYPE: an empty file system, img
blank()
{
	rm -f img
	case $1 in
	ext4) imgtool build --quiet start -o img --size 200M ;;
	f2fs | exfat | ntfs) empty_image "$1" img ;;
	vfat) make_image vfat start img ;;
	*)
		command -v "mkfs.$1" >/dev/null || return 1
		truncate -s 400M img
		"mkfs.$1" -q img >/dev/null 2>&1 ;;
	esac
}

load=$UMKIT_SRC/tests/cli/mount-load.py

lines()
{
	[ "$(cat log 2>/dev/null | wc -l)" -ge "$1" ] || [ -e log.end ]
}

# killed TYPE: the server, when some files are on the disk
killed()
{
	rm -f log log.end
	imgtool mount -f --rw --engine guest img m &
	local pid=$! worker
	retry 60 mounted m || fail "$1: not mounted"
	python3 "$load" load m log "$seed" &
	worker=$!
	retry 100 lines $((7 + seed * 13 % 40)) || fail "$1: no progress"
	[ ! -e log.end ] || fail "$1: before the kill: $(cat log.end)"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	wait "$worker" || fail "$1: the load"
	do_umount m img
	do_mount --rw --engine guest img m
	python3 "$load" check m log >check || { cat check; fail "$1: seed $seed"; }
	! grep -q '^0 files' check || fail "$1: nothing was synced"
	do_umount m img
	check "$1" img
}

for type in ext4 xfs btrfs f2fs; do
	blank $type || { missing+=" $type"; continue; }
	echo "# $type, beside a model"
	rm -rf host
	mkdir host
	do_mount --rw --engine guest img m
	[ ! -e m/before ] || rm m/before
	mkdir m/model
	timeout 300 python3 "$UMKIT_SRC/tests/cli/mount-model.py" host m/model \
		"$seed" "${MOUNT_MODEL:-700}" || fail "$type: seed $seed"
	mv m/model/* m/
	rmdir m/model
	do_umount m img
	check $type img
	imgtool build --quiet host --size 128M -o want.img
	capture imgtool diff --engine guest want.img img
	! grep -v ' /lost+found' out || fail "$type: seed $seed: differs"

	echo "# $type, and the server is killed"
	for ((i = 0; i < ${MOUNT_KILLS:-1}; i++)); do
		blank $type
		killed $type
		seed=$((seed + 1))
	done
done

serve()
{
	imgtool mount -f --rw img m &
	pid=$!
	retry 60 mounted m || fail "not mounted"
}

kill_server()
{
	kill -KILL $pid
	wait $pid 2>/dev/null || :
	do_umount m img
	# the guest has not ended yet, perhaps
	retry 20 imgtool ls img:/ >/dev/null 2>&1 || fail "$type: in use"
}

for type in vfat exfat ntfs; do
	blank $type || { missing+=" $type"; continue; }
	echo "# $type"
	do_mount --rw img m
	mkdir m/Dir
	head -c 3000000 /dev/urandom >big
	cp big m/Dir/big
	if [ $type != ntfs ]; then
		cmp big m/dIR/BIG || fail "$type: case matters"
		! ln -s x m/symlink 2>/dev/null || fail "$type: a symlink"
		rm m/dir/BIG
		[ ! -e m/Dir/big ] || fail "$type: is still there"
		cp big m/DIR/big
	fi
	exec 5<>m/Dir/big
	rm m/Dir/big
	echo new >m/Dir/big
	cmp big - <&5 || fail "$type: what was open is not what it was"
	exec 5<&-
	[ "$(cat m/Dir/big)" = new ] || fail "$type: not the new file"
	do_umount m img
	check $type img
	[ "$(imgtool cat img:/Dir/big)" = new ] || fail "$type: not there"

	serve
	mkdir m/new
	cp big m/new/big
	sync m/new/big
	# what is not synced makes ntfs dirty
	[ $type != ntfs ] || echo late >m/late
	kill_server
	imgtool cat img:/new/big | cmp - big || fail "$type: what was synced"
	[ $type = ntfs ] || continue
	capture imgtool mkdir img:/later
	# it is clean where the guest ended before it had marked the volume
	for round in 1 2 3 4 5 6 7 8; do
		[ "$status" = 0 ] || break
		serve
		echo late >m/late.$round
		sleep 0.$round
		kill_server
		capture imgtool mkdir img:/later.$round
	done
	assert_plain_error 1 'volume is dirty .*; imgtool fsck may help'
	capture imgtool fsck -q --repair img
	assert_status 1
	imgtool mkdir img:/at-last
	imgtool cat img:/new/big | cmp - big || fail "$type: after the repair"
done

echo "# in a COW file; SIGTERM"
blank ext4
before=$(sha256sum <img)
imgtool cow create top img
imgtool mount -f --rw --engine guest top m &
pid=$!
retry 60 mounted m || fail "not mounted"
echo new >m/new
kill $pid
wait $pid || fail "SIGTERM: status $?"
not_mounted m || fail "it is still mounted after SIGTERM"
[ "$(imgtool cat top:/new)" = new ] || fail "not written at SIGTERM"
assert_eq "$(sha256sum <img)" "$before" "the backing"
[ -z "$missing" ] || skip "no tools to make:$missing"
