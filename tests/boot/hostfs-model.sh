#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: random file operations against a model, two files at once. For the
# long run: HOSTFS_OPERATIONS=200000.
BOOT_TIMEOUT=${BOOT_TIMEOUT:-600}
. "$TEST_LIB/boot.sh"

CPUS=2
mkdir dir
cp "$UMKIT_BUILD/tests/boot/hostfs_model" dir/model
count=${HOSTFS_OPERATIONS:-3000}
seed=${HOSTFS_SEED:-1}
# the program itself comes from there, too
run_guest --bind "$PWD/dir:/mnt" -- sh -c "cd /mnt || exit 1
	./model a $count $seed & ./model b $count $((seed + 1)) || exit 1
	wait \$! && sync" </dev/null
assert_status 0
assert_same_file dir/a dir/a.model
assert_same_file dir/b dir/b.model
