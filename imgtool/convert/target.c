/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/convert/convert.h"
#include "imgtool/msg.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The file that is replaced may be neither of those that we read. */
static int check_names(const struct target *t, const struct source *source)
{
	struct stat old, st;

	if (stat(t->file, &old))
		return 0;
	if (same(&old, &source->st))
		return msg_error(t->file, "is the source itself");
	if (t->backing && !stat(t->backing, &st) && same(&old, &st))
		return msg_error(t->file, "is its own backing");
	return 0;
}

/*
 * Locks the old file, so that nobody begins to use it until it is gone. By
 * then all files below source and target are open and locked, so that one of
 * them is noticed as well.
 */
static int lock_old(struct target *t)
{
	bool writing = true;
	char holder[64];

	t->old = open(t->file, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->old < 0 && errno != ENOENT) {
		writing = false;
		t->old = open(t->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (t->old < 0 ||
	    lock_image(t->old, writing, holder, sizeof(holder)) != -EAGAIN)
		return 0;
	if (!strncmp(holder, "process", 7) || !strncmp(holder, "a process", 9))
		return msg_error(t->file, "in use by %s", holder);
	return msg_error(t->file, "is one of the files below the source or the "
			 "target");
}

static int open_raw(struct target *t)
{
	int fd = fcntl(t->out.fd, F_DUPFD_CLOEXEC, 3);
	struct io *io = fd < 0 ? NULL : io_file(fd);

	t->img = io ? raw_image(io, (t->bytes + 511) & ~511ull) : NULL;
	if (!t->img)
		return msg_error(t->file, "cannot be opened again");
	return output_resize(&t->out, t->bytes);
}

static int open_cow_with(struct target *t, struct cow_header *h)
{
	struct cow_opening o = {
		.file = t->file, .backing = t->backing, .writable = true,
		.any_backing = t->allow,
	};
	char err[512];
	int r;

	if (cow_plan_over(t->backing, COW_ALIGN_NEW, h, err, sizeof(err)))
		return msg_error(NULL, "%s", err);
	if (h->size != t->bytes)
		return msg_error(t->backing, "has %" PRIu64 " bytes, but the "
				 "source %" PRIu64 ": they must be of one size",
				 (uint64_t)h->size, t->bytes);
	r = cow_fill(t->out.fd, h);
	if (r)
		return msg_errno(t->file, -r, "cannot be written");
	if (cow_open(fcntl(t->out.fd, F_DUPFD_CLOEXEC, 3),
		     h->data_at + h->size, &o, &t->img))
		return msg_error(NULL, "%s", o.err);
	return 0;
}

static int open_cow(struct target *t)
{
	struct cow_header *h = mem_alloc(sizeof(*h));
	int r = open_cow_with(t, h);

	free(h);
	return r;
}

int target_open(struct target *t, const struct source *source)
{
	int r;

	t->old = -1;
	t->img = NULL;
	t->bytes = source->bytes;
	if (check_names(t, source) || output_open(&t->out, t->file) < 0)
		return -1;
	r = t->format == FORMAT_COW ? open_cow(t) : open_raw(t);
	if (!r)
		r = lock_old(t);
	if (r)
		target_abort(t);
	return r;
}

static int finish(struct target *t)
{
	int err = t->img->fmt->flush(t->img);

	t->img->fmt->close(t->img);
	t->img = NULL;
	/* a raw image is written in whole sectors */
	if (!err && t->format == FORMAT_RAW &&
	    ftruncate(t->out.fd, (off_t)t->bytes))
		err = -errno;
	if (!err && fsync(t->out.fd))
		err = -errno;
	return err ? msg_errno(t->file, -err, "cannot be written") : 0;
}

int target_commit(struct target *t)
{
	int r = finish(t);

	if (!r)
		r = output_commit(&t->out);
	target_abort(t);
	return r;
}

void target_abort(struct target *t)
{
	if (t->img)
		t->img->fmt->close(t->img);
	t->img = NULL;
	output_abort(&t->out);
	if (t->old >= 0)
		close(t->old);
	t->old = -1;
}
