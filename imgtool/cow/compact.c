/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow compact: gives back the room of what the backing has as well,
 * and of what means nothing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"
#include "ubd/format/cow_check.h"
#include "ubd/host/cow_open.h"

static int check(const struct cow_top *top)
{
	if (cow_top_writable(top))
		return -1;
	/* what is lost must not pass for zeroes that the backing has, too */
	if ((u64)top->st.st_size < top->h.data_at + top->h.size)
		return msg_error(top->file, "too short: see what imgtool cow "
				 "check %s says", top->file);
	return 0;
}

static void progress(struct cow_compaction *c, u64 done, u64 of)
{
	(void)c;
	progress_show(done, of);
}

static void print(const struct cow_top *top, u64 cleared, u64 regained)
{
	struct json json;

	if (!cow_options.json) {
		printf("%" PRIu64 " sectors were as in the backing, %" PRIu64
		       " bytes regained\n", cleared, regained);
		return;
	}
	cow_json_begin(&json, top->file);
	json_number(&json, "cleared", cleared);
	json_number(&json, "regained", regained);
	cow_json_end(&json);
}

static int compact(struct cow_top *top, struct image *base)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
				     top->st.st_mtim };
	struct cow_compaction c = { .progress = progress };
	int err, untimed, copy = fcntl(top->fd, F_DUPFD_CLOEXEC, 3);
	struct io *io = copy < 0 ? NULL : io_file(copy);
	struct stat st;

	if (!io)
		return msg_error(top->file, "cannot be opened again");
	cow_progress_begin(top->file);
	err = cow_compact(io, &top->h, (u64)top->st.st_size, base, &c);
	progress_end();
	io->ops->close(io);
	/* its contents are the same: COW files over it may stay */
	untimed = futimens(top->fd, times) ? errno : 0;
	if (err == -EOPNOTSUPP)
		return msg_error(top->file, "its file system cannot make holes "
				 "in files: no room was regained");
	if (err)
		return msg_errno(top->file, -err, "could not be compacted, "
				 "its contents are what they were");
	if (untimed)
		return msg_errno(top->file, untimed, COW_UNTIMED);
	if (fstat(top->fd, &st))
		return msg_errno(top->file, errno, "cannot be looked at");
	print(top, c.cleared, st.st_blocks < top->st.st_blocks ?
	      (u64)(top->st.st_blocks - st.st_blocks) * 512 : 0);
	return 0;
}

int cow_compact_file(char **operand)
{
	struct cow_opening o = {
		.file = operand[0], .backing = cow_options.backing,
		.any_backing = cow_options.allow,
	};
	struct cow_backing base;
	struct cow_top top;
	int r;

	if (cow_open_top(operand[0], &top))
		return STATUS_FAILED;
	r = check(&top);
	if (!r && cow_open_backing(top.fd, &top.h, &o, &base)) {
		r = msg_error(NULL, "%s", o.err);
	} else if (!r) {
		r = compact(&top, base.img);
		base.img->fmt->close(base.img);
		close(base.fd);
	}
	close(top.fd);
	return r ? STATUS_FAILED : STATUS_OK;
}
