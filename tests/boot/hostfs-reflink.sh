#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: copies that share blocks, where the host's file system has them.
. "$TEST_LIB/boot.sh"

need_root
need_cmd mkfs.xfs
mkdir dir
truncate -s 320M xfs
mkfs.xfs -q -m reflink=1 xfs || skip "mkfs.xfs: no reflink"
unshare -m mount -o loop xfs dir 2>/dev/null ||
	skip "an xfs image cannot be mounted here"

# shellcheck disable=SC2016
inner='
mount -o loop xfs dir && mkdir dir/in || exit 99
head -c 60000000 /dev/urandom >dir/in/a && printf tail >>dir/in/a
sync dir/in/a && used=$(df --output=used dir | tail -n 1)
imgtool run --mem "$1" --append hostfs=/ "$2" -- sh -c "$3" sh "$PWD/dir/in" \
	"$PWD" || exit 1
grown=$(($(df --output=used dir | tail -n 1) - used))
echo "grown by $grown KiB"
[ "$grown" -lt 20000 ] || exit 98
cmp dir/in/a dir/in/b && [ "$(head -c 7 dir/in/c)" = changed ] &&
	cmp -i 4096 dir/in/a dir/in/c
'
# shellcheck disable=SC2016
script='
mount -t hostfs none /mnt -o "$1" && cd /mnt || exit 1
echo old >b
cat a >/dev/null
cp --reflink=always a b && cp --reflink=always a c || exit 2
cmp a b && cmp a c || exit 3
printf changed | dd of=c conv=notrunc 2>/dev/null
[ "$(head -c 7 c)" = changed ] && ! cmp -s a c && cmp a b || exit 4
echo 3 >/proc/sys/vm/drop_caches
cmp a b && [ "$(head -c 7 c)" = changed ] || exit 5
# between file systems, and where there is no such thing
! cp --reflink=always a /tmp/x 2>/dev/null || exit 6
'
guarded unshare -m sh -c "$inner" sh "$MEM" "$TEST_IMAGE" "$script" \
	</dev/null >out 2>err
[ "$status" != 99 ] || skip "an xfs image cannot be mounted here"
assert_status 0
