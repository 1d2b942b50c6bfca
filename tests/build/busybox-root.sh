#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rootfs/busybox: the same bytes each time, root's files, only static ones.
. "$TEST_LIB/common.sh"
need_cmd busybox
recipe=$UMKIT_SRC/rootfs/busybox
if ldd "$(command -v busybox)" >/dev/null 2>&1; then
	skip 'busybox is not static'
fi

echo '#!/bin/sh' >tool
(umask 077; "$recipe" --add=tool:/opt/x/tool a.tar)
sleep 1.1
"$recipe" --add=tool:/opt/x/tool b.tar
assert_same_file a.tar b.tar

tar -tvf a.tar --numeric-owner >list
assert_match '^-rwxr-xr-x 0/0 .* \./opt/x/tool$' list
assert_match '^-rwxr-xr-x 0/0 .* \./bin/busybox$' list
assert_match '^drwxr-xr-x 0/0 .* \./$' list
assert_match '^drwxrwxrwt 0/0 .* \./tmp/$' list
assert_match '^drwx------ 0/0 .* \./root/$' list
assert_match ' \./bin/sh -> /bin/busybox$' list
assert_match ' \./sbin/init -> /bin/busybox$' list
assert_no_match '^[^ ]+ ([1-9]|0/[1-9])' list

capture "$recipe" --busybox=/bin/ls c.tar
assert_plain_error 1 'rootfs/busybox: /bin/ls: is not static; apt-get install'
[ ! -e c.tar ] || fail 'an archive was made'
capture "$recipe" --busybox=/nonexistent c.tar
assert_plain_error 1 '/nonexistent: no such program'
capture "$recipe" --frobnicate c.tar
assert_plain_error 1 'frobnicate: unknown option'
