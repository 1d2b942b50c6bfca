#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: a mount in every spelling, by mount(2) and by fsconfig(2), which
# mount programs since util-linux 2.39 use, and what is refused.
. "$TEST_LIB/boot.sh"

mkdir -p dir/a,b dir/=eq
touch dir/mark dir/a,b/mark dir/=eq/mark
cp "$UMKIT_BUILD/tests/boot/hostfs_mount" program
# shellcheck disable=SC2016
script='mount -t hostfs none /tmp -o "$1" && cp /tmp/program /program &&
	/program "$2"'
echo "# any directory"
run_guest --append hostfs=/ -- sh -c "$script" sh "$PWD" "$PWD/dir" </dev/null
assert_status 0
echo "# below a jail, whose own / is the jail"
mkdir jail jail/proc
mv dir program jail
run_guest --append "hostfs=$PWD/jail" -- sh -c "$script" sh / /dir </dev/null
assert_status 0
echo "# below a jail, relative"
run_guest --append "hostfs=$PWD/jail" -- sh -c '
	mount -t hostfs none /mnt -o ./dir && ls /mnt/mark && umount /mnt &&
	mount -t hostfs none /mnt -o hostfs=dir && ls /mnt/mark' </dev/null
assert_status 0
