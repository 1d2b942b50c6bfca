/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "imgtool/convert/convert.h"
#include "imgtool/image/kind.h"
#include "imgtool/msg.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

static int look_at(struct source *s, int fd)
{
	char holder[64];

	if (fstat(fd, &s->st))
		return msg_errno(s->file, errno, "cannot be looked at");
	s->bytes = (uint64_t)s->st.st_size;
	if (S_ISBLK(s->st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, &s->bytes))
			return msg_errno(s->file, errno, "has no size");
	} else if (!S_ISREG(s->st.st_mode)) {
		return msg_error(s->file, "neither a regular file nor a block "
				 "device");
	}
	if (lock_image(fd, false, holder, sizeof(holder)) == -EAGAIN)
		return msg_error(s->file, "in use by %s", holder);
	return 0;
}

/* Found out is told: a guest can write a header to its raw disk. */
static int find_format(struct source *s, int fd)
{
	unsigned char head[COW_HEADER_MOST];
	ssize_t n = io_file_head(fd, head, sizeof(head));
	struct cow_header *h = mem_alloc(sizeof(*h));
	const char *bad, *other = n < 0 ? NULL : kind_of_file(head, (size_t)n);
	int r = 0;

	if (n < 0) {
		r = msg_errno(s->file, errno, "cannot be read");
	} else if (other && !s->format) {
		r = kind_refuse(s->file, other);
	} else if (s->format == FORMAT_RAW ||
		   (!s->format && !cow_probe(head, (size_t)n))) {
		s->format = FORMAT_RAW;
	} else {
		bad = cow_parse(head, (size_t)n, s->bytes, h);
		if (bad)
			r = msg_error(s->file, "not a usable COW file: %s%s",
				      bad, s->format ? "" : " (for plain "
				      "bytes: --from raw)");
		else if (!s->format && !msg_is_quiet())
			msg_error(s->file, "taken for a COW file over %s",
				  s->backing ?: h->backing);
		s->format = FORMAT_COW;
		s->bytes = h->size;
	}
	free(h);
	return r;
}

int source_open(struct source *s)
{
	struct cow_opening o = {
		.file = s->file, .backing = s->backing,
		.any_backing = s->allow,
	};
	int fd = open(s->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct io *io;

	if (fd < 0)
		return msg_errno(s->file, errno, "cannot be opened");
	if (look_at(s, fd) || find_format(s, fd)) {
		close(fd);
		return -1;
	}
	if (s->format == FORMAT_COW) {
		if (cow_open(fd, (u64)s->st.st_size, &o, &s->img))
			return msg_error(NULL, "%s", o.err);
		return 0;
	}
	io = io_file(fd);
	s->img = io ? raw_image(io, (s->bytes + 511) & ~511ull) : NULL;
	return s->img ? 0 : msg_error(s->file, "out of memory");
}
