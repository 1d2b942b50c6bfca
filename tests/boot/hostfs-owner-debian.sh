#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs, ownership=xattr, with GNU tar: attributes, and all of /etc, /var and
# some more of a Debian root.
. "$TEST_LIB/boot.sh"

IMAGE=$(debian_image)
export IMAGE
need_cmd setfattr
chmod 755 "$WORK"
touch probe
setfattr -n user.x -v y probe 2>/dev/null ||
	skip "$WORK: its file system has no user attributes"

# shellcheck disable=SC2016
script='
set -e
mount -t tmpfs tmp /tmp
mkdir /tmp/tree
cd /tmp/tree
tar c -C / etc var/lib/dpkg dev/null usr/bin/passwd usr/bin/perl | tar x
perl -e "
	sub set {
		my (\$file, \$name, \$value) = @_;
		syscall(188, \$file, \$name, \$value, length(\$value), 0) == 0 or
			die \"\$file \$name: \$!\";
	}
	set(\"usr/bin/perl\", \"security.capability\", pack(\"V5\", 0x02000000, 0x400, 0, 0, 0));
	set(\"usr/bin\", \"trusted.t\", \"value\");
	set(\"etc/passwd\", \"user.u\", \"mine\");
"
pack() { tar c --sort=name --xattrs --xattrs-include="*" -C "$1" .; }
list() { pack "$1" | tar tvv --xattrs --xattrs-include="*" --full-time --numeric-owner; }
list /tmp/tree >/tmp/a
grep -q security.capability /tmp/a
grep -q trusted.t /tmp/a
mount -t hostfs none /mnt -o "$1,ownership=xattr"
pack /tmp/tree | tar x -p --numeric-owner --xattrs --xattrs-include="*" -C /mnt
list /mnt >/tmp/b
diff /tmp/a /tmp/b
umount /mnt
mount -t hostfs none /mnt -o "$1,ownership=xattr"
list /mnt >/tmp/b
diff /tmp/a /tmp/b
diff -r --no-dereference /tmp/tree/etc /mnt/etc
wc -l </tmp/b
'
mkdir dir
as=()
if [ "$(id -u)" = 0 ]; then
	chown nobody dir
	as=(as_nobody env HOME=/nonexistent TMPDIR=/tmp)
fi
status=0
"${as[@]}" imgtool run --mem 512M --append hostfs=/ "$IMAGE" -- \
	bash -c "$script" bash "$PWD/dir" </dev/null >out 2>err || status=$?
assert_status 0
assert_match '^[0-9]{3,}$'
