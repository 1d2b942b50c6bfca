#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What makes a system of a tree: --fstab, --swap, --grow, --resolv-conf,
# --cloud-init, --empty-machine-id.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/etc d/var/lib/dbus
echo old >d/etc/fstab
echo 'nameserver 198.51.100.1' >d/etc/resolv.conf
echo 0123 >d/etc/machine-id
echo 0123 >d/var/lib/dbus/machine-id
uuid=11111111-2222-3333-4444-555555555555

echo '# fstab'
build d --uuid $uuid --fstab 'proc /proc proc' \
	--fstab $'LABEL=data\t/srv ext4 noatime,nofail 0 2' -o t.img
content t.img /etc/fstab "UUID=$uuid / ext4 defaults 0 1
proc /proc proc defaults 0 0
LABEL=data /srv ext4 noatime,nofail 0 2"
has t.img /etc/fstab 'Mode: +0644'
build d --label 'my root' --fs ext3 --fstab 'proc /proc proc' -o t.img
content t.img /etc/fstab 'LABEL=my\040root / ext3 defaults 0 1
proc /proc proc defaults 0 0'
build d --label x --fstab '/dev/sda1 / ext4 ro 0 1' -o t.img
content t.img /etc/fstab '/dev/sda1 / ext4 ro 0 1'
# a uuid made from the contents is the one that is in it
uuid_of()
{
	dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Filesystem UUID: *//p'
}
for options in '' '--seed x' --spool; do
	build d $options --fstab 'proc /proc proc' -o t.img
	build d $options --fstab 'proc /proc proc' -o u.img
	assert_same_file t.img u.img
	in_image t.img 'cat /etc/fstab' >fstab
	assert_match "^UUID=$(uuid_of t.img) / ext4 defaults 0 1$" fstab
done
mkdir e && tar cf e.tar -C e .
build e.tar --fstab 'proc /proc proc' -o t.img
has t.img /etc/fstab 'Type: regular'

echo '# swap file'
is_swap_file()
{
	local last bytes
	last=$(od -An -tu4 -j1028 -N4 "$1")
	bytes=$((last * 4096 + 4096))
	assert_eq "$(od -An -tx4 -j1024 -N4 "$1" | tr -d ' ')" 00000001 version
	assert_eq "$bytes" "$2" 'bytes of swap space'
	assert_eq "$(od -An -c -j4086 -N10 "$1" | tr -d ' ')" SWAPSPACE2 magic
	if command -v blkid >/dev/null; then
		assert_eq "$(blkid -p -s TYPE -o value "$1")" swap 'for blkid'
	fi
}
for options in '' --spool '--fs ext2' '--fs ext3'; do
	build d $options --swap 33333K -o t.img
	in_image t.img 'dump /swapfile swap'
	is_swap_file swap $((33336 * 1024))
	has t.img /swapfile 'Mode: +0600'
	has t.img /swapfile '^User: +0 +Group: +0 .*Size: 34136064$'
	# no holes: every block of it, and those of an old file system's map
	blocks=$(stat_of t.img /swapfile 'Blockcount: [0-9]+')
	[ "${blocks#*: }" -ge 66672 ] || fail "the swap file has holes: $blocks"
	in_image t.img 'cat /etc/fstab' >fstab
	assert_match '^UUID=.* / ext[234] defaults 0 1$' fstab
	assert_match '^/swapfile none swap sw 0 0$' fstab
done
build d --swap 2G -o t.img
[ "$(du -m t.img | cut -f 1)" -lt 100 ] || fail "swap takes space on the host"
rm t.img
mkswap_is_same()
{
	head -c 1M /dev/zero >theirs
	mkswap -U "$(blkid -p -s UUID -o value swap)" theirs >/dev/null 2>&1 || return 0
	build d --swap 1M -o u.img
	in_image u.img 'dump /swapfile ours'
	# the uuid depends on the size
	cmp -s <(head -c 1036 ours; tail -c +1053 ours) \
		<(head -c 1036 theirs; tail -c +1053 theirs) ||
		fail "mkswap makes something else"
}
if command -v mkswap >/dev/null && command -v blkid >/dev/null; then
	mkswap_is_same
fi

echo '# swap partition'
for table in gpt mbr; do
	capture "$IMGTOOL" build -q d --partition $table --swap 5000K -o t.img
	assert_status 0
	[ ! -s err ] || { show; fail "not silent"; }
	capture "$IMGTOOL" build -q d --partition $table --swap 5000K -o u.img
	assert_same_file t.img u.img
	e2fsck -fn 't.img?offset=6291456' >log 2>&1 || fail "$(cat log)"
	dd if=t.img of=swap bs=1M skip=1 count=5 status=none
	is_swap_file swap $((5 << 20))
	if command -v partx >/dev/null; then
		assert_eq "$(partx -s -b -g -o NR,START,SIZE t.img | sed -n 2p | tr -s ' ')" \
			' 2 2048 5242880' "swap partition of $table"
		partx -s -b -g -o NR,START,SIZE,TYPE t.img | sed -n 1p >part
		assert_match '^ *1 +12288 ' part
	fi
	capture "$IMGTOOL" cat t.img@1:/etc/fstab
	assert_status 0
	if command -v blkid >/dev/null; then
		assert_match "^UUID=$(blkid -p -s UUID -o value swap) none swap sw 0 0$"
	fi
	assert_match '^UUID=.* / ext4 defaults 0 1$'
	# the size is that of the whole, and what a dry run says
	capture "$IMGTOOL" build -q --dry-run d --partition $table --swap 5000K
	assert_eq "$(sed 's/^image: \([0-9]*\) bytes.*/\1/' out)" "$(stat -c %s t.img)" size
	capture "$IMGTOOL" build -q d --partition $table --swap 5M --size 100M -o t.img
	assert_status 0
	assert_eq "$(stat -c %s t.img)" $((100 << 20)) size
done

echo '# grow'
build d --label r --grow -o t.img
content t.img /etc/fstab 'LABEL=r / ext4 defaults,x-systemd.growfs 0 1'
absent t.img /etc/repart.d
capture "$IMGTOOL" build -q d --label r --grow --partition gpt --swap 4M -o t.img
assert_status 0
capture "$IMGTOOL" cat t.img@1:/etc/repart.d/50-root.conf
assert_out '[Partition]
Type=linux-generic'
# the first boot's work, by hand: larger, with all that was in it
build d --label r --grow -o t.img
truncate -s 4G t.img
resize2fs t.img >/dev/null 2>&1 && fsck t.img

echo '# machine-id, resolv.conf, cloud-init'
build d --empty-machine-id -o t.img
has t.img /etc/machine-id 'Size: 0$'
has t.img /var/lib/dbus/machine-id 'Fast link dest: "/etc/machine-id"'
rm -r d/var
build d --empty-machine-id --resolv-conf systemd -o t.img
absent t.img /var/lib/dbus
has t.img /etc/resolv.conf 'Fast link dest: "../run/systemd/resolve/stub-resolv.conf"'
build d --resolv-conf empty -o t.img
has t.img /etc/resolv.conf 'Size: 0$'
build d --resolv-conf 192.0.2.1,2001:db8::1 -o t.img
content t.img /etc/resolv.conf 'nameserver 192.0.2.1
nameserver 2001:db8::1'
mkdir seed && printf '#cloud-config\nusers: []\n' >seed/user-data
build d --cloud-init seed --hostname box -o t.img
content t.img /var/lib/cloud/seed/nocloud/user-data '#cloud-config
users: []'
has t.img /var/lib/cloud/seed/nocloud/user-data 'Mode: +0600'
content t.img /var/lib/cloud/seed/nocloud/meta-data 'instance-id: imgtool
local-hostname: box'
absent t.img /var/lib/cloud/seed/nocloud/network-config
echo 'instance-id: i1' >seed/meta-data && echo 'version: 2' >seed/network-config
build d --cloud-init seed -o t.img
content t.img /var/lib/cloud/seed/nocloud/meta-data 'instance-id: i1'
content t.img /var/lib/cloud/seed/nocloud/network-config 'version: 2'
# what the user injects goes over that
echo mine >mine
build d --cloud-init seed --inject mine:/var/lib/cloud/seed/nocloud/meta-data,,3:4 -o t.img
content t.img /var/lib/cloud/seed/nocloud/meta-data mine
has t.img /var/lib/cloud/seed/nocloud/meta-data '^User: +3 +Group: +4 '

echo '# what makes no sense'
refused 2 'x: not like .WHAT WHERE' d --fstab x
refused 2 'a b c d e f g: not like' d --fstab 'a b c d e f g'
refused 2 '# b c: not like' d --fstab '# b c'
refused 2 'a b c: is mounted neither' d --fstab 'a b c'
refused 2 '.*is more than a line' d --fstab $'a /b c\nd /e f'
refused 2 'x: not a size' d --swap x
refused 2 '39K: swap space has at least' d --swap 39K
refused 2 '17T: swap space has at most' d --swap 17T
refused 2 'x: not systemd, empty, or addresses' d --resolv-conf x
refused 2 '1.2.3.4,: not|1.2.3: not' d --resolv-conf 1.2.3
refused 2 ': not systemd' d --resolv-conf ''
refused 2 '--grow: systemd does not grow' d --grow --partition mbr
refused 1 'nowhere/user-data: cannot be opened' d --cloud-init nowhere
mkdir -p e/etc/fstab
refused 1 'etc/fstab: is a directory' e --swap 1M
refused 1 'no.img: the size is too small' d --swap 100M --size 50M
refused 2 '--size: has no room' d --partition gpt --swap 100M --size 50M
