#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --inject, --hostname, --empty-machine-id.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/etc d/dir
echo old >d/etc/hostname
echo 0123 >d/etc/machine-id
ln -s ../run/resolv.conf d/etc/resolv.conf
echo 'nameserver 192.0.2.1' >resolv
echo secret >s:t && chmod 640 s:t
build d --hostname box --empty-machine-id --inject resolv:/etc/resolv.conf \
	--inject s:t:/root/.ssh/key,0600,5:6 --inject s:t:/plain -o t.img
content t.img /etc/hostname box
has t.img /etc/machine-id 'Size: 0$'
content t.img /etc/resolv.conf 'nameserver 192.0.2.1'
has t.img /etc/resolv.conf 'Type: regular'
content t.img /root/.ssh/key secret
has t.img /root/.ssh/key 'Mode: +0600'
has t.img /root/.ssh/key '^User: +5 +Group: +6 '
has t.img /plain 'Mode: +0640'
has t.img /plain '^User: +0 +Group: +0 '
build d --hostname box --inject resolv:/x --owner 9:9 -o t.img
has t.img /x '^User: +9 +Group: +9 '
build d --hostname box --inject resolv:/x --owner 9:9 -o u.img
assert_same_file t.img u.img
refused 1 'nowhere: cannot be opened' d --inject nowhere:/x
refused 1 'd: is not a regular file' d --inject d:/x
refused 1 'dir: is a directory in the image' d --inject resolv:/dir
refused 2 'resolv: not like SRC:/DST' d --inject resolv
refused 2 'resolv:/: the root' d --inject resolv:/
refused 2 'resolv:/a/../b: name has a ".."' d --inject resolv:/a/../b
refused 2 'resolv:/a,9: the mode' d --inject resolv:/a,9
refused 2 'resolv:/a,0644,x: the owner' d --inject resolv:/a,0644,x
refused 2 'a b: not a host name' d --hostname 'a b'
