/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fs.h>

#include "imgtool/mount/bytes.h"
#include "imgtool/msg.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

#define SECTOR 512u

static u64 down(u64 n)
{
	return n / SECTOR * SECTOR;
}

static u64 up(u64 n)
{
	return down(n + SECTOR - 1);
}

/* The file's descriptor, with a lock; -1: reported. */
static int open_file(struct bytes *b, const char *file, bool write)
{
	int fd = open(file, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK |
		      O_NOCTTY | O_CLOEXEC);
	char holder[64];
	uint64_t size;

	if (fd < 0)
		return msg_errno(file, errno, write ?
				 "cannot be opened for writing" :
				 "cannot be opened");
	if (fstat(fd, &b->st))
		msg_errno(file, errno, "cannot be looked at");
	else if (S_ISDIR(b->st.st_mode))
		msg_error(file, "is a directory, not an image");
	else if (!S_ISREG(b->st.st_mode) && !S_ISBLK(b->st.st_mode))
		msg_error(file, "is neither a file nor a block device");
	else if (S_ISBLK(b->st.st_mode) && ioctl(fd, BLKGETSIZE64, &size))
		msg_errno(file, errno, "its size is not known");
	else if (lock_image(fd, write, holder, sizeof(holder)) == -EAGAIN)
		msg_error(file, "is in use by %s", holder);
	else {
		b->size = S_ISBLK(b->st.st_mode) ? size :
			  (uint64_t)b->st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

static int open_cow(struct bytes *b, const char *file, int fd,
		    const struct cow_header *h, struct cow_opening *o)
{
	if (cow_open(fd, b->size, o, &b->image))
		return msg_error(NULL, "%s", o->err);
	if (*o->note)
		msg_warning(file, "%s", o->note);
	b->size = h->size;
	return 0;
}

int bytes_open(struct bytes *b, const char *file, bool write, bool any_backing)
{
	struct cow_opening o = { .file = file, .writable = write,
				 .any_backing = any_backing };
	unsigned char head[COW_HEADER_MOST];
	struct cow_header h;
	const char *bad;
	ssize_t n;
	int fd, r = 0;

	memset(b, 0, sizeof(*b));
	fd = open_file(b, file, write);
	if (fd < 0)
		return -1;
	pthread_rwlock_init(&b->parts, NULL);
	n = io_file_head(fd, head, sizeof(head));
	if (n < 0) {
		r = msg_errno(file, errno, "cannot be read");
		close(fd);
	} else if (cow_probe(head, n)) {
		bad = cow_parse(head, n, b->size, &h);
		if (!bad)
			r = open_cow(b, file, fd, &h, &o);
		else
			r = msg_error(file, "%s", bad);
		if (bad)
			close(fd);
	} else {
		b->image = raw_image(io_file(fd), up(b->size));
		if (!b->image)
			r = msg_errno(file, ENOMEM, "cannot be opened");
	}
	/* What is behind the end would come into being by writing. */
	if (r == 0 && write && b->size % SECTOR) {
		bytes_close(b);
		r = msg_error(file, "its size is not whole sectors of %u bytes: "
			      "it cannot be mounted with --rw", SECTOR);
	}
	return r;
}

void bytes_close(struct bytes *b)
{
	if (b->image)
		b->image->fmt->close(b->image);
	b->image = NULL;
	pthread_rwlock_destroy(&b->parts);
}

static int transfer(struct bytes *b, void *data, size_t length, u64 off,
		    bool write)
{
	struct iovec v = { data, length };
	struct io_span span = { &v, 0, length };

	return write ? b->image->fmt->write(b->image, &span, off) :
		       b->image->fmt->read(b->image, &span, off, false);
}

int bytes_read(struct bytes *b, size_t length, u64 off, char **buffer,
	       char **data)
{
	u64 from = down(off), end = up(off + length);

	*buffer = malloc(end - from + 1);
	if (!*buffer)
		return -ENOMEM;
	*data = *buffer + (off - from);
	return transfer(b, *buffer, end - from, from, false);
}

/* Less than a sector. */
static int write_part(struct bytes *b, const void *data, size_t length, u64 off)
{
	char sector[SECTOR];
	int r = transfer(b, sector, SECTOR, down(off), false);

	if (r < 0)
		return r;
	memcpy(sector + off % SECTOR, data, length);
	return transfer(b, sector, SECTOR, down(off), true);
}

static int write_parts(struct bytes *b, const char *data, size_t length,
		       u64 off)
{
	size_t n;
	int r = 0;

	for (; length && !r; data += n, off += n, length -= n) {
		n = down(length);
		if (off % SECTOR || !n) {
			n = SECTOR - off % SECTOR;
			if (n > length)
				n = length;
			r = write_part(b, data, n, off);
		} else {
			r = transfer(b, (void *)data, n, off, true);
		}
	}
	return r;
}

int bytes_write(struct bytes *b, const void *data, size_t length, u64 off)
{
	bool whole = off % SECTOR == 0 && length % SECTOR == 0;
	int r;

	if (whole)
		pthread_rwlock_rdlock(&b->parts);
	else
		pthread_rwlock_wrlock(&b->parts);
	r = write_parts(b, data, length, off);
	pthread_rwlock_unlock(&b->parts);
	return r;
}

int bytes_zero(struct bytes *b, u64 off, u64 length, bool keep)
{
	static const char zeros[SECTOR];
	u64 n;
	int r = 0;

	for (; length && !r; off += n, length -= n) {
		n = SECTOR - off % SECTOR;
		if (n > length)
			n = length;
		if (n < SECTOR) {
			r = bytes_write(b, zeros, n, off);
			continue;
		}
		n = down(length);
		pthread_rwlock_rdlock(&b->parts);
		r = b->image->fmt->zero(b->image, off, n, keep);
		pthread_rwlock_unlock(&b->parts);
	}
	return r;
}

int bytes_flush(struct bytes *b)
{
	return b->image->fmt->flush(b->image);
}
