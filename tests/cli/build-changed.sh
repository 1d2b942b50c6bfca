#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Source directories in which somebody changes something while the image is made,
# and calls of the kernel that fail or are missing. No image is half old; none
# has what stands elsewhere.
. "$UMKIT_SRC/tests/cli/cli.sh"

head -c 2000000 /dev/zero | tr '\0' x >filler
tar cf more.tar filler
mkfifo pipe

# fresh: the source directory d
fresh()
{
	rm -rf d elsewhere
	mkdir -p d/sub
	echo 0123456789 >d/sub/file
	truncate -s 1M d/sparse
	echo end >>d/sparse
	touch -d @1000000000 d/sub/file d/sparse
}

# changed REGEX COMMAND: the build fails with this if COMMAND runs between the
# walk over d and the copies: while it waits for a second source
changed()
{
	local pid
	fresh
	rm -f x.img
	"$IMGTOOL" build -q d - -o x.img <pipe >out 2>err &
	pid=$!
	exec 3>pipe
	head -c 1000000 more.tar >&3
	(cd d && eval "$2")
	tail -c +1000001 more.tar >&3 || :
	exec 3>&-
	status=0
	wait $pid || status=$?
	[ -n "$1" ] || { assert_status 0; fsck x.img; return; }
	assert_plain_error 1 "^imgtool: build: $1$"
	[ ! -e x.img ] || fail "$2: an image was made"
}

same='was changed while the image was made'
changed "" :
changed "d/sub/file: $same" 'printf X | dd of=sub/file conv=notrunc status=none'
changed "d/sub/file: $same" 'echo more >>sub/file'
changed "d/sub/file: (became shorter while it was read|$same)" 'truncate -s 3 sub/file'
changed "d/sub/file: $same" 'cp -p sub/file new && mv new sub/file'
changed "d/sub/file: cannot be read: No such file or directory" 'rm sub/file'
changed "d/sub/file: $same" 'rm sub/file && ln -s /etc/passwd sub/file'
changed "d/sub/file: $same" 'mv sub ../elsewhere && ln -s ../elsewhere sub'
# data that came into a hole
changed "d/sparse: $same" \
	'printf X | dd of=sparse bs=4096 seek=3 conv=notrunc status=none'
changed "" 'chmod 600 sub/file && ln sub/file link'

# A deep source: from where it is, a path is longer than Linux takes.
long=$(printf '%0250d' 0)
(
	for _ in 1 2 3 4 5 6 7; do mkdir "$long" && cd "$long" || exit; done
	mkdir source && cd source || exit
	for _ in 1 2 3 4 5 6 7 8 9 10; do mkdir "$long" && cd "$long" || exit; done
	echo deep >file
	! command -v setfattr >/dev/null || setfattr -n user.deep -v yes file ||
		:
)
ln -s "$long/$long/$long/$long/$long/$long/$long/source" deep
build "$(readlink deep)" -o x.img
"$IMGTOOL" find x.img | grep "/file$" >found
assert_eq "$(wc -l <found)" 1 "files found"
if (cd deep && for _ in 1 2 3 4 5 6 7 8 9 10; do cd "$long"; done &&
		getfattr -n user.deep file) >/dev/null 2>&1; then
	"$IMGTOOL" stat --json "x.img:$(cat found)" | grep -q '"user.deep"' ||
		fail "the deep file has no attribute"
fi
rm -rf "$long"

if ! command -v strace >/dev/null || ! strace -o /dev/null true 2>/dev/null; then
	echo "processes cannot be traced here: without the rest"
	exit 0
fi
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

# A symlink in the place of a directory that is read already, before one in it is.
mkdir -p w/sub/deep outside/deep
echo secret >outside/deep/secret
strace -qq -o /dev/null -e trace=getdents64 \
	-e inject=getdents64:signal=SIGSTOP:when=4 \
	"$IMGTOOL" build -q w -o x.img >out 2>err &
tracer=$!
stopped()
{
	pid=$(pgrep -P $tracer) && grep -q '^State:.*stop' "/proc/$pid/status"
}
retry 20 stopped || fail "it was not stopped"
mv w/sub w/gone
ln -s ../outside w/sub
kill -CONT "$pid"
status=0
wait $tracer || status=$?
assert_plain_error 1 '^imgtool: build: w/sub/deep: was changed while it was read$'

# injected CALL:ERROR...: a build of d, with errors in calls
injected()
{
	local fault
	calls=()
	for fault; do
		calls+=(-e "inject=${fault%%:*}:${fault#*:}")
	done
	capture strace -qq -f -o trace -e trace=lseek,openat2,preadv2,fadvise64 \
		"${calls[@]}" "$IMGTOOL" build -q d -o x.img
}

fresh
for n in $(seq 100); do
	head -c $((n * 1111)) filler >d/sub/file-"$n"
	touch -d @1000000000 d/sub/file-"$n"
done
touch -d @1000000000 d d/sub
build d -o good.img
injected lseek:error=EIO
assert_plain_error 1 '^imgtool: build: d/sparse: cannot be read: Input/output'
printf '#mtree\n./sparse type=file contents=d/sparse\n' >mtree
capture strace -qq -o trace -e trace=lseek -e inject=lseek:error=EIO \
	"$IMGTOOL" build -q mtree -o x.img
assert_plain_error 1 'd/sparse: cannot be read: Input/output error'
injected preadv2:error=EIO
assert_status 0
injected preadv2:error=EAGAIN openat2:error=ENOSYS
assert_status 0
assert_same_file good.img x.img
injected preadv2:error=EOPNOTSUPP openat2:error=EPERM
assert_status 0
assert_same_file good.img x.img
# what has to be waited for is asked for early, ...
injected preadv2:error=EAGAIN
assert_status 0
assert_same_file good.img x.img
early=$(grep -c fadvise64 trace) || fail "nothing is asked for early"
[ "$early" -ge 99 ] || fail "only $early files are asked for early"
# ... as far as there are descriptors
(ulimit -n 12; injected preadv2:error=EAGAIN; assert_status 0)
assert_same_file good.img x.img
