/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Raw is what has no head of a format that we know; such a disk stays plain
 * bytes. COW files are read by the code that guests use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/image/container.h"
#include "imgtool/image/kind.h"
#include "imgtool/msg.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"

#define SECTOR 512u

static bool any_backing;

void disk_allow_backing(void)
{
	any_backing = true;
}

bool disk_backing_allowed(void)
{
	return any_backing;
}

static void add_backing(void *arg, int fd, const char *path)
{
	struct disk *disk = arg;
	struct backing *b;
	struct stat st;

	disk->backings = mem_grow(disk->backings, disk->backing_count,
				  &disk->backing_capacity,
				  sizeof(struct backing));
	b = &disk->backings[disk->backing_count++];
	b->file = mem_strdup(path);
	b->allocated = 0;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		b->allocated = (uint64_t)st.st_blocks * SECTOR;
	else
		b->allocated = lseek(fd, 0, SEEK_END);
	disk->allocated += b->allocated;
}

static int open_cow(struct disk *disk, const char *head, size_t n)
{
	struct cow_opening o = {
		.file = disk->name, .writable = disk->writable,
		.any_backing = any_backing, .found = add_backing, .arg = disk,
	};
	struct cow_header *h = mem_alloc(sizeof(*h));
	const char *bad = cow_parse(head, n, disk->file_size, h);
	uint64_t file_bytes = disk->file_size;
	int fd;

	if (!bad)
		disk->file_size = h->size;
	disk->granule = bad ? 0 : h->sector;
	free(h);
	if (bad)
		return msg_error(disk->name, "not a usable COW file: %s", bad);
	/* The lock belongs to what both descriptors share. */
	fd = fcntl(disk->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return msg_errno(disk->name, errno, "cannot be opened");
	disk->format = "cow";
	if (cow_open(fd, file_bytes, &o, &disk->image))
		return msg_error(NULL, "%s", o.err);
	if (*o.note)
		msg_warning(NULL, "%s", o.note);
	if (!disk->file_size)
		return msg_error(disk->name, "is empty");
	return 0;
}

int container_open(struct disk *disk)
{
	char head[COW_HEADER_MOST];
	ssize_t n = io_file_head(disk->fd, head, sizeof(head));
	const char *other;

	if (n < 0)
		return msg_errno(disk->name, errno, "cannot be read");
	disk->format = "raw";
	if (cow_probe(head, n))
		return open_cow(disk, head, n);
	other = kind_of_file(head, n);
	return other ? kind_refuse(disk->name, other) : 0;
}

void container_close(struct disk *disk)
{
	size_t i;

	if (disk->image)
		disk->image->fmt->close(disk->image);
	for (i = 0; i < disk->backing_count; i++)
		free(disk->backings[i].file);
	free(disk->backings);
	disk->image = NULL;
	disk->backings = NULL;
	disk->backing_count = disk->backing_capacity = 0;
}

/* Whole sectors. */
static int move(struct disk *disk, uint64_t offset, void *data, size_t length,
		bool write)
{
	struct image *image = disk->image;
	struct iovec v = { data, length };
	struct io_span span = { &v, 0, length };

	return write ? image->fmt->write(image, &span, offset) :
		       image->fmt->read(image, &span, offset, false);
}

/* How much from OFFSET on is part of one sector; 0: a whole one begins. */
static size_t part(uint64_t offset, size_t length)
{
	size_t skip = offset % SECTOR;

	if (!skip && length >= SECTOR)
		return 0;
	return length < SECTOR - skip ? length : SECTOR - skip;
}

int container_read(struct disk *disk, uint64_t offset, void *data,
		   size_t length)
{
	uint8_t sector[SECTOR];
	size_t n;
	int r = 0;

	for (; length && !r; length -= n, offset += n,
	     data = (char *)data + n) {
		n = part(offset, length);
		if (n) {
			r = move(disk, offset - offset % SECTOR, sector,
				 SECTOR, false);
			if (!r)
				memcpy(data, sector + offset % SECTOR, n);
		} else {
			n = length - length % SECTOR;
			r = move(disk, offset, data, n, false);
		}
	}
	return r;
}

int container_write(struct disk *disk, uint64_t offset, const void *data,
		    size_t length)
{
	uint8_t sector[SECTOR];
	uint64_t start;
	size_t n;
	int r = 0;

	for (; length && !r; length -= n, offset += n,
	     data = (const char *)data + n) {
		n = part(offset, length);
		if (n) {
			start = offset - offset % SECTOR;
			r = move(disk, start, sector, SECTOR, false);
			memcpy(sector + offset % SECTOR, data, n);
			if (!r)
				r = move(disk, start, sector, SECTOR, true);
		} else {
			n = length - length % SECTOR;
			r = move(disk, offset, (void *)data, n, true);
		}
	}
	return r;
}

int container_zero(struct disk *disk, uint64_t offset, uint64_t length)
{
	static const char zeros[SECTOR];
	uint64_t n;
	int r = 0;

	for (; length && !r; length -= n, offset += n) {
		n = part(offset, length < SECTOR ? length : SECTOR);
		if (n) {
			r = container_write(disk, offset, zeros, n);
		} else {
			n = length - length % SECTOR;
			r = disk->image->fmt->zero(disk->image, offset, n,
						   false);
		}
	}
	return r;
}

int container_sync(struct disk *disk)
{
	return disk->image->fmt->flush(disk->image);
}
