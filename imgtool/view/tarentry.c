/* SPDX-License-Identifier: GPL-2.0 */
/* See tar.h. */
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/tar.h"
#include "imgtool/view/xattrs.h"

typedef void set_time(struct archive_entry *entry, time_t sec, long nsec);

/*
 * libarchive writes seconds, a point and the fraction, so the fraction counts
 * away from zero; it has no -0.
 */
static bool put_time(struct archive_entry *entry, set_time *set,
		     const struct fs_time *time)
{
	if (time->sec >= 0 || !time->nsec) {
		set(entry, time->sec, time->nsec);
		return false;
	}
	if (time->sec == -1) {
		set(entry, -1, 0);
		return true;
	}
	set(entry, time->sec + 1, 1000000000 - time->nsec);
	return false;
}

bool tar_set_attributes(struct archive_entry *entry,
			const struct fs_attr *attr)
{
	bool lost;

	archive_entry_set_mode(entry, attr->mode);
	archive_entry_set_uid(entry, attr->uid);
	archive_entry_set_gid(entry, attr->gid);
	if (S_ISCHR(attr->mode) || S_ISBLK(attr->mode)) {
		archive_entry_set_rdevmajor(entry, attr->major);
		archive_entry_set_rdevminor(entry, attr->minor);
	}
	lost = put_time(entry, archive_entry_set_mtime, &attr->mtime);
	lost |= put_time(entry, archive_entry_set_atime, &attr->atime);
	lost |= put_time(entry, archive_entry_set_ctime, &attr->ctime);
	if (attr->has_crtime)
		lost |= put_time(entry, archive_entry_set_birthtime,
				 &attr->crtime);
	return lost;
}

int tar_set_xattrs(struct archive_entry *entry, struct fs *fs, uint64_t ino)
{
	struct xattr_list list = { 0 };
	int r = xattr_list_read(&list, fs, ino);
	size_t i;

	/* libarchive puts each in front of the others */
	for (i = list.count; r == 0 && i-- > 0;) {
		/* "=" ends a keyword of pax */
		if (strchr(list.list[i].name, '='))
			r = 1;
		archive_entry_xattr_add_entry(entry, list.list[i].name,
					      list.list[i].value,
					      list.list[i].size);
	}
	xattr_list_free(&list);
	return r;
}

static struct tar_link *find(const struct tar_links *links, uint64_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15ULL >> 20) % links->size;

	while (links->table[i].name && links->table[i].ino != ino)
		i = (i + 1) % links->size;
	return &links->table[i];
}

static void grow(struct tar_links *links)
{
	struct tar_links old = *links;
	size_t i;

	links->size = old.size ? 2 * old.size : 256;
	links->table = mem_zalloc(links->size * sizeof(struct tar_link));
	for (i = 0; i < old.size; i++)
		if (old.table[i].name)
			*find(links, old.table[i].ino) = old.table[i];
	free(old.table);
}

const char *tar_links_find(const struct tar_links *links, uint64_t ino)
{
	return links->size ? find(links, ino)->name : NULL;
}

void tar_links_add(struct tar_links *links, uint64_t ino, const char *name)
{
	struct tar_link *link;

	if (2 * links->count >= links->size)
		grow(links);
	link = find(links, ino);
	link->ino = ino;
	link->name = mem_strdup(name);
	links->count++;
}

void tar_links_free(struct tar_links *links)
{
	size_t i;

	for (i = 0; i < links->size; i++)
		free(links->table[i].name);
	free(links->table);
	memset(links, 0, sizeof(*links));
}
