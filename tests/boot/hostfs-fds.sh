#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: descriptors of the host. However many inodes the guest caches, at
# most 256 beyond those of open, locked, removed but open, or dirty ones; and
# 300 files that are dirty, closed, and made read-only or lose a name, or are
# removed while open, lose nothing. HOSTFS_INODES=200000 for more than 6,000,
# in a guest of 1 GB.
. "$TEST_LIB/boot.sh"

inodes=${HOSTFS_INODES:-6000}
[ "$inodes" -le 50000 ] || MEM=1G
need_cmd python3
mkdir dir dir/many dir/work
cp "$UMKIT_BUILD/tests/boot/hostfs_fds" dir/program
python3 -c '
import os, sys
for i in range(int(sys.argv[1])):
    if i % 20 == 0:
        os.mkdir("dir/many/%d" % i)
    with open("dir/many/%d/%d" % (i - i % 20, i), "w") as f:
        f.write("x")
' "$inodes"
mkfifo to from
trap '' PIPE

# Mounted by others, too, who have seen some of it: all mounts count.
# shellcheck disable=SC2016
script='
for i in 1 2 3 4 5 6 7 8; do
	mkdir /m$i && mount -t hostfs none /m$i -o "$1" || exit 1
	ls -l /m$i/many/?00 /m$i/many/??00 >/dev/null || exit 2
done
mount -t hostfs none /mnt -o "$1" && ulimit -n 1000 && exec /mnt/program /mnt
'
timeout 1000 imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$PWD/dir" <to >from 2>err &
exec 3>to 4<from

# Descriptors of the directory in whichever process is the kernel; other
# cases' guests may end meanwhile
open_now()
{
	{ pgrep -f -- "linux .*hostfs=/" || :; } | while read -r p; do
		{ find "/proc/$p/fd" -lname "$PWD/dir*" 2>/dev/null || :; } |
			wc -l
	done | sort -n | tail -n 1
}

# at STEP MOST: the guest is there, with at most so many descriptors
at()
{
	local open
	read -r -t 900 step number <&4 || step=
	[ "$step" = "$1" ] || { cat err >&2; fail "the guest is not at $1"; }
	open=$(open_now)
	echo "# $step: $open descriptors, $number"
	if [ "${open:-0}" = 0 ] || [ "$open" -gt "$2" ]; then
		fail "$1: $open descriptors of the directory are open"
	fi
	echo go >&3 || { cat err >&2; fail "$1: the guest has gone"; }
}
at start 256
at cached 256
[ "$number" -ge "$inodes" ] || fail "only $number inodes are cached"
at closed 256
# as the host has them
i=0
while [ $i -lt 300 ]; do
	case $((i % 3)) in 0) file=f mode=444;; 1) file=g mode=600;; *) file=h mode=0;; esac
	echo "$(stat -c '%a %s' "dir/work/$file-$i") $mode 5000"
	i=$((i + 1))
done | awk '$1 != $3 || $2 != $4 { print; bad = 1 } END { exit bad || NR != 300 }' ||
	fail "lost: see above"
at open 556
at end 256
exec 3>&- 4<&-
status=0
wait $! || status=$?
assert_status 0
assert_eq "$(find dir/work -type f | wc -l)" 300
# their data, letter by letter
chmod -R u+rw dir/work
for n in {0..299}; do
	letter=$(printf "\\x$(printf %x $((97 + n % 26)))")
	[ -z "$(tr -d "$letter" <"$(echo dir/work/?-"$n")")" ] ||
		fail "$n: other data"
done
