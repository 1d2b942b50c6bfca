#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: a directory of 100,000 names that is read while it changes; four
# writers and four readers of one file, and of one directory. For the long run:
# HOSTFS_TURNS=20000.
BOOT_TIMEOUT=${BOOT_TIMEOUT:-500}
. "$TEST_LIB/boot.sh"

CPUS=2
turns=${HOSTFS_TURNS:-300}
names=${HOSTFS_NAMES:-100000}
mkdir dir
cp "$UMKIT_BUILD/tests/boot/hostfs_large" dir/large
dir/large make dir "$names"
run_guest --bind "$PWD/dir:/mnt" -- sh -ec "cd /mnt
	./large list . $names
	[ \$(ls many | grep -c stays) = $names ]
	./large file . $turns
	./large names . $turns
	sync" </dev/null
assert_status 0
# each guest's name is the host's, too
assert_eq "$(find dir/many -name 'stays-*' | wc -l)" "$names"
assert_eq "$(wc -l <dir/log)" $((4 * turns))
assert_eq "$(od -A n -t d8 dir/counter | tr -d ' ')" $((4 * turns))
[ ! -e dir/names ] || fail "names: is still there"
