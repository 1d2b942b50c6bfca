#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host runs out of memory while a guest runs: it ends with one line that
# says so, a status that is not 0, and nothing left behind.
. "$TEST_LIB/boot.sh"
need_root

imgtool=$(command -v imgtool)
group=

remove_group()
{
	[ -z "$group" ] || retry 5 rmdir "$group" || :
	group=
}
trap remove_group EXIT

# make_group: a cgroup of at most 96 MiB, in either version; sets $group
make_group()
{
	local root limit
	for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		group=$root/umkit-test.$$
		mkdir "$group" 2>/dev/null || continue
		for limit in memory.limit_in_bytes memory.max; do
			if echo 96M 2>/dev/null >"$group/$limit"; then
				echo 96M 2>/dev/null >"$group/memory.memsw.limit_in_bytes" || :
				echo 0 2>/dev/null >"$group/memory.swap.max" || :
				return 0
			fi
		done
		remove_group
	done
	group=
	return 1
}
make_group || skip "no cgroup with a limit of memory can be made here"

in_group()
{
	# shellcheck disable=SC2016 # $0 is the group
	guarded bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@" \
		</dev/null
}

# What the guest kernel itself writes: so it is the kernel process that grows.
eat='mount -t tmpfs -o size=400M none /tmp; dd if=/dev/zero of=/tmp/x bs=1M count=300'

echo "# imgtool run"
in_group "$imgtool" run --mem 512M "$TEST_IMAGE" -- sh -c "$eat; echo lives" \
	>out 2>err
assert_plain_error 125 '^imgtool: run: .*: the host has run out of memory and killed the guest.*--mem 512 MiB'
assert_out ''

echo "# the bare kernel"
in_group "$UMKIT_KERNEL" mem=512M con0=fd:0,fd:1 con=null quiet \
	ubd0r="$TEST_IMAGE" root=/dev/ubda ro init=/bin/sh -- \
	-c "$eat; echo lives; poweroff -f" >console 2>err
assert_status 137
assert_eq "$(grep -c 'out of memory' err)" 1 "lines that say why"
assert_match '^kernel process: killed by signal 9: .*out of memory' err
assert_no_match '^lives' console

echo "# enough memory: the same guest lives in the same group"
in_group "$imgtool" run --mem 64M "$TEST_IMAGE" -- echo lives >out 2>err
assert_status 0
assert_out lives
