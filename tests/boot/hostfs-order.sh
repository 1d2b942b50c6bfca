#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: an answer of the host from before a change of the guest's is not taken
# for what is there after it, though it comes later. Attributes are believed for
# an hour here, so that one would stay. HOSTFS_ROUNDS=100000 for longer.
BOOT_TIMEOUT=${BOOT_TIMEOUT:-300}
. "$TEST_LIB/boot.sh"

CPUS=4
mkdir dir
cp "$UMKIT_BUILD/tests/boot/hostfs_order" dir/program
[ "$(id -u)" = 0 ] && ownership=host || ownership=xattr
[ $ownership = host ] || setfattr -n user.x -v y dir 2>/dev/null ||
	skip "$WORK has no user attributes, for chown"
# shellcheck disable=SC2016
run_guest --append hostfs=/ -- sh -c '
	mount -t hostfs none /mnt -o "$1,attr_timeout=3600000,ownership=$3" &&
	/mnt/program /mnt "$2"' sh "$PWD/dir" "${HOSTFS_ROUNDS:-200}" \
	"$ownership" </dev/null
assert_status 0
