#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs -o notify: inotify in the guest tells what the host changes, once,
# and what the guest changes, once; and the guest looks anew at once.
. "$TEST_LIB/boot.sh"

mkdir dir dir/sub
echo x >dir/watched
echo x >dir/moved
echo x >dir/gone
echo old >dir/believed
cp "$UMKIT_BUILD/tests/boot/hostfs_inotify" dir/program
mkfifo to from

# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1,notify,attr_timeout=3600000" || exit 1
grep -q "hostfs.*,notify" /proc/mounts || exit 2
cat /mnt/believed; ls /mnt/new 2>/dev/null && exit 3
/mnt/program /mnt || exit 4
# names and attributes are believed for an hour, but what has been told
cat /mnt/believed /mnt/new/x || exit 5
ls /mnt/gone 2>/dev/null && exit 6
echo unmounts; umount /mnt || exit 7
# removed watches, again and again; and an unmount while watched
mount -t hostfs none /mnt -o "$1,notify" || exit 1
cd /mnt && exec sleep 0
'
timeout 100 imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$PWD/dir" <to >from 2>err &
exec 3>to 4<from
# until LINE: the guest's output up to there goes to the file "out"
until_line()
{
	: >out
	while IFS= read -r -t 100 line <&4; do
		echo "$line" >>out
		[ "$line" != "$1" ] || return 0
	done
	fail "the guest does not say $1"
}
until_line ready

echo new >dir/tmp && mv dir/tmp dir/believed
mkdir dir/new && echo there >dir/new/x
echo more >>dir/watched
chmod 600 dir/moved
mv dir/moved dir/sub/moved
rm dir/gone
rm dir/watched
rm -r dir/sub
: >dir/end
until_line ". close end"
# An event that comes twice running may be told once.
uniq out >told
cat >expected <<'END'
. create own
. modify own
. close own
. attrib own
. create own-link
. from own
. to own-2
. delete own-2
. delete own-link
. create/ own-dir
. delete/ own-dir
. modify watched
watched modify 
. modify watched
watched modify 
. close watched
watched close 
END
head -n 17 told >own
diff expected own || fail "the guest's own changes: see above"
# the file's events and its directory's are in no order between them
sed '1,17d' told | grep '^\.' >dir-told || :
cat >expected <<'END'
. create tmp
. modify tmp
. close tmp
. from tmp
. to believed
. create/ new
. modify watched
. close watched
. attrib moved
. from moved
. delete gone
. delete watched
. delete/ sub
. create end
. close end
END
diff expected dir-told || fail "the directory's: see above"
sed '1,17d' told | grep '^watched' >file-told || :
cat >expected <<'END'
watched modify 
watched close 
watched attrib 
watched delete-self 
watched ignored 
END
diff expected file-told || fail "the file's: see above"
grep '^sub' told >sub-told
head -n 2 sub-told >two
printf 'sub to moved\nsub delete moved\n' | diff - two ||
	fail "those of the other directory: see above"
grep -q '^another' told && fail "the halves of a move have two cookies"
until_line unmounts
assert_eq "$(cat out)" 'new
there
unmounts'
exec 3>&- 4<&-
status=0
wait $! || status=$?
assert_status 0
