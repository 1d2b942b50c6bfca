#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A release has everything that git tracks, and configures from a source folder
# that cannot be written to; what `make install` installs, that it works from
# there, and that `make uninstall` leaves nothing.
#
# UMKIT_TEST_KERNEL is the kernel to install where none is built here.
. "$TEST_LIB/common.sh"
need_cmd pkg-config

# built TARGET...: make in the build directory
built()
{
	make -s -C "$UMKIT_BUILD" "$@" >make.log 2>&1 ||
		{ tail -n 20 make.log >&2; fail "make $*"; }
}

# release: the one that is made here has what it should, and configures
release()
{
	built distdir distdir="$WORK/umkit"
	[ -e "$UMKIT_SRC/MANIFEST" ] || assert_same_file tracked umkit/MANIFEST
	files_in umkit >files
	sort umkit/MANIFEST >listed
	assert_eq "$(comm -13 files listed)" '' 'listed but not there'
	assert_eq "$(comm -23 files listed | grep -v '^build-aux/' |
		tr '\n' ' ')" \
		'MANIFEST Makefile.in aclocal.m4 config.h.in configure ' \
		'files beside those that git tracks'

	chmod -R a-w umkit
	mkdir obj
	(cd obj && ../umkit/configure --disable-kernel &&
		make -n all check-build) >configure.log 2>&1 ||
		{ tail -n 20 configure.log >&2; fail 'configure of a release'; }
	files_in umkit | diff files - >&2 ||
		fail 'the source folder has been written to'
	chmod -R u+w umkit
}

# files_in DIR: what is in it but directories
files_in()
{
	(cd "$1" && find . ! -type d -printf '%P\n') | sort
}

# to_be_installed: files under the prefix, without the modules
to_be_installed()
{
	local man
	(cd "$UMKIT_SRC" && find imgtool kernel/linux.1 hostfs ubd \
		-name '*.[158]') >pages
	[ "$imgtool" ] || sed -i '/^imgtool/d' pages
	while IFS= read -r man; do
		echo "share/man/man${man##*.}/${man##*/}"
	done <pages
	[ ! "$imgtool" ] || printf '%s\n' bin/imgtool \
		share/bash-completion/completions/imgtool
	[ ! "$kernel" ] || printf '%s\n' bin/linux bin/linux.uml
}

# installed ARGUMENT...: imgtool, with nothing of the build directory around
installed()
{
	capture env -i PATH=/usr/bin:/bin HOME="$HOME" TMPDIR="$TMPDIR" \
		"$there/bin/imgtool" "$@"
}

export LC_ALL=C
if [ -e "$UMKIT_SRC/MANIFEST" ] || git -C "$UMKIT_SRC" \
		-c safe.directory='*' ls-files >tracked 2>/dev/null; then
	echo '# release'
	release
else
	echo '# no release: this is a copy of a checkout'
fi

echo '# install'
place=(prefix=/opt/umkit DESTDIR="$WORK/dest")
there=$WORK/dest/opt/umkit
built install "${place[@]}"
imgtool='' kernel=''
[ ! -e "$UMKIT_BUILD/imgtool/imgtool" ] || imgtool=yes
[ ! -e "$UMKIT_BUILD/kernel/linux" ] || kernel=yes
to_be_installed | sort >expected
files_in "$there" | grep -v '^lib/uml/modules/' | diff expected - >&2 ||
	fail 'what is expected (<) and what was installed (>) differ'
assert_eq "$(find dest -mindepth 1 -maxdepth 2)" $'dest/opt\ndest/opt/umkit' \
	'what is outside of the prefix'
if [ "$kernel" ]; then
	assert_eq "$(readlink "$there/bin/linux.uml")" linux linux.uml
	if [ -d "$UMKIT_BUILD/kernel/modules/lib/modules" ]; then
		diff -r "$UMKIT_BUILD/kernel/modules/lib/modules" \
			"$there/lib/uml/modules" >&2 || fail 'modules differ'
	fi
fi

echo '# use'
lent=
if [ ! "$kernel" ] && [ "${UMKIT_TEST_KERNEL-}" ]; then
	lent=$there/bin/linux
	cp "$UMKIT_TEST_KERNEL" "$lent"
fi
if [ "$imgtool" ]; then
	installed --version
	assert_status 0
	mkdir root
	installed build -q root -o root.img
	assert_status 0
fi
if [ "$imgtool" ] && [ "$kernel$lent" ] && command -v busybox >/dev/null; then
	echo '# boot'
	"$UMKIT_SRC/rootfs/busybox" root.tar
	installed build -q root.tar -o root.img
	assert_status 0
	installed run root.img -- sh -c 'echo up; exit 3'
	assert_status 3
	assert_out up
fi
[ ! "$lent" ] || rm "$lent"

echo '# uninstall'
built uninstall "${place[@]}"
assert_eq "$(find dest ! -type d)" '' 'files left'
assert_eq "$(find dest -path '*/uml*')" '' 'directories left'
