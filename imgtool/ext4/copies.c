/* SPDX-License-Identifier: GPL-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/ext4/copies.h"
#include "imgtool/ext4/spool.h"
#include "imgtool/source/source.h"

/* Files that are treated so after one that had to be waited for. */
#define FILES_AFTER_WAIT 64

void copies_begin(struct copies *copies, struct inode *const *next,
		 struct inode *const *end)
{
	memset(copies, 0, sizeof(*copies));
	copies->next = next;
	copies->end = end;
}

bool copies_include(const struct inode *inode)
{
	return S_ISREG(inode->mode) && inode->ref && inode->extents.count &&
	       !spool_has(inode);
}

int copies_take(struct copies *copies, struct inode *const *inode)
{
	const struct file_ref *ref = (*inode)->ref;
	int fd;

	if (copies->count && copies->open[copies->first].inode == *inode) {
		fd = copies->open[copies->first].fd;
		copies->first = (copies->first + 1) % AHEAD_FILES;
		copies->count--;
		return fd;
	}
	if (copies->next <= inode)
		copies->next = inode + 1;
	fd = source_open_file(ref);
	return fd < 0 ? source_file_failed(ref) : fd;
}

static const struct inode *find_next(struct copies *copies)
{
	while (copies->next < copies->end && !copies_include(*copies->next))
		copies->next++;
	return copies->next < copies->end ? *copies->next : NULL;
}

static void fill(struct copies *copies)
{
	const struct inode *inode;
	size_t at;
	int fd;

	while (copies->count < AHEAD_FILES && (inode = find_next(copies))) {
		/* What fails is reported when it is its turn. */
		fd = source_open_file(inode->ref);
		if (fd < 0)
			return;
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
		at = (copies->first + copies->count++) % AHEAD_FILES;
		copies->open[at].inode = inode;
		copies->open[at].fd = fd;
		copies->next++;
	}
}

void copies_done(struct copies *copies, bool waited)
{
	if (waited)
		copies->left = FILES_AFTER_WAIT;
	if (!copies->left)
		return;
	copies->left--;
	fill(copies);
}

void copies_end(struct copies *copies)
{
	while (copies->count--) {
		close(copies->open[copies->first].fd);
		copies->first = (copies->first + 1) % AHEAD_FILES;
	}
}
