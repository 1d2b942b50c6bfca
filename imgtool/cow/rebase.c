/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow rebase: the same contents over another backing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"
#include "ubd/format/cow_rebase.h"
#include "ubd/host/cow_open.h"

struct rebase {
	struct cow_rebase r;	/* first */
	struct cow_backing from, to;
};

/* Where file fd has data, at off or behind; off if that is not known. */
static u64 next_data(int fd, u64 off)
{
	off_t at = lseek(fd, (off_t)off, SEEK_DATA);

	if (at < 0 && errno == ENXIO)
		return ~0ull;
	return at < (off_t)off ? off : (u64)at;
}

/* Holes in both files. */
static u64 same(struct cow_rebase *cr, u64 off, u64 len)
{
	struct rebase *r = (struct rebase *)cr;
	u64 from = next_data(r->from.fd, off), to;

	if (from < off + 512)
		return 0;
	to = next_data(r->to.fd, off);
	if (to > from)
		to = from;
	return (to - off < len ? to - off : len) & ~511ull;
}

static bool has_holes(const struct cow_backing *b)
{
	return b->plain && !b->device;
}

/* What differs goes into the COW file. */
static int copy(struct cow_top *top, struct io *io, struct cow_backing *to)
{
	struct cow_opening o = {
		.file = top->file, .backing = cow_options.backing,
		.any_backing = cow_options.allow,
	};
	struct rebase r = { .r = { .io = io, .h = &top->h, .base = to->img,
				   .progress = progress_show },
			    .to = *to };
	struct io *over;
	int err = -ENOMEM;

	if (cow_open_backing(top->fd, &top->h, &o, &r.from))
		return msg_error(NULL, "%s", o.err);
	if (has_holes(&r.from) && has_holes(to))
		r.r.same = same;
	over = io_file(dup(top->fd));
	if (over)
		r.r.img = cow_image(over, &top->h, r.from.img, true);
	else
		r.from.img->fmt->close(r.from.img);
	if (r.r.img) {
		cow_progress_begin(top->file);
		err = cow_rebase_copy(&r.r);
		progress_end();
		r.r.img->fmt->close(r.r.img);
	}
	close(r.from.fd);
	return err ? msg_errno(top->file, -err, "not changed, sectors cannot "
			       "be copied into it") : 0;
}

static int put_header(struct cow_top *top, struct io *io,
		      struct cow_backing *to, u32 mtime)
{
	struct cow_header new = top->h;
	const char *bad;
	int err;

	memcpy(new.backing, to->path, sizeof(new.backing));
	new.mtime = mtime;
	err = cow_rebase_header(io, &new);
	if (err == -EFBIG) {
		bad = cow_plan_aligned(&new, top->h.align);
		if (bad)
			return msg_error(top->file, "%s", bad);
		err = cow_replace(top, &new);
	}
	return err ? msg_errno(top->file, -err, "cannot get another header") :
		     0;
}

static int rebase(struct cow_top *top, struct cow_backing *to)
{
	struct stat st;
	struct io *io;
	int r = 0;

	if (fstat(to->fd, &st))
		return msg_errno(to->path, errno, "cannot be looked at");
	io = io_file(dup(top->fd));
	if (!io)
		return msg_error(top->file, "out of memory");
	if (!cow_options.unsafe)
		r = copy(top, io, to);
	if (!r)
		r = put_header(top, io, to, (u32)st.st_mtime);
	io->ops->close(io);
	return r;
}

int cow_rebase_file(char **operand)
{
	struct cow_opening o = { .file = operand[0], .backing = operand[1],
				 .any_mtime = true,
				 .any_backing = cow_options.allow };
	struct cow_backing to;
	struct cow_top top;
	struct json json;
	int r;

	if (cow_open_top(operand[0], &top))
		return STATUS_FAILED;
	r = cow_top_writable(&top);
	if (!r && cow_open_backing(top.fd, &top.h, &o, &to))
		r = msg_error(NULL, "%s", o.err);
	else if (!r) {
		r = rebase(&top, &to);
		to.img->fmt->close(to.img);
		close(to.fd);
	}
	close(top.fd);
	if (!r && cow_options.json) {
		cow_json_begin(&json, operand[0]);
		json_string(&json, "backing", to.path);
		cow_json_end(&json);
	}
	return r ? STATUS_FAILED : STATUS_OK;
}
