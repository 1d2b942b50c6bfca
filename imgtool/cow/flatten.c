/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow flatten: a raw file of what a COW file shows. It never replaces
 * a file: link() does not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "imgtool/convert/copy.h"
#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"
#include "ubd/host/cow_open.h"
#include "ubd/host/lock.h"

/* Holes stay holes; the disk has whole sectors, the file `size` bytes. */
static int copy(struct image_copy *c, int out, u64 size)
{
	int err, fd = fcntl(out, F_DUPFD_CLOEXEC, 3);
	struct io *io = fd < 0 ? NULL : io_file(fd);

	c->to = io ? raw_image(io, c->from->bytes) : NULL;
	if (!c->to)
		return -ENOMEM;
	err = ftruncate(out, (off_t)size) ? -errno : image_copy(c);
	c->to->fmt->close(c->to);
	if (!err && (ftruncate(out, (off_t)size) || fsync(out)))
		err = -errno;
	return err;
}

static int write_raw(struct image *img, char **operand, u64 size)
{
	char *temp = mem_printf("%s.%d.new", operand[1], (int)getpid());
	struct image_copy c = { .from = img, .fresh = true, .unit = 4096,
				.progress = progress_show };
	int err = 0, out = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				0666);

	if (out < 0)
		err = -errno;
	if (!err) {
		cow_progress_begin(operand[1]);
		err = copy(&c, out, size);
		progress_end();
	}
	if (!err && link(temp, operand[1]))
		err = -errno;
	if (out >= 0) {
		close(out);
		unlink(temp);
	}
	free(temp);
	if (!err)
		return 0;
	return c.reading ? msg_errno(operand[0], -err, "cannot be read") :
			   msg_errno(operand[1], -err, "cannot be written");
}

/* The size of the backing, to the byte. */
static int exact_size(int fd, const char *file, u64 bytes, u64 *size)
{
	unsigned char head[COW_HEADER_MOST];
	struct cow_header h;
	s64 n = io_file_head(fd, head, sizeof(head));
	const char *bad;

	if (n < 0)
		return msg_errno(file, errno, "cannot be read");
	bad = cow_parse(head, (size_t)n, bytes, &h);
	if (bad)
		return msg_error(file, "not a usable COW file: %s: see "
				 "imgtool cow check %s", bad, file);
	*size = h.size;
	return 0;
}

static int lock(int fd, const char *file)
{
	char holder[64];

	if (lock_image(fd, false, holder, sizeof(holder)) != -EAGAIN)
		return 0;
	return msg_error(file, "in use by %s", holder);
}

int cow_flatten_file(char **operand)
{
	struct cow_opening o = { .file = operand[0],
				 .backing = cow_options.backing,
				 .any_backing = cow_options.allow };
	struct image *img;
	struct json json;
	u64 bytes, size = 0;
	int r, fd = cow_open_file(operand[0], &bytes);

	if (fd < 0)
		return STATUS_FAILED;
	if (lock(fd, operand[0]) ||
	    exact_size(fd, operand[0], bytes, &size)) {
		close(fd);
		return STATUS_FAILED;
	}
	if (cow_open(fd, bytes, &o, &img)) {
		msg_error(NULL, "%s", o.err);
		return STATUS_FAILED;
	}
	r = write_raw(img, operand, size);
	img->fmt->close(img);
	if (!r && cow_options.json) {
		cow_json_begin(&json, operand[0]);
		json_string(&json, "raw", operand[1]);
		json_number(&json, "size", size);
		cow_json_end(&json);
	}
	return r ? STATUS_FAILED : STATUS_OK;
}
