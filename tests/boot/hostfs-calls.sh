#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the time of birth in statx(2), which is the host's; renaming that
# leaves a whiteout; a file that is mapped, spliced, copied and read past the
# cache at the same time; and what is not there and says so: file handles,
# FIDEDUPERANGE. Plain, and with ownership=xattr where the host has attributes.
. "$TEST_LIB/boot.sh"

program=$UMKIT_BUILD/tests/boot/hostfs_calls
mkdir plain xattr tool
cp "$program" tool/calls
echo x >plain/old
echo x >xattr/old
ownership=xattr
setfattr -n user.x -v y xattr 2>/dev/null || ownership=host

# shellcheck disable=SC2016
script='
mkdir /tool
mount -t hostfs none /tool -o "ro,hostfs=$3" || exit 1
for options in "$1" "$2"; do
	mount -t hostfs none /mnt -o "$options" && cd /mnt || exit 1
	/tool/calls born old || exit 2
	/tool/calls all >/tmp/said || { cat /tmp/said; exit 3; }
	echo made >new
	/tool/calls born new >new.born || exit 4
	cat /tmp/said >said
	cd / && umount /mnt
done
'
guarded imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$WORK/plain" "$WORK/xattr,ownership=$ownership" \
	"$WORK/tool" </dev/null >out 2>err
assert_status 0
"$program" born plain/old >expected
"$program" born xattr/old >>expected
diff expected out || fail "birth of old files"
for dir in plain xattr; do
	"$program" born $dir/new | diff - $dir/new.born ||
		fail "$dir: birth of a new file"
	# root of the host can have them, and who has no need of the host's
	if [ "$(id -u)" = 0 ] && [[ $(stat -f -c %T .) = ext* ]]; then
		[ $dir/$ownership = xattr/xattr ] ||
			grep -qx whiteouts $dir/said || fail "$dir: no whiteouts"
	fi
	grep -qx 'done' $dir/said || fail "$dir: not all was run"
done
