#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the host's dpkg-deb and dpkg make packages, install, upgrade, remove
# and purge them, in a root directory on a directory of the host.
. "$UMKIT_SRC/tests/boot/hostfs-lib.sh"

need_cmd dpkg dpkg-deb setfattr
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || skip "dpkg: not of Debian"

# what chown there cannot do by a uidmap= of one
[ "$(id -u)" = 0 ] && owners=1000 || owners=0

# shellcheck disable=SC2016
script='
PATH=$PATH:/usr/sbin:/sbin
root=$PWD/root
package()
{
	local dir=/tmp/package$1
	mkdir -p $dir/DEBIAN $dir/usr/{bin,lib/many,share/doc/um-test} $dir/etc/um-test $dir/var/lib/um-test
	printf "Package: um-test\nVersion: $1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: test\n" >$dir/DEBIAN/control
	echo /etc/um-test/conf >$dir/DEBIAN/conffiles
	for when in preinst postinst prerm postrm; do
		printf "#!/bin/sh\nset -e\necho $when $1 \$1 >>/log\n" >$dir/DEBIAN/$when
		chmod 755 $dir/DEBIAN/$when
	done
	echo "of $1" | tee $dir/etc/um-test/conf >$dir/usr/bin/um-test
	chmod 4755 $dir/usr/bin/um-test
	for i in $(seq $1 300); do echo "$i of $1" >$dir/usr/lib/many/$i; done
	ln $dir/usr/lib/many/300 $dir/usr/lib/many/hard
	ln -s ../share/doc/um-test $dir/usr/lib/link
	chown '$owners' $dir/var/lib/um-test
	chmod 2770 $dir/var/lib/um-test
	(cd $dir && find usr -type f -exec md5sum {} +) >$dir/DEBIAN/md5sums
	# -Znone: what is tested is files
	dpkg-deb -Znone --build $dir /mnt/um-test_$1.deb >/dev/null
}
package 1
package 2
mkdir -p root/bin root/var/lib/dpkg/{info,updates}
touch root/var/lib/dpkg/{status,available}
cp /tmp/busybox root/bin/busybox
ln -s busybox root/bin/sh
dpkg_() { dpkg --root=$root --log=/dev/null "$@" >/tmp/dpkg.out || { cat /tmp/dpkg.out >&2; false; }; }
dpkg_ -i um-test_1.deb
dpkg_ -V um-test
[ "$(stat -c "%a %u:%g" root/usr/bin/um-test root/var/lib/um-test)" = "4755 0:0
2770 '$owners':0" ]
[ "$(stat -c %h root/usr/lib/many/300)" = 2 ]
echo mine >root/etc/um-test/conf
echo left >root/var/lib/um-test/left
dpkg_ --force-confold -i um-test_2.deb
dpkg_ -V um-test && [ "$(grep -vc " c " /tmp/dpkg.out)" = 0 ]
[ "$(cat root/etc/um-test/conf root/etc/um-test/conf.dpkg-dist root/usr/bin/um-test)" = "mine
of 2
of 2" ]
[ ! -e root/usr/lib/many/1 ]
[ "$(readlink root/usr/lib/link)" = ../share/doc/um-test ]
[ -z "$(find root -name "*.dpkg-new" -o -name "*.dpkg-tmp")" ]
dpkg_ -r um-test
[ ! -e root/usr/bin/um-test ]
[ -e root/etc/um-test/conf ]
dpkg_ -P um-test 2>/tmp/purged
[ ! -e root/etc/um-test ]
[ ! -e root/usr/lib/many ]
cat root/log
'

check()
{
	assert_out "$(printf '%s\n' "preinst 1 install" "postinst 1 configure" \
		"prerm 1 upgrade" "preinst 2 upgrade" "postrm 1 upgrade" \
		"postinst 2 configure" "prerm 2 remove" "postrm 2 remove" \
		"postrm 2 purge")"
	assert_eq "$(dpkg --root="$1/root" -l 2>/dev/null | grep -c um-test)" 0
	assert_eq "$(dpkg-deb -f "$1/um-test_2.deb" Version)" 2
	assert_eq "$(cat "$1/root/var/lib/um-test/left")" left
}
on_each "$script" check
