# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the cases of imgtool's verbs that boot nothing:
#
#	. "$UMKIT_SRC/tests/cli/cli.sh"
#
# $IMGTOOL is the tool (from PATH unless set), mktar makes archives (mktar.c).

. "$TEST_LIB/common.sh"
export PATH="$UMKIT_BUILD/tests/cli:$PATH:/usr/sbin:/sbin"
export LC_ALL=C.UTF-8 TZ=UTC0
unset SOURCE_DATE_EPOCH
IMGTOOL=${IMGTOOL:-imgtool}
need_cmd e2fsck debugfs

# fsck IMG: e2fsck finds nothing at all to say
fsck()
{
	e2fsck -fn "$1" >fsck.out 2>&1 ||
		{ cat fsck.out >&2; fail "$1: e2fsck"; }
	if grep -vE "^(e2fsck 1\.|Pass [1-5]: |[^:]*: [0-9]+/[0-9]+ files )" \
			fsck.out >&2; then
		fail "$1: e2fsck has something to say"
	fi
}

# build ARGUMENT... -o IMG: must succeed in silence and give a sound image
build()
{
	capture "$IMGTOOL" build -q "$@"
	assert_status 0
	[ ! -s out ] && [ ! -s err ] || { show; fail "not silent: build $*"; }
	fsck "${!#}"
}

# refused STATUS REGEX ARGUMENT...: build fails with one line, and no image
refused()
{
	rm -f no.img
	capture "$IMGTOOL" build -q "${@:3}" -o no.img
	assert_plain_error "$1" "^imgtool: build: $2"
	[ ! -e no.img ] || fail "a refused build left an image"
	[ -z "$(find . -maxdepth 1 -name '.no.img*')" ] ||
		fail "a refused build left a temporary file"
}

# in_image IMG COMMAND: what debugfs says
in_image()
{
	debugfs -R "$2" "$1" 2>/dev/null
}

# stat_of IMG PATH FIELD-REGEX: the first match in debugfs' stat
stat_of()
{
	in_image "$1" "stat \"$2\"" | grep -oE -m1 -- "$3" | head -n 1
}

# has IMG PATH REGEX: its stat has a line that matches
has()
{
	in_image "$1" "stat \"$2\"" >stat.out
	grep -Eq -- "$3" stat.out ||
		{ cat stat.out >&2; fail "$1: $2: no line matches '$3'"; }
}

absent()
{
	! in_image "$1" "stat \"$2\"" | grep -q '^Inode:' ||
		fail "$1: $2 should not be there"
}

# content IMG PATH TEXT
content()
{
	assert_eq "$(in_image "$1" "cat \"$2\"")" "$3" "$1: $2"
}

inode_of()
{
	stat_of "$1" "$2" '^Inode: [0-9]+'
}

# same_inode IMG PATH PATH
same_inode()
{
	assert_eq "$(inode_of "$1" "$2")" "$(inode_of "$1" "$3")" \
		"inode of $3 (of $2 expected)"
}

# free_blocks IMG
free_blocks()
{
	dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Free blocks: *//p'
}
