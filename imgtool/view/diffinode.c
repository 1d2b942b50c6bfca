/* SPDX-License-Identifier: GPL-2.0 */
/* See diff.h. */
#include <errno.h>
#include <string.h>

#include "imgtool/view/diff.h"
#include "imgtool/view/xattrs.h"

/* The flags that chattr sets and that mean something to a user: secure
 * deletion to noatime, dirsync and topdir. */
#define FLAGS_OF_USERS 0x300ffu

static const char *const words[] = {
	"type", "content", "target", "device", "mode", "owner", "links",
	"flags", "xattrs", "times",
};

const char *diff_word(unsigned int bit)
{
	return words[__builtin_ctz(bit)];
}

struct pair {
	struct diff_side *side;
	uint64_t ino;
};

/* The next piece that is data in either file, at or behind AT. */
static int next_data(struct pair pair[2], uint64_t at, uint64_t *start,
		     uint64_t *end, struct diff_side **bad)
{
	uint64_t from, to;
	int i, r;

	*start = *end = UINT64_MAX;
	for (i = 0; i < 2; i++) {
		*bad = pair[i].side;
		r = fs_data(&pair[i].side->view.fs, pair[i].ino, at, &from,
			    &to);
		if (r < 0)
			return r;
		if (from >= *start)
			continue;
		*start = from;
		*end = to;
	}
	return 0;
}

static int compare_piece(struct pair pair[2], uint64_t at, size_t length,
			 struct diff_side **bad)
{
	ssize_t n;
	int i;

	for (i = 0; i < 2; i++) {
		*bad = pair[i].side;
		n = fs_read(&pair[i].side->view.fs, pair[i].ino, at,
			    pair[i].side->buffer, length);
		if (n != (ssize_t)length)
			return n < 0 ? n : -EUCLEAN;
	}
	return memcmp(pair[0].side->buffer, pair[1].side->buffer, length) != 0;
}

/*
 * Files of the same size: 0, 1 or -errno. Where both have a hole nothing is
 * read; files with more data than their disks are long are damaged.
 */
static int compare_files(struct pair pair[2], uint64_t size,
			 struct diff_side **bad)
{
	uint64_t at = 0, end, left;
	size_t length;
	int r = 0;

	left = pair[0].side->view.fs.data_most +
	       pair[1].side->view.fs.data_most;
	for (; r == 0; at += length, left -= length) {
		r = next_data(pair, at, &at, &end, bad);
		if (r < 0 || at >= size)
			return r;
		if (end <= at || end > size)
			return -EUCLEAN;
		length = end - at < DIFF_CHUNK ? end - at : DIFF_CHUNK;
		if (length > left)
			return -EUCLEAN;
		r = compare_piece(pair, at, length, bad);
	}
	return r;
}

static int compare_targets(struct pair pair[2], struct diff_side **bad)
{
	char target[2][FS_LINK_LONGEST + 1];
	int i, r;

	for (i = 0; i < 2; i++) {
		*bad = pair[i].side;
		r = fs_readlink(&pair[i].side->view.fs, pair[i].ino,
				target[i]);
		if (r < 0)
			return r;
	}
	return strcmp(target[0], target[1]) != 0;
}

static int compare_xattrs(struct pair pair[2], struct diff_side **bad)
{
	struct xattr_list list[2] = { 0 };
	int i, r = 0;

	for (i = 0; i < 2 && r == 0; i++) {
		*bad = pair[i].side;
		r = xattr_list_read(&list[i], &pair[i].side->view.fs,
				    pair[i].ino);
	}
	if (r == 0)
		r = !xattr_list_equal(&list[0], &list[1]);
	xattr_list_free(&list[0]);
	xattr_list_free(&list[1]);
	return r;
}

/* What stat() shows. */
static int compare_attrs(const struct fs_attr *a, const struct fs_attr *b,
			 bool times)
{
	int bits = 0;

	if ((a->mode ^ b->mode) & 07777)
		bits |= DIFF_MODE;
	if (a->uid != b->uid || a->gid != b->gid)
		bits |= DIFF_OWNER;
	if ((a->flags ^ b->flags) & FLAGS_OF_USERS)
		bits |= DIFF_FLAGS;
	if (times && (a->mtime.sec != b->mtime.sec ||
		      a->mtime.nsec != b->mtime.nsec))
		bits |= DIFF_TIMES;
	if ((a->mode ^ b->mode) & S_IFMT)
		return bits | DIFF_TYPE;
	/* a directory's count says how many it has below it */
	if (!S_ISDIR(a->mode) && a->nlink != b->nlink)
		bits |= DIFF_LINKS;
	if (a->major != b->major || a->minor != b->minor)
		bits |= DIFF_DEVICE;
	if (S_ISREG(a->mode) && a->size != b->size)
		bits |= DIFF_CONTENT;
	return bits;
}

int diff_inodes(struct diff_side *a, const struct fs_attr *a_attr,
		struct diff_side *b, const struct fs_attr *b_attr, bool times,
		struct diff_side **bad)
{
	struct pair pair[2] = { { a, a_attr->ino }, { b, b_attr->ino } };
	int r = 0, bits = compare_attrs(a_attr, b_attr, times);

	if (S_ISREG(a_attr->mode) && !(bits & (DIFF_TYPE | DIFF_CONTENT))) {
		r = compare_files(pair, a_attr->size, bad);
		bits |= r > 0 ? DIFF_CONTENT : 0;
	} else if (S_ISLNK(a_attr->mode) && !(bits & DIFF_TYPE)) {
		r = compare_targets(pair, bad);
		bits |= r > 0 ? DIFF_TARGET : 0;
	}
	if (r < 0)
		return r;
	r = compare_xattrs(pair, bad);
	if (r < 0)
		return r;
	return bits | (r > 0 ? DIFF_XATTRS : 0);
}
