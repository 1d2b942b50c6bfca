#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A tree with everything that there can be (see testtree.c), built, is the same
# tree to each viewer, attribute by attribute: imgtool's cp, ls and tar, a mount
# by FUSE, debugfs, and a loop mount by the host's kernel. tests/boot/build-compare
# is the same for a guest.
# time limit: 900 s
. "$UMKIT_SRC/tests/cli/cli.sh"

mounted=
trap '[ -z "$mounted" ] || umount -l mnt 2>/dev/null || fusermount3 -u -z mnt 2>/dev/null || :' EXIT

testtree make source 2>left-out
sed 's/^/# left out: /' left-out
testtree list source >list
[ "$(wc -l <list)" -gt 101000 ] || fail "there is no tree"
build source -o t.img

# same WHAT LIST
same()
{
	diff list "$2" >difference || {
		head -n 20 difference | cut -c 1-300 >&2
		fail "$1: $(wc -l <difference) lines differ"
	}
	echo "ok: $1"
}

echo '# cp -a, all but the many files, which ls shows'
build source --exclude /many -o u.img
"$IMGTOOL" cp -a u.img:/ copy
testtree list copy >seen
diff <(grep -v '^\./many' list) seen >difference || {
	head -n 20 difference | cut -c 1-300 >&2
	fail "cp: $(wc -l <difference) lines differ"
}
rm -rf copy
"$IMGTOOL" ls -l t.img:/many | awk '{ print $1, $3 ":" $4, $NF }' >seen
sed -n 's#^\./many/\([^ ]*\) 100644 \([^ ]*\) .*#-rw-r--r-- \2 \1#p' list | LC_ALL=C sort >expected
LC_ALL=C sort seen | diff expected - >&2 || fail 'ls shows other files'
echo 'ok: imgtool cp and ls'

echo '# tar, as a source of a build'
# tar has no sockets, and of times no fraction of the last second before 1970
"$IMGTOOL" tar t.img 2>tar.err | build - -o u.img
capture "$IMGTOOL" diff t.img u.img
assert_eq "$(sed '/times\/negative/d' out)" '- /kinds/socket' 'difference'
echo 'ok: imgtool tar'
rm u.img

echo '# debugfs'
# an ACL of one named user has 28 bytes on the disk
testtree debugfs source | sed '/|system.posix_acl/s/(44)/(28)/' | LC_ALL=C sort >expected
sed -n 's/^\([^|]*\)|\(regular\|directory\|symlink\|FIFO\|socket\|character special\|block special\)|.*/\1/p' \
	expected >paths
while IFS= read -r path; do
	printf 'stat "%s"\nea_list "%s"\n' "${path:-/}" "${path:-/}"
done <paths >commands
debugfs -f commands t.img 2>/dev/null | LC_ALL=C awk '
	function out() {
		if (path == "") path = "/"
		line = (path == "/" ? "" : path) "|" type "|" mode "|" user "|" group "|"
		line = line (type == "directory" ? "|" : size "|" links) "|" mtime
		if (type ~ /special/) line = line "|" device
		print line
	}
	/^debugfs: stat / { path = substr($0, 16, length($0) - 16); next }
	/^debugfs: ea_list / {
		path = substr($0, 19, length($0) - 19)
		out(); next
	}
	/^Inode: [0-9]+ +Type: / {
		match($0, /Type: .* +Mode:/)
		type = substr($0, RSTART + 6, RLENGTH - 11)
		sub(/ +$/, "", type); sub(/^ +/, "", type)
		mode = $0; sub(/.*Mode: +/, "", mode); sub(/ .*/, "", mode)
		if (length(mode) > 4) sub(/^0/, "", mode)
		next
	}
	/^User: / { user = $2; group = $4; size = $NF; next }
	/^Links: / { links = $2; next }
	/^ mtime: / { mtime = $2; next }
	/^crtime: / { crtime = $2; if (crtime != mtime) print path ": crtime " crtime; next }
	/Device.*number: / { device = $0; sub(/.*number: /, "", device); sub(/ .*/, "", device); next }
	/^  [a-z]+\./ {
		name = $1; n = $2
		print (path == "/" ? "" : path) "|" name " " n
	}' | LC_ALL=C sort -u >seen # stat shows attributes, too
diff expected seen >difference || {
	head -n 20 difference | cut -c 1-300 >&2
	fail "debugfs: $(wc -l <difference) lines differ"
}
[ "$(wc -l <seen)" -gt 1000 ] || fail "debugfs shows nothing"
assert_eq "$(in_image t.img 'ls -p /many' | grep -c '/file-')" 100000 names
for file in contents/9437184 sparse/parts contents/1048577; do
	in_image t.img "dump /$file dumped"
	assert_same_file source/$file dumped
done
echo 'ok: debugfs'

mkdir mnt
echo '# FUSE'
if { [ -w /dev/fuse ] || { [ "$(id -u)" = 0 ] && mknod -m 600 /dev/fuse c 10 229; }; } 2>/dev/null &&
		(exec 3<>/dev/fuse) 2>/dev/null &&
		"$IMGTOOL" mount t.img mnt 2>err; then
	mounted=1
	testtree list mnt >seen
	"$IMGTOOL" umount mnt
	mounted=
	same 'imgtool mount' seen
else
	[ "${MUST_RUN:-0}" != 1 ] || fail 'no FUSE'
	echo '# skipped: FUSE cannot be had here'
fi

echo '# the kernel, by a loop device'
if [ "$(id -u)" != 0 ]; then
	echo '# skipped: needs root'
elif mount -o loop,ro t.img mnt 2>err; then
	mounted=1
	testtree list mnt >seen
	umount mnt
	mounted=
	same 'the kernel' seen
else
	echo "# skipped: no loop mount: $(head -n 1 err)"
fi
