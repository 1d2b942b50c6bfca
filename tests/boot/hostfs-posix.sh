#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: some 2,000 calls and their errors, one by one as on ext4, plain and
# with ownership=xattr, as we are and as an ordinary host user; on the file
# system of the work folder, a tmpfs, and an overlay. What these have otherwise
# than ext4 is in compare(), and nothing else may differ.
#
# The script runs itself in a mount namespace, with "mounted"; an ordinary user
# has one in a user namespace, too, with "userns".
. "$TEST_LIB/boot.sh"

need_cmd mke2fs setfattr fallocate
# probe DIR: print the words for what this file system does not have
probe()
{
	mkdir "$1/a" "$1/a/b"
	truncate -s $((4 << 16)) "$1/a/f"
	fallocate -z -o 65536 -l 65536 "$1/a/f" 2>/dev/null || echo no-zero
	fallocate -c -o 65536 -l 65536 "$1/a/f" 2>/dev/null || echo no-collapse
	! truncate -s $((-1 >> 1 & ~(1 << 63))) "$1/a/f" 2>/dev/null || echo no-far
	! mknod "$1/a/d" c 1 3 2>/dev/null ||
		mknod "$1/a/none" c 0 0 2>/dev/null || echo no-whiteout
	[[ $(stat -f -c %T "$1") == ext* ]] || echo no-ext
	[ "$(stat -f -c %T "$1")" != xfs ] || echo xfs
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
	local file both=(-e '') ext4=(-e '') words=" $* "
	# Of both, what may be either way is left out; of ext4's, what this file
	# system has otherwise is replaced by that.
	# not all file systems count a directory's directories
	[[ $words != *" no-count "* ]] ||
		both+=(-e 's/\( d[0-7]\{4\} [0-9:]*\) x[0-9]*/\1/g')
	# listings do not tell a placeholder's type: see LIMITS of hostfs(5)
	[[ $1 != xattr-* ]] ||
		both+=(-e '/^readdir/s/ has its type/ has no type/')
	# fallocate(2): ext4 and XFS have all kinds, others not (tmpfs: neither)
	[[ $words != *" no-zero "* ]] || {
		both+=(-e '/^zero:   /d')
		ext4+=(-e '/^zero: fallocate/s/ = .*/ = EOPNOTSUPP/')
	}
	[[ $words != *" no-collapse "* ]] || {
		both+=(-e '/^collapse:   /d')
		ext4+=(-e '/^collapse: fallocate/s/ = .*/ = EOPNOTSUPP/')
	}
	# tmpfs has files as large as off_t can tell
	[[ $words != *" no-far "* ]] ||
		ext4+=(-e '/^size: ftruncate(fd, INT64_MAX)/s/EFBIG/0/'
			-e '/^size: a write at 1 << 62/s/refused/kept/'
			-e '/^ranges: fallocate(fd, 0, INT64_MAX - 1, 1)/s/EFBIG/0/')
	# device 0/0 is how an overlay remembers what was removed: nobody can
	# make one in it
	[[ $words != *" no-whiteout "* || $1 = xattr-* ]] ||
		ext4+=(-e '/^nodes: mknod("none"/s/ = 0/ = EPERM/'
			-e '/^nodes: open("none"/s/ENXIO/fd/'
			-e '/^nodes: /s/ none c0640 0:0 x1 0 dev 0;/ none f0600 0:0 x1 0;/')
	# XFS has shorter texts of links, and 18 bits of a minor number
	[[ $words != *" xfs "* || $1 = xattr-* ]] ||
		ext4+=(-e '/^links: symlink(path4095, "long")/s/= 0/= ENAMETOOLONG/'
			-e '/^links:   has/s/ long l0777 [0-9:]* x1 4095;//'
			-e '/^nodes: mknod("big"/s/= 0/= EINVAL/'
			-e '/^nodes: open("big"/s/ENXIO/ENOENT/'
			-e '/^nodes: unlink("big")/s/= 0/= ENOENT/'
			-e '/^nodes:   has/s/ big [^;]*;//')
	# a file without a name in a directory that has gone: tmpfs and btrfs
	# make one, an overlay does as what it lies on
	[[ $words != *" no-ext "* || $1 = xattr-* ]] ||
		both+=(-e '/^readdir.*O_TMPFILE/s/= \(EPERM\|fd\)$/= either/')
	for file in "$2" ro; do
		sed "${both[@]}" "${ext4[@]}" "results/ext4.$file" >expected
		sed "${both[@]}" "results/$1.$file" >actual
		diff -U 2 expected actual >differences && continue
		head -n 200 differences >&2
		fail "$1, $file: not as on ext4"
	done
}

# check PLAIN COMMAND...: what to run on a plain mount, "all" or "owner"
check()
{
	local plain=$1 dir words name names=() mounts=() ids
	shift
	ids=$("$@" id -u):1,gidmap=0:$("$@" id -g):1
	mkdir results
	cp "$UMKIT_BUILD/tests/boot/hostfs_posix" results/posix
	mke2fs -q -t ext4 -b 4096 results/disk 64M 2>/dev/null
	[ $# = 0 ] || chown -R nobody results
	for dir in "${dirs[@]}"; do
		words=$(probe "$dir" | tr '\n' ' ')
		mkdir "$dir/plain" "$dir/xattr"
		[ $# = 0 ] || chown 65534:65534 "$dir/plain" "$dir/xattr"
		name=plain-${dir##*/}
		echo "# $name: $(stat -f -c %T "$dir")"
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
	rm -rf results
	for dir in "${dirs[@]}"; do
		rm -r "$dir/plain" "$dir/xattr"
	done
}

check_all()
{
	echo "# as we are"
	if [ "$(id -u)" != 0 ] || [ "${1-}" = userns ]; then
		check owner
		return
	fi
	check all
	echo "# as nobody"
	check owner as_nobody env HOME=/nonexistent TMPDIR=/tmp
}

# mount_both OPTION: a tmpfs, and an overlay of two folders in another one
mount_both()
{
	mkdir tmpfs overlay parts
	mount -t tmpfs -o mode=755 tmpfs tmpfs || return
	dirs+=("$WORK/tmpfs")
	mount -t tmpfs -o mode=755 tmpfs parts
	mkdir parts/{lower,upper,work}
	if mount -t overlay overlay overlay -o \
		"lowerdir=parts/lower,upperdir=parts/upper,workdir=parts/work$1"; then
		dirs+=("$WORK/overlay")
	else
		echo "# no overlay: it cannot be mounted here"
	fi
}

# An XFS in a file, which is sparse.
mount_xfs()
{
	mkdir xfs
	truncate -s 320M xfs.img
	if [ "$(id -u)" = 0 ] && mkfs.xfs -q xfs.img 2>/dev/null &&
		mount -o loop xfs.img xfs 2>/dev/null; then
		chmod 755 xfs
		dirs+=("$WORK/xfs")
	else
		echo "# no XFS: none can be made or mounted here"
	fi
}

dirs=()
chmod 755 "$WORK"
case $(stat -f -c %T .) in
ext* | tmpfs | overlay* | btrfs)
	mkdir -p work
	dirs=("$WORK/work") ;;
*) echo "# not in the work folder: the differences of $(stat -f -c %T .) are not listed" ;;
esac

case ${1-} in
userns)
	dirs=()
	mount_both ,userxattr
	check_all userns
	exit ;;
mounted)
	mount_both ''
	mount_xfs ;;
*)
	if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
		exec unshare -m bash "$0" mounted
	fi
	if [ -w /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ] &&
		[ "$(df --output=avail /dev/shm | tail -n 1)" -ge 100000 ]; then
		dirs+=("$(mktemp -d /dev/shm/umkit.XXXXXX)")
		trap 'rm -rf "${dirs[-1]}"' EXIT
		chmod 755 "${dirs[-1]}"
	else
		echo "# no tmpfs: none can be mounted, /dev/shm has no room"
	fi ;;
esac
[ ${#dirs[@]} -gt 0 ] || skip "no file system that could be compared"
check_all
if [ "${1-}" != mounted ] && unshare -Urm true 2>/dev/null; then
	echo "# in a user namespace"
	unshare -Urm bash "$0" userns
fi
