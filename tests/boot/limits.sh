#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guests under small limits of the host: processes, and room for files.
. "$TEST_LIB/boot.sh"

imgtool=$(command -v imgtool)
group=

remove_group()
{
	[ -z "$group" ] || retry 5 rmdir "$group" || :
	group=
}
trap remove_group EXIT

# make_group LIMIT: a pids cgroup of ours, in either version; sets $group
make_group()
{
	local root
	for root in /sys/fs/cgroup/pids /sys/fs/cgroup; do
		group=$root/umkit-test.$$
		mkdir "$group" 2>/dev/null || continue
		if echo "$1" 2>/dev/null >"$group/pids.max"; then
			return 0
		fi
		remove_group
	done
	group=
	return 1
}

# Three ways to have 256 processes and threads at most:
in_group()
{
	# shellcheck disable=SC2016 # $0 is the group
	guarded bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}
as_limited_user()
{
	guarded setpriv --reuid="$uid" --regid="$uid" --clear-groups \
		--inh-caps=-all --bounding-set=-all -- \
		bash -c 'ulimit -u 256 && exec "$@"' bash "$@"
}
as_ourselves()
{
	local others
	others=$(ps -L --no-headers -u "$(id -u)" | wc -l)
	guarded bash -c "ulimit -u $((others + 256))"' && exec "$@"' bash "$@"
}

# bomb LIMITER CPUS: a fork bomb in the guest, and the guest after it
bomb()
{
	echo "# $1: fork bomb, $2 processors"
	"$1" "$imgtool" run --mem "$MEM" --cpus "$2" "$TEST_IMAGE" -- sh -c \
		'/tests/attack_fork --bomb 600 && echo @lives && exit 7' \
		>out 2>err </dev/null
	assert_status 7
	assert_no_match '^not ok'
	assert_match 'processes, then Resource temporarily unavailable'
	assert_match '^@lives'
	assert_eq "$(wc -l <err)" 1 "lines of warning"
	assert_match 'pids.max' err
}

limiters=()
if [ "$(id -u)" = 0 ]; then
	need_cmd setpriv
	uid=$((54000 + $$ % 1000))
	limiters+=(as_limited_user)
	if make_group 256; then
		limiters+=(in_group)
	else
		echo "# no cgroup of processes can be made here"
	fi
else
	need_cmd ps
	limiters+=(as_ourselves)
fi
for limiter in "${limiters[@]}"; do
	bomb "$limiter" 1
	bomb "$limiter" 2
done
remove_group

sandbox=("$UMKIT_BUILD/tests/lib/sandbox" -s 1m -k "$UMKIT_BUILD" -k
	"$(dirname "$UMKIT_KERNEL")")
# little [-m | --] COMMAND...: with 1 MiB for temporary files
little()
{
	guarded "${sandbox[@]}" "$@" >out 2>err </dev/null
}

echo "# 1 MiB noexec /dev/shm and /tmp"
capture "${sandbox[@]}" true
if [ "$status" = 77 ]; then
	echo "# skipped: $(cat err)"
	exit 0
fi
for mode in -- -m; do
	little "$mode" "$imgtool" run --mem "$MEM" "$TEST_IMAGE" -- \
		sh -c 'echo x >/file; cat /file; exit 7'
	assert_status 7
	assert_out x
	assert_eq "$(cat err)" '' "standard error"
	little "$mode" "$imgtool" run --mem "$MEM" "$TEST_IMAGE" -- \
		/tests/mm_file
	assert_status 0
	assert_no_match '^not ok'
done

echo "# more than that: the guest is told, and lives"
little "$imgtool" run --mem "$MEM" "$TEST_IMAGE" -- sh -c \
	'dd if=/dev/zero of=/big bs=64k count=64 conv=fsync; echo @lives'
assert_status 0
assert_out @lives
assert_match '^dd: .*No space left on device' err
assert_match 'layer in /tmp: No space left on device' err
