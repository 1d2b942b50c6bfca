#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the host changes, moves, replaces and removes what the guest has in
# use; the guest sees it when hostfs(5) says, and goes on.
. "$TEST_LIB/boot.sh"

CPUS=2
mkdir -p dir/{perms,moved,renamed,removed,top/in} outside
cp "$UMKIT_BUILD/tests/boot/hostfs_changes" dir/program
for name in own-close own-shrunk; do echo AAAA >dir/$name; done
for d in perms moved renamed removed top/in; do echo inner >dir/$d/file; done
head -c 12288 /dev/zero | tr '\0' x >dir/mapped
echo file >dir/turned
chmod 755 "$WORK" dir dir/perms
mkfifo to from

# host COMMAND: the host does that while the guest waits
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1" && cd /mnt || exit 1
fails() { echo "$1: not so" >&2; exit 1; }
host() { echo "host $1"; read -r line; }
xs() { head -c "$1" /dev/zero | tr "\0" x; }

# right after the guest has closed what it has written itself
echo BBBB >own-close
host "echo CCCC >dir/own-close"
[ "$(cat own-close)" = CCCC ] || fails "a change after the guest closed it"
xs 12288 >own-shrunk
host ": >dir/own-shrunk"
truncate -s 12288 own-shrunk
[ "$(tr -d "\0" <own-shrunk | wc -c)" = 0 ] || fails "old data after truncation"
# and by a program that has it open for writing all the time
exec 3>own-shrunk
xs 12288 >&3
host ": >dir/own-shrunk"
stat own-shrunk >/dev/null; sleep 1; [ "$(stat -c %s own-shrunk)" = 0 ] || fails "size"
truncate -s 12288 own-shrunk
[ "$(tr -d "\0" <own-shrunk | wc -c)" = 0 ] || fails "old data, open"
exec 3>&-

# rights: of the directory that one is in, too
echo "u:x:500:500::/:/bin/sh
root:x:0:0::/:/bin/sh" >/etc/passwd
su u -c "cd /mnt/perms && cat file && echo \"host chmod 700 dir/perms\" &&
	read -r line && sleep 1.5 && ! cat file 2>/dev/null && ! ls 2>/dev/null" ||
	fails "rights of the current directory"
chmod 755 perms
su u -c "cd /mnt && ls >/dev/null && echo \"host chmod 700 dir\" && read -r line &&
	sleep 1.5 && ! ls /mnt 2>/dev/null && ! cat /mnt/turned 2>/dev/null" ||
	fails "rights of the mounted directory"
host "chmod 755 dir"

# a directory that is in use is moved out: what is made there is not seen
cd /mnt/moved && cat file >/dev/null && exec 4<file || fails before
host "mv dir/moved outside && echo secret >outside/moved/secret"
sleep 2.5
! cat secret 2>/dev/null || fails "secret read"
! echo >new 2>/dev/null || fails "written outside"
! ls file 2>/dev/null || fails "looked at outside"
[ "$(cat <&4)" = inner ] || fails "the open file"
# to elsewhere in it: there it is
cd /mnt/renamed && cat file >/dev/null || fails before
host "mv dir/renamed dir/other"
sleep 2.5
[ "$(cat /mnt/other/file)" = inner ] || fails "other/file"
[ "$(cat file)" = inner ] || fails "file, after other/ was found"
cd /mnt

# removed, with the guest in it and a file open
exec 5<removed/file
cd removed
host "rm -r dir/removed"
[ "$(cat <&5)" = inner ] || fails "removed, but open"
sleep 1.5
ls -a >/dev/null 2>&1
! echo 2>/dev/null >new || fails "made in a removed directory"
cd /mnt
[ ! -e removed ] || fails removed
exec 5<&-

# a file becomes a directory, and back
[ "$(cat turned)" = file ] || fails before
exec 5<turned
host "rm dir/turned && mkdir dir/turned && echo in >dir/turned/in"
sleep 1.5
[ -d turned ] && [ "$(cat turned/in)" = in ] || fails "a file became a directory"
[ "$(cat <&5)" = file ] || fails "the file that was open"
cd turned
host "rm -r dir/turned && echo again >dir/turned"
sleep 1.5
[ "$(cat /mnt/turned)" = again ] || fails "a directory became a file"
cd /mnt

/mnt/program map mapped || fails mapped

# the mounted directory itself
mkdir /top && mount -t hostfs none /top -o "$1/top" && cat /top/in/file >/dev/null || exit 1
host "rm -r dir/top"
sleep 1.5
! cat /top/in/file 2>/dev/null || fails "top/in/file"
! mkdir /top/new 2>/dev/null || fails "made in a removed mount"
ls -la /top >/dev/null; stat -f /top >/dev/null
umount /top || fails umount
echo end
'
timeout 100 imgtool run --mem "$MEM" --cpus "$CPUS" --append hostfs=/ \
	"$TEST_IMAGE" -- sh -c "$script" sh "$PWD/dir" <to >from 2>err &
exec 3>to 4<from
while IFS= read -r -t 100 line <&4; do
	line=${line%$'\r'}
	case $line in
	host*) eval "${line#host }" ;;
	mapped) truncate -s 6144 dir/mapped ;;
	written) : >dir/mapped ;;
	*) echo "$line" >>out; continue ;;
	esac
	echo go >&3
done
exec 3>&-
status=0
wait $! || status=$?
assert_status 0
grep -qx end out || fail "not all of it was run"
assert_eq "$(ls outside/moved)" "file
secret"
