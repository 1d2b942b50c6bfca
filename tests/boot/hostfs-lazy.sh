#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: a file that is opened while all of its pages are cached has no
# descriptor of the host at first; nothing tells it from one that has.
. "$TEST_LIB/boot.sh"

mkdir dir
for i in 1 2 3 5 6 7 8 9 10 11 12 4; do
	head -c 20000 /dev/zero | tr '\0' "$(printf %x "$i")" >"dir/$i"
done
cp dir/1 dir/whole
mkfifo to from

# Each is opened with its pages in the cache, which go thereafter.
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1" && cd /mnt || exit 1
cached() { cat * >/dev/null; }
cached
fails() { echo "$1: not so" >&2; exit 1; }
same() { [ "$(cat <&3 | tr -dc "$1" | wc -c)" = 20000 ]; }
drop() { echo 3 >/proc/sys/vm/drop_caches; }
# the same data as ever
[ "$(md5sum <1)" = "$(md5sum <whole)" ] || fails cached
# removed, replaced, not to be read any more, then without pages
cached; exec 3<2; rm 2; drop; same 2 || fails removed
cached; exec 3<3; mv 4 3; drop; same 3 || fails replaced
cached; exec 3<5; chmod 0 5; drop; same 5 || fails mode
cached; exec 3<6; mv 6 moved; drop; same 6 || fails moved
cached; exec 3<7; drop; same 7 || fails dropped
# and written by another at the same time
cached; exec 3<10; echo more >>10; drop; [ "$(cat <&3 | tail -c 5)" = more ] || fails more
cached; exec 3<11; exec 4<12; exec 5<whole
echo opened; read -r line
drop
# the host has changed one in place, after the guest had it open
tail -c 4 12
[ "$(cat <&4 | tail -c 4)" = new ] || fails changed
# what the host has replaced since is still the old one
same b || fails "replaced on the host"
exit 0
'
timeout 100 imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$PWD/dir" <to >from 2>err &
exec 3>to 4<from
line=
while read -r -t 100 line <&4 && [ "$line" != opened ]; do :; done
[ "$line" = opened ] || { cat err >&2; fail "the guest does not get so far"; }
# other cases' guests may end meanwhile
kernel=$({ pgrep -f -- "linux .*hostfs=/" || :; } | while read -r p; do
	[ -z "$(find "/proc/$p/fd" -lname "$PWD/dir*" 2>/dev/null || :)" ] ||
		echo "$p"
done | tail -n 1)
[ -n "$kernel" ] || fail "no kernel has the directory open"
# They are opened by and by: wait until it is so.
for file in 11 12 whole; do
	for _ in {1..1000}; do
		[ -z "$(find "/proc/$kernel/fd" -lname "$PWD/dir/$file" || :)" ] ||
			break
		sleep 0.05
	done
	[ -n "$(find "/proc/$kernel/fd" -lname "$PWD/dir/$file")" ] ||
		fail "$file: the kernel does not have it open"
done
echo replaced >dir/tmp && mv dir/tmp dir/11
echo new >>dir/12
echo go >&3
exec 3>&-
cat <&4 >out
status=0
wait $! || status=$?
assert_status 0
assert_out new
