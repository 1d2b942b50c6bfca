#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: some 2,000 calls and their errors, one by one as on ext4, plain and
# with ownership=xattr, as we are and as an ordinary host user. For a work folder
# on ext4: other file systems of the host have errors of their own.
. "$TEST_LIB/boot.sh"

need_cmd mke2fs setfattr
# probe DIR: print the words for what this file system does not have
probe()
{
	mkdir "$1/a" "$1/a/b"
	[ "$(stat -c %h "$1/a")" = 3 ] || echo no-count
	setfattr -n user.x -v y "$1/a" 2>/dev/null || echo no-xattr
	mknod "$1/a/null" c 1 3 2>/dev/null && chown 1:2 "$1/a/b" || echo no-root
	rm -r "$1/a"
}

# shellcheck disable=SC2016
script='
set -e
mount -t hostfs none /tmp -o "$1"
run()
{
	mkdir -p "/mnt/$2"
	/tmp/posix "/mnt/$2" "$2" >"/tmp/$1.$2"
	mount -o remount,ro /mnt
	/tmp/posix "/mnt/$2" readonly >"/tmp/$1.ro"
	umount /mnt
}
for what in owner all; do
	mount -t ext4 /dev/ubdb /mnt
	run ext4 $what
done
shift
while [ $# != 0 ]; do
	mount -t hostfs none /mnt -o "$2"
	run "$1" "$3"
	shift 3
done
'

# compare NAME WHAT WORDS...
compare()
{
	local file filter=(-e '')
	# not all file systems count a directory's directories
	[[ " $* " != *" no-count "* ]] ||
		filter+=(-e 's/\( d[0-7]\{4\} [0-9:]*\) x[0-9]*/\1/g')
	# listings do not tell a placeholder's type: see LIMITS of hostfs(5)
	[[ $1 != xattr-* ]] ||
		filter+=(-e '/^readdir/s/ has its type/ has no type/')
	for file in "$2" ro; do
		sed "${filter[@]}" "results/ext4.$file" >expected
		sed "${filter[@]}" "results/$1.$file" >actual
		diff -U 2 expected actual >differences && continue
		head -n 200 differences >&2
		fail "$1, $file: not as on ext4"
	done
}

# check PLAIN COMMAND...: what to run on a plain mount, "all" or "owner"
check()
{
	local dirs=("$WORK") plain=$1 dir words name names=() mounts=() ids
	shift
	ids=$("$@" id -u):1,gidmap=0:$("$@" id -g):1
	rm -rf results
	mkdir results
	cp "$UMKIT_BUILD/tests/boot/hostfs_posix" results/posix
	mke2fs -q -t ext4 -b 4096 results/disk 64M
	[ $# = 0 ] || chown -R nobody results
	for dir in "${dirs[@]}"; do
		words=$(probe "$dir")
		mkdir "$dir/plain" "$dir/xattr"
		[ $# = 0 ] || chown 65534:65534 "$dir/plain" "$dir/xattr"
		name=plain-$(stat -f -c %T "$dir" | tr -c 'a-z0-9\n' -)
		if [ "$plain" = all ] && [[ $words != *no-root* ]]; then
			mounts+=("$name" "$dir/plain" all)
		else
			mounts+=("$name" "$dir/plain,uidmap=0:$ids" owner)
		fi
		names+=("$name ${mounts[-1]} $words")
		[[ $words != *no-xattr* ]] || continue
		name=xattr${name#plain}
		mounts+=("$name" "$dir/xattr,ownership=xattr" all)
		names+=("$name all $words")
	done
	status=0
	"$@" imgtool run --mem "$MEM" \
		--append "hostfs=/ ubd1=$WORK/results/disk" "$TEST_IMAGE" -- \
		sh -c "$script" sh "$WORK/results" "${mounts[@]}" \
		</dev/null >out 2>err || status=$?
	[ "$status" = 0 ] || tail -n 1 results/*.{all,owner,ro} >&2 || :
	assert_status 0
	[ "$(wc -l <results/ext4.all)" -gt 2000 ] || fail "too few lines"
	for name in "${names[@]}"; do
		echo "# $name"
		# shellcheck disable=SC2086
		compare $name
	done
	rm -rf "$WORK"/{plain,xattr}
}

[[ $(stat -f -c %T .) == ext* ]] || skip "$WORK: not on ext4"
chmod 755 "$WORK"
echo "# as we are"
if [ "$(id -u)" = 0 ]; then
	check all
	echo "# as nobody"
	check owner as_nobody env HOME=/nonexistent TMPDIR=/tmp
else
	check owner
fi
