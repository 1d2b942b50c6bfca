#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the guest sees what the host changes; descriptors are not hoarded.
. "$TEST_LIB/boot.sh"

mkdir dir dir/many
for i in {1..300}; do mkdir "dir/many/$i"; echo x >"dir/many/$i/f"; done
echo first >dir/file
echo old >dir/replaced
echo 123456789 >dir/shrunk
for name in m1 m2 r; do echo "old $name" >"dir/$name"; done
ln -s file dir/link
mkfifo to from

# The guest says when it has looked, and waits for the host to have changed.
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1,attr_timeout=0" && cd /mnt || exit 1
cat file replaced shrunk
readlink link; cat link >/dev/null
ls new 2>/dev/null && exit 2
cat many/*/f >/dev/null
# names that are believed for an hour
mount -t hostfs none /tmp -o "$1,attr_timeout=3600000" || exit 1
cat /tmp/m1 /tmp/m2 /tmp/r
ls /tmp/m3 2>/dev/null && exit 6
echo looked; read -r line
cat file replaced shrunk new
readlink link
[ "$(stat -c %s shrunk)" = 3 ] || exit 3
[ "$(stat -c %a file)" = 600 ] || exit 4
ls gone 2>/dev/null && exit 5
# what is not who it was is looked at anew, not mixed up
mv /tmp/m1 /tmp/m4 || exit 7
mv /tmp/m2 /tmp/m3 || exit 8
cat /tmp/m4 /tmp/m3
rm /tmp/r || exit 9
exit 0
'
touch dir/gone
timeout 100 imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$PWD/dir" <to >from 2>err &
exec 3>to 4<from
while read -r -t 100 line <&4 && [ "$line" != looked ]; do :; done
assert_eq "$line" looked
# other cases' guests may end meanwhile
open=$({ pgrep -f -- "linux .*hostfs=/" || :; } | while read -r p; do
	{ find "/proc/$p/fd" -lname "$PWD/dir*" 2>/dev/null || :; } | wc -l
done | sort -n | tail -n 1)
if [ "${open:-0}" = 0 ] || [ "$open" -gt 256 ]; then
	fail "$open descriptors of the directory are open"
fi
echo second >>dir/file
chmod 600 dir/file
echo new >dir/tmp && mv dir/tmp dir/replaced
printf 'abc' >dir/shrunk
echo there >dir/new
rm dir/gone
# most likely with the same inode number
rm dir/link && ln -s else dir/link
for name in m1 m3 r; do
	echo "new $name" >"dir/tmp" && mv dir/tmp "dir/$name"
done
echo go >&3
exec 3>&-
cat <&4 >out
status=0
wait $! || status=$?
assert_status 0
assert_out 'first
second
new
abcthere
else
new m1
old m2'
assert_eq "$(cat dir/m4 dir/m3)" "new m1
old m2"
[ ! -e dir/r ] || fail "r: is still there"
