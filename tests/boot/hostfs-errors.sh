#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: what the host does not write or read is an error of the call that the
# guest makes for it, never silence: EIO, ENOSPC, EDQUOT, EFBIG, a file system
# that is full after a part of it, a limit of the kernel's process.
. "$TEST_LIB/boot.sh"

mkdir dir small
cp "$UMKIT_BUILD/tests/boot/hostfs_errors" dir/program
head -c 1M /dev/zero | tee dir/written >dir/read

# shellcheck disable=SC2016
script='
mkdir -p /small
mount -t hostfs none /mnt -o "$1" && cd /mnt || exit 1
case $2 in
read) exec ./program read read ;;
limit) echo ready; read -r line; exec ./program some limited EFBIG ;;
full) mount -t hostfs none /small -o "$3" && cd /small &&
	exec /mnt/program some full ENOSPC ;;
esac
exec ./program write written "$2"
'
# case_of WHAT [COMMAND...]: the kernel is run by COMMAND
case_of()
{
	local what=$1
	shift
	echo "# $what"
	guarded "$@" imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" \
		-- sh -c "$script" sh "$PWD/dir" "$what" "$PWD/small" \
		</dev/null >out 2>err
	assert_status 0
}

if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
	# the tracer is where the reaper sees it; the call in place of the one
	# that fails is one the kernel may make
	for error in EIO ENOSPC EDQUOT EFBIG; do
		case_of $error strace -f -qq -o trace -P "$PWD/dir/written" \
			-e trace=pwritev -e "inject=pwritev:error=$error:syscall=geteuid"
		grep -q INJECTED trace || fail "nothing failed"
	done
	case_of read strace -f -qq -o trace -P "$PWD/dir/read" \
		-e trace=preadv -e inject=preadv:error=EIO:syscall=geteuid
else
	echo "# strace: cannot trace here"
fi

if unshare -m mount -t tmpfs -o size=1M tmpfs small 2>/dev/null; then
	# shellcheck disable=SC2016
	case_of full unshare -m sh -c \
		'mount -t tmpfs -o size=1M tmpfs small && exec "$@"' sh
fi

echo "# limit"
mkfifo to from
timeout 100 imgtool run --mem "$MEM" --append hostfs=/ "$TEST_IMAGE" -- \
	sh -c "$script" sh "$PWD/dir" limit <to >from 2>err &
exec 3>to 4<from
line=
while read -r -t 100 line <&4 && [ "${line%$'\r'}" != ready ]; do :; done
[ "${line%$'\r'}" = ready ] || fail "the guest does not get so far: $(cat err)"
n=0
for p in $(pgrep -f -- "linux .*hostfs=/"); do
	[ -n "$(find "/proc/$p/fd" -lname "$PWD/dir*" 2>/dev/null || :)" ] || continue
	prlimit --pid "$p" --fsize=1000000
	n=$((n + 1))
done
[ $n = 1 ] || fail "$n kernels have the directory open"
echo go >&3
exec 3>&-
cat <&4 >out
status=0
wait $! || status=$?
assert_status 0
