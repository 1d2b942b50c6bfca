#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images that are not written to: dirty, in use, with features that the
# library can't write, no ext at all, and hostile ones.
. "$UMKIT_SRC/tests/cli/edit.sh"

# untouched REGEX IMG: every verb leaves it as it is
untouched()
{
	local line
	cp "$2" same.img
	while read -r line; do
		# shellcheck disable=SC2086
		not_edited 1 "$1" ${line//IMG/$2}
	done <<-'EOL'
		mkdir IMG:/new
		rm -r IMG:/lost+found
		mv IMG:/f IMG:/g
		ln IMG:/f IMG:/g
		ln -s x IMG:/g
		chmod 600 IMG:/f
		chown 1 IMG:/f
		touch IMG:/f
		truncate -s 0 IMG:/f
		setfattr -n user.x -v y IMG:/f
	EOL
	cmp "$2" same.img || fail "$2 was changed"
}

make_image ext4 good.img 16M
edit touch good.img:/f
for change in 'feature needs_recovery|was not unmounted.*e2fsck -p' \
	'ssv last_orphan 12|has orphans.*e2fsck -p' \
	'feature orphan_present|has orphans.*e2fsck -p' \
	'ssv state 3|the file system is marked as damaged.*e2fsck -p' \
	'ssv state 0|was not unmounted.*e2fsck -p'; do
	cp good.img bad.img
	debugfs -w -R "${change%%|*}" bad.img >/dev/null 2>&1
	cmp -s good.img bad.img && fail "${change%%|*}: did nothing"
	untouched "bad.img: ${change##*|}" bad.img
done
for feature in encrypt casefold verity ea_inode quota project,quota mmp; do
	make_image "ext4 -O $feature" bad.img 16M
	untouched "bad.img: uses features.*: .*${feature%%,*}" bad.img
done

# somebody else has it: a lock of any kind
: >log
exec 9<>good.img
flock_holder()
{
	python3 -c '
import fcntl, sys
f = open("good.img", "r+b")
fcntl.lockf(f, fcntl.LOCK_SH)
print("locked", flush=True)
sys.stdin.read()'
}
if command -v python3 >/dev/null; then
	coproc flock_holder
	read -r -u "${COPROC[0]}" _
	pid=$COPROC_PID
	eval "exec ${COPROC[0]}<&-"
	not_edited 1 'good.img: is in use' mkdir good.img:/new
	eval "exec ${COPROC[1]}>&-"
	wait "$pid" || :
fi
exec 9<&-
edit mkdir good.img:/new

# formats
{ printf 'QFI\xfb'; head -c 1M /dev/zero; } >q.img
untouched 'q.img: is a qcow2 file' q.img
head -c 1M /dev/zero >zero.img
untouched 'zero.img: has no ext2' zero.img
: >empty.img
untouched 'empty.img: is empty' empty.img
if [ "$(id -u)" = 0 ]; then
	cp good.img /dev/shm/edit-refused.$$
	chmod 444 /dev/shm/edit-refused.$$
	capture as_nobody "$IMGTOOL" mkdir /dev/shm/edit-refused.$$:/x
	rm -f /dev/shm/edit-refused.$$
	assert_plain_error 1 'cannot be opened for writing'
fi

# Hostile images: every verb ends by itself, with our messages, and writes
# only inside of the image.
mktar 'd sub' 'd sub/in' 'f sub/XXYYY data' 'f other x' 'F big 300000' >t.tar
build t.tar -o start.img
every_verb()
{
	local line
	while read -r line; do
		cp bad.img try.img
		# shellcheck disable=SC2086
		capture timeout 60 "$IMGTOOL" $line
		[ "$status" -le 1 ] || { show; fail "$1: $line: status $status"; }
		grep -v '^imgtool: ' err >&2 && fail "$1: a message that is not ours"
		assert_eq "$(stat -c %s try.img)" "$(stat -c %s bad.img)" "size of the image"
	done <<-'EOL'
		mkdir -p try.img:/sub/new/dir
		rm -r try.img:/sub
		rm try.img:/other try.img:/big
		mv try.img:/sub/in try.img:/in
		mv try.img:/other try.img:/sub
		ln try.img:/other try.img:/sub/hard
		chmod -R 700 try.img:/
		truncate -s 10 try.img:/big
		truncate -s 1M try.img:/other
		setfattr -n user.x -v y try.img:/big
	EOL
}
for name in '../xx' '/etcx' 'a\x00bcd' '../..'; do
	cp start.img bad.img
	LC_ALL=C sed -i "s|XXYYY|$name|g" bad.img
	every_verb "$name"
done
set_field()
{
	cp start.img bad.img
	debugfs -w -R "set_inode_field $1 $2 $3" bad.img >/dev/null 2>&1
	every_verb "$*"
}
set_field big size 0x7fffffffffffffff
set_field sub size 0x7fffffffffff
set_field big 'block[3]' 0xffffffff
set_field big 'block[5]' 0xfffffff0
set_field big file_acl 0xffffff
set_field big file_acl 1
set_field sub extra_isize 0xfff0
set_field sub flags 0x10000000
# entries that lead to the journal, or nowhere
for ino in 8 7 2 4000000; do
	cp start.img bad.img
	debugfs -w -R "link <$ino> sub/evil" bad.img >/dev/null 2>&1
	every_verb "entry of inode $ino"
done
