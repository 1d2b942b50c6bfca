#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SIGKILL of the kernel just before each kind of change to a disk's file: every
# sector is its old or a later written value, what was synced is there, and an
# ext4 in it is sound. RANDOM_SEED repeats a run; UBD_KILLS="1 2 3..." are the
# numbers of the event to be killed at.
# time limit: 1800 s
. "$TEST_LIB/boot.sh"
need_cmd mkfs.ext4 e2fsck debugfs

seed=${RANDOM_SEED:-$$}
echo "RANDOM_SEED=$seed"
OPERATIONS=400
crash=$UMKIT_BUILD/tests/boot/ubd_crash
killat=$UMKIT_BUILD/tests/boot/ubd_killat
mkdir dir
cp "$crash" dir/crash
echo >file
capture "$killat" file 0 any 1 true
[ "$status" = 0 ] || skip "$(cat err)"

# killed FILE DATA_AT EVENT N DISK SCRIPT: false: the script came to its end
# before that
killed()
{
	cat >kernel <<END
#!/bin/sh
exec "$killat" "$WORK/$1" $2 $3 $4 "$UMKIT_KERNEL" "\$@"
END
	chmod +x kernel
	echo "$6" >dir/script
	UMKIT_KERNEL=$WORK/kernel boot_linux ubd0r="$TEST_IMAGE" root=/dev/ubda \
		ro quiet ubd1="$5" init=/bin/sh -- -c "mount -t proc proc /proc
		mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
		mount -t hostfs none /mnt -o $WORK/dir && . /mnt/script
		echo @done; exec poweroff -f" </dev/null
	tr -d '\r' <console >lines
	if grep -q '^ubd_killat: before: ' err; then
		[ "$status" = 137 ] || { show_boot; fail "status $status"; }
		return 0
	fi
	[ "$status" = 0 ] || { show_boot; fail "status $status"; }
	grep -q '^@done' lines || { show_boot; fail "the guest's script"; }
	return 1
}

safe()
{
	sed -n 's/^@safe //p' lines | tail -n 1
}

# sound COW WHEN: as its check sees it
sound()
{
	capture imgtool cow check "$1"
	[ "$status" = 0 ] || { show; fail "$2: imgtool cow check"; }
}

# sectors FILE FLAT DATA_AT EVENT N DISK: killed there, then the sectors
sectors()
{
	killed "$1" "$3" "$4" "$5" "$6" \
		"/mnt/crash run /dev/ubdb $OPERATIONS $seed || exit 1" ||
		fail "$1: killed at $4 $5: there was none"
	[ "$2" = "$1" ] || {
		rm -f "$2"
		sound "$1" "killed at $4 $5"
		imgtool cow flatten "$1" "$2" || fail "$1: cannot be opened"
	}
	last=$(safe)
	"$crash" check "$2" $OPERATIONS "$seed" "${last:-1}" >said || {
		cat said
		fail "$1: killed at $4 $5"
	}
	echo "$1: killed at $4 $5: $(cat said)"
}

BYTES=$((17 << 20))
"$crash" fill base $BYTES
touch -d @1000000000 base
imgtool cow create --align 4K empty base
for n in ${UBD_KILLS:-1 3 10 31}; do
	for event in data sync-data map sync-map; do
		cp --sparse=always empty cow
		sectors cow flat 12288 $event "$n" cow
	done
	for event in data sync-data; do
		cp base raw
		sectors raw raw 0 $event "$n" raw
	done
done
echo "# the check can fail"
if "$crash" check base $OPERATIONS "$seed" $OPERATIONS >said; then
	fail "nothing was written, and that is right?"
fi

echo "# a file system"
truncate -s 32M ext4.base
mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 ext4.base
# shellcheck disable=SC2016 # expanded by the guest
files='mount /dev/ubdb /tmp && cd /tmp || exit 1
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	mkdir d$i && dd if=/bin/busybox of=d$i/file bs=4k count=$i 2>/dev/null
	mv d$i/file d$i/now; rm -f d$((i - 2))/now
	dd if=/bin/busybox of=kept$i bs=3k count=$i conv=fsync 2>/dev/null
	echo @safe $i
done
cd /; umount /tmp'
debugfs -R "dump /bin/busybox busybox" "$TEST_IMAGE" 2>/dev/null
kills=0
for n in ${UBD_KILLS:-1 3 10 31}; do
	for event in data sync-data map sync-map; do
		rm -f cow flat
		killed_at=end
		imgtool cow create --align 4K cow ext4.base
		if killed cow 12288 $event "$n" cow "$files"; then
			killed_at="$event $n"
			kills=$((kills + 1))
		fi
		sound cow "ext4: killed at $killed_at"
		imgtool cow flatten cow flat
		e2fsck -fy -E journal_only flat >fsck 2>&1 || :
		e2fsck -fn flat >fsck 2>&1 || {
			cat fsck
			fail "ext4: killed at $killed_at: not clean"
		}
		last=$(safe)
		for ((i = 1; i <= ${last:-0}; i++)); do
			debugfs -R "dump kept$i got" flat 2>/dev/null
			cmp got <(head -c $((3072 * i)) busybox) ||
				fail "ext4: killed at $killed_at: kept$i"
		done
		echo "ext4: killed at $killed_at: ${last:-0} files safe"
	done
done
[ $kills -ge 4 ] || fail "$kills runs were killed only"
