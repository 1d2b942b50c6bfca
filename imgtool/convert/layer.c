/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/convert/convert.h"
#include "imgtool/convert/layer.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"

enum format format_of(const char *name)
{
	return !strcmp(name, "raw") ? FORMAT_RAW :
	       !strcmp(name, "cow") ? FORMAT_COW : FORMAT_NONE;
}

int format_choose(enum format *format, const char *backing)
{
	if (!*format)
		*format = backing ? FORMAT_COW : FORMAT_RAW;
	if (*format == FORMAT_RAW && backing)
		return verb_usage_error("--backing", "a raw file has none");
	if (*format == FORMAT_COW && !backing)
		return verb_usage_error("--format cow", "needs --backing");
	return 0;
}

int layer_size(const char *file, const char *backing, uint64_t *size)
{
	struct cow_header *h = mem_alloc(sizeof(*h));
	struct stat a, b;
	char err[512];
	int r;

	r = cow_plan_over(backing, COW_ALIGN_NEW, h, err, sizeof(err));
	if (r)
		r = msg_error(NULL, "%s", err);
	else if (file && !stat(file, &a) && !stat(backing, &b) &&
		 a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		r = msg_error(file, "is its own backing");
	*size = h->size;
	free(h);
	return r;
}

int layer_make(struct output *raw, const char *backing)
{
	struct source from = { .file = raw->name, .format = FORMAT_RAW };
	struct target to = { .file = raw->name, .format = FORMAT_COW,
			     .backing = backing };
	struct io *io;
	int fd, r;

	if (output_flush(raw) < 0)
		return -1;
	if (fstat(raw->fd, &from.st))
		return msg_errno(raw->name, errno, "cannot be looked at");
	from.bytes = (uint64_t)from.st.st_size;
	fd = fcntl(raw->fd, F_DUPFD_CLOEXEC, 3);
	io = fd < 0 ? NULL : io_file(fd);
	from.img = io ? raw_image(io, (from.bytes + 511) & ~511ull) : NULL;
	if (!from.img)
		return msg_error(raw->name, "out of memory");
	r = target_open(&to, &from);
	if (!r)
		r = convert_copy(&from, &to);
	from.img->fmt->close(from.img);
	return r;
}
