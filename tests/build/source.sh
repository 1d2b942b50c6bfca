#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel/source: trees and tarballs, good ones and bad ones.
. "$TEST_LIB/common.sh"
source=$UMKIT_SRC/kernel/source

# mktree NAME SUBLEVEL [PATCHLEVEL]
mktree()
{
	mkdir -p "$1"/{arch/um,include,.git}
	printf 'VERSION = 6\nPATCHLEVEL = %s\nSUBLEVEL = %s\nEXTRAVERSION =\n' \
		"${3-12}" "$2" >"$1/Makefile"
	echo one >"$1/arch/um/file"
	echo hidden >"$1/.config-not"
}

mktree linux 57
tar -czf linux.tar.gz linux
for it in linux linux.tar.gz; do
	capture "$source" version "$it"
	assert_status 0
	assert_out 6.12.57
	rm -f stamp
	"$source" prepare --stamp=stamp "$it" made
	assert_eq "$(cat made/arch/um/file made/.config-not)" $'one\nhidden' "$it"
	[ ! -e "$it/.git" ] || [ ! -e made/.git ] || fail '.git was shadowed'

	# Again: nothing happens.
	touch made/mark
	touch -d @1000 stamp
	"$source" prepare --stamp=stamp "$it" made
	[ -e made/mark ] || fail "$it: was prepared twice"
	assert_eq "$(stat -c %Y stamp)" 1000 'time of the stamp'
done

# Another source, or a new version of it: all anew.
touch -d @5000 linux.tar.gz
"$source" prepare --stamp=stamp linux.tar.gz made
[ ! -e made/mark ] || fail 'a changed tarball was not extracted'

# Bad ones: one line that names the object, and nothing is made.
bad()
{
	capture "$source" version "$1"
	assert_plain_error 1 "^linux source: .*$1: $2"
	capture "$source" prepare --stamp=bad-stamp "$1" bad
	assert_plain_error 1 "^linux source: .*$1: $2"
	[ ! -e bad ] || fail "$1: a tree was made"
	[ ! -e bad-stamp ] || fail "$1: a stamp was made"
}
mktree should-fail-old 3 11
mkdir should-fail-empty
head -c 200 linux.tar.gz >should-fail-short.tar.gz
head -c 5000 /dev/urandom >should-fail-noise.tar.xz
: >should-fail-nothing.tar
bad should-fail-missing 'no such file'
bad should-fail-old 'is Linux 6.11.3'
bad should-fail-empty 'not a Linux tree'
bad should-fail-short.tar.gz 'not a Linux tarball'
bad should-fail-noise.tar.xz 'not a Linux tarball'
bad should-fail-nothing.tar 'not a Linux'
if [ "$(id -u)" != 0 ]; then
	mktree should-fail-secret 5
	chmod 000 should-fail-secret
	bad should-fail-secret 'permission denied'
fi

# A tree with build products, and a build directory inside of the tree.
mktree built 5
touch built/.config
capture "$source" prepare built bad-built
assert_plain_error 1 'built: was built in .*make mrproper'
mktree outer 5
capture "$source" prepare outer outer/build/tree
assert_plain_error 1 'outer: holds the build directory'

# Damaged behind its Makefile: found while extracting.
mktree big 5
head -c 300000 /dev/urandom >big/zzz
tar -cf big.tar --sort=name big
gzip -1 big.tar
head -c 150000 big.tar.gz >should-fail-late.tar.gz
capture "$source" prepare should-fail-late.tar.gz late
assert_plain_error 1 'should-fail-late.tar.gz: cannot be extracted'
[ ! -e late ] || fail 'half a tree was made'
