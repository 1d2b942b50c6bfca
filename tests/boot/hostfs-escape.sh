#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: guest root tries to get out: .., links, /proc, bind mounts, mount
# options, file handles, long paths, devices, and names that change. A trace of
# the host side tells that nothing outside was as much as looked at.
. "$TEST_LIB/boot.sh"

need_cmd strace
strace -qq -o /dev/null true 2>/dev/null || skip "strace: cannot trace here"
race=$UMKIT_BUILD/tests/boot/hostfs_race
CPUS=2

# The whole of it is $WORK/top; outside of the jail there is nothing else, so a
# path in it that is not the jail's is a way out.
mkdir -p top/jail/dir/deep top/jail/ro top/jail/a/b/c top/outside/c
top=$PWD/top
cp "$race" top/jail/race
head -c 4242 /dev/zero >top/outside/secret
cp top/outside/secret top/outside/inner
cp top/outside/secret top/outside/c/secret
for file in file dir/inner a/b/c/inner; do echo mine >top/jail/$file; done
ln -s "$top/outside" top/jail/abs
ln -s ../outside top/jail/rel
ln -s ../../outside top/jail/dir/rel
ln -s /proc/self/root top/jail/root
ln -s "/proc/self/cwd/../outside" top/jail/cwd
ln -s "$top/outside" top/jail/dirlink
ln -s "$top/outside/secret" top/jail/filelink
ln -s "$top/outside" top/jail/ablink
mkfifo top/jail/fifo
find top/outside -exec stat -c '%n %i %s %a %x %y %z' {} + >before

# shellcheck disable=SC2016
attack='
top=$1
bad() { echo "got out: $*"; exit 1; }
cd /mnt
for way in .. ../.. dir/../.. abs rel dir/rel root cwd root/$top abs/.. fifo/.. \
	/proc/self/cwd/.. /proc/1/root/mnt/.. /mnt/.. file/.. ./abs/ "rel/." "...." ; do
	for to in outside/secret secret jail/../outside/secret; do
		! cat "$way/$to" 2>/dev/null || bad cat $way $to
		! ls -la "$way/$to" 2>/dev/null || bad ls $way $to
		! stat "$way/$to" 2>/dev/null >&2 || bad stat $way $to
		! chmod 777 "$way/$to" 2>/dev/null || bad chmod $way $to
		! mv "$way/$to" here 2>/dev/null || bad mv $way $to
		! ln "$way/$to" here 2>/dev/null || bad ln $way $to
		! rm "$way/$to" 2>/dev/null || bad rm $way $to
	done
done
for way in abs rel dir/rel cwd filelink dirlink; do
	! ( echo >"$way/new" ) 2>/dev/null || bad write $way
	case $way in
	*rel|cwd) ;; # in the guest that is a name in its own root
	*) ! ( echo >"$way" ) 2>/dev/null || bad write to $way ;;
	esac
	! mkdir "$way/new" 2>/dev/null || bad mkdir $way
	! mknod "$way/new" p 2>/dev/null || bad mknod $way
	! ln -s x "$way/new" 2>/dev/null || bad ln -s $way
	! mv file "$way/new" 2>/dev/null || bad mv into $way
	# these are on the links themselves
	chown -h 0:0 "$way"; touch -h "$way"; ls -la "$way" >/dev/null
done
rm -f ..; rmdir .. ../outside; rm -rf ../outside dir/../../outside
# mounts: of others, by options, bound
mkdir -p /m /b
for option in /../outside /.. .. ../.. ../outside hostfs=../outside \
	hostfs=/../outside "hostfs=$top/outside" "$top/outside" abs /abs rel /rel \
	/dir/rel /root /root$top/outside /cwd "/dir/../../outside" "/file" "/fifo" \
	bind=0/.. bind=-1 bind=1 bind=0,hostfs=/.. ; do
	if mount -t hostfs none /m -o "$option" 2>/dev/null; then
		[ ! -e /m/secret ] && [ ! -e /m/jail ] || bad mount $option
		umount /m
	fi
done
mount -o bind /mnt/dir/deep /b
cd /b
! cat ../../../outside/secret 2>/dev/null || bad bind
cd /mnt/dir/deep
mount -o move /b /m 2>/dev/null; mount -o bind / /b; cat ../../../outside/secret && bad move
cd /mnt
# the mount is the root of a process, and one of its directories is left
mkdir -p jail2; chmod 755 race
./race handles /mnt || bad handles
# paths longer than PATH_MAX, both ways
./race deep /mnt || bad deep
# devices and fifos are the guest ones; nobody opens those of the host
mknod null c 1 3 2>/dev/null && { echo x >null; head -c 1 null; }
mknod disk b 254 0 2>/dev/null && head -c 1 disk 2>/dev/null
mknod mem c 1 1 2>/dev/null && head -c 1 mem 2>/dev/null
(echo through >fifo) & [ "$(cat fifo)" = through ] || bad fifo
# the other mount cannot be made to write
mount -o remount,rw /ro 2>/dev/null
for what in "touch /ro/x" "rm /ro/given" "chmod 777 /ro/given" "mkdir /ro/x" \
	"ln /ro/given /ro/x" "mv /ro/given /ro/x" "truncate -s 0 /ro/given" \
	"chown 1 /ro/given" "touch -d 2001-01-01 /ro/given" "mknod /ro/x p" \
	"ln -s x /ro/x" "dd if=/dev/zero of=/ro/given conv=notrunc"; do
	! $what 2>/dev/null || bad $what
done
mount -t hostfs none /m -o bind=1 && { ! touch /m/x 2>/dev/null || bad bind=1; }
exec ./race guest /mnt 4242
'
mkdir top/ro
echo given >top/ro/given
"$race" host top/jail "$top/outside" "${HOSTFS_RACE:-2}" >host.out &
host=$!
# the tracer is where the reaper sees it
cat >traced <<'E2'
exec strace -f -y -qq -s 300 -o "$WORK/trace" -e "trace=%file,getdents64,fchmod,fchown,ftruncate" "$@"
E2
status=0
bash traced imgtool run --mem "$MEM" --cpus "$CPUS" --bind "$top/jail:/mnt" \
	--bind "$top/ro:/ro:ro" "$TEST_IMAGE" -- sh -c "$attack" sh "$top" \
	</dev/null >out 2>err || status=$?
: >top/jail/started
host_status=0
wait "$host" || host_status=$?
cat out host.out
assert_status 0
[ "$host_status" = 0 ] || fail "outside was touched"
find top/outside -exec stat -c '%n %i %s %a %x %y %z' {} + >after
assert_same_file before after
assert_eq "$(cat top/ro/given; ls top/ro)" "given
given"
assert_match ' [1-9][0-9]* reads' out

# Which of the kernel's calls are on the directory: by a descriptor of it.
grep -F "<$top" trace >calls || fail "the trace has nothing"
[ "$(wc -l <calls)" -gt 500 ] || fail "the trace is too short"
# refuse WHAT: nothing was found
refuse()
{
	head -n 5 found >&2
	[ ! -s found ] || fail "$1"
}
# descriptors of anything but the two directories and what is in them
grep -oE "<${top}[^>]*>" calls | grep -vE "^<$top/(jail|ro)(/|>|\()" |
	sort | uniq >found || :
refuse "descriptors outside"
# nor such a path as a whole
grep -E "\((AT_FDCWD<[^>]*>, )?\"$top/(outside|jail/)" trace >found || :
refuse "a path from the host's root"
# names below a descriptor are one component, never an absolute path or "..";
# only openat2 with RESOLVE_BENEATH may have more
grep -E '^[0-9]+ +(statx|openat|mkdirat|mknodat|unlinkat|renameat2|linkat|symlinkat|readlinkat|fchmodat2?|fchownat|utimensat|faccessat2?|newfstatat|name_to_handle_at)\(' calls |
	grep -E "[0-9]+<${top}[^>]*>, \"([^\"]*/|\.\.\")" >found || :
refuse "a path that is not one name"
# a link is never followed
grep -E '^[0-9]+ +(statx|newfstatat|utimensat|fchownat)\(' calls |
	grep -vE 'AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH|NULL' >found || :
refuse "a call that follows links"
grep -E '^[0-9]+ +openat\(' calls | grep -E "^[0-9]+ +openat\([0-9]+<$top" |
	grep -v O_NOFOLLOW | grep -v O_TMPFILE >found || :
refuse "an open that follows links"
grep -E '^[0-9]+ +openat2\([0-9]+<' calls | grep -v unfinished |
	grep -v RESOLVE_BENEATH >found || :
refuse "openat2 without RESOLVE_BENEATH"
# what is no file or directory is not opened but as a path
grep -E "^[0-9]+ +openat2?\(.* = [0-9]+<$top/jail/(null|disk|mem|fifo)(<[^>]*>)?>" calls |
	grep -v O_PATH >found || :
refuse "a device or fifo was opened"
