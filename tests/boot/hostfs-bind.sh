#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run --bind: these directories of the host, and no others.
. "$TEST_LIB/boot.sh"

mkdir rw ro
echo given | tee rw/file >ro/file
run_guest --bind "$PWD/rw:/some/where" --bind ro:/ro:ro -- sh -c '
	cat /some/where/file /ro/file; echo made >/some/where/made
	! ( : >/ro/made ) 2>/dev/null || exit 1
	mount -o remount,rw /ro 2>/dev/null
	! ( : >/ro/made ) 2>/dev/null || exit 2
	! rm /ro/file 2>/dev/null || exit 3
	for path in / '"$PWD"' ../..; do
		! mount -t hostfs none /mnt -o hostfs=$path 2>/dev/null || exit 4
	done
	! mount -t hostfs none /mnt -o bind=2 2>/dev/null || exit 5
	! env | grep umkit_bind' </dev/null
assert_status 0
assert_out 'given
given'
assert_eq "$(cat rw/made)" made
assert_eq "$(ls ro)" file

run_guest -- sh -c '! mount -t hostfs none /mnt -o / 2>/dev/null' </dev/null
assert_status 0
for bad in x :/mnt "$PWD/rw:mnt" "$PWD/rw:/mnt:no" "$PWD/none:/mnt"; do
	run_guest --bind "$bad" -- true </dev/null
	[ "$status" != 0 ] || fail "--bind $bad: taken"
done
