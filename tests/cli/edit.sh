# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the cases of the verbs that change images:
#
#	. "$UMKIT_SRC/tests/cli/edit.sh"

. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs dumpe2fs

# The file systems that every verb must be right on.
KINDS=("ext4" "ext3" "ext2 -b 1024 -I 128" "ext4 -O inline_data"
	"ext4 -b 1024 -O ^metadata_csum,uninit_bg" "ext4 -O ^has_journal,bigalloc")

# make_image KIND IMG [SIZE]
make_image()
{
	local kind
	read -ra kind <<<"$1"
	rm -f "$2"
	mke2fs -q -F -t "${kind[@]}" -E root_owner=0:0 "$2" "${3:-64M}" \
		>mke2fs.out 2>&1 || { cat mke2fs.out >&2; fail "mke2fs $1"; }
}

# edit VERB ARGUMENT...: must succeed in silence
edit()
{
	capture "$IMGTOOL" "$@"
	[ "$status" = 0 ] && [ ! -s out ] && [ ! -s err ] ||
		{ show; fail "status $status, or not silent: $*"; }
}

# not_edited STATUS REGEX VERB ARGUMENT...: one line that matches
not_edited()
{
	capture "$IMGTOOL" "${@:3}"
	assert_plain_error "$1" "^imgtool: $3: $2"
}

# clean IMG: sound, and not marked as being changed
clean()
{
	fsck "$1"
	dumpe2fs -h "$1" 2>/dev/null | grep -qE '^Filesystem state: +clean$' ||
		fail "$1: not marked as clean"
}

# files IMG: all paths
files()
{
	"$IMGTOOL" find "$1" | tail -n +2
}
