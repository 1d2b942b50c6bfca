/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow upgrade: a new file of the kind we write, put over the old. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"

static int fill(const struct cow_top *top, int out,
		const struct cow_header *new)
{
	const struct stat *st = &top->st;
	struct io *from, *to;
	int err, fd2 = dup(top->fd), out2 = dup(out);

	if (fd2 < 0 || out2 < 0 || fchmod(out, st->st_mode & 07777) ||
	    ftruncate(out, (off_t)(new->data_at + new->size)))
		return -errno;
	/* who is not root may be unable to give it to the old owner */
	if (fchown(out, st->st_uid, st->st_gid) && errno != EPERM)
		return -errno;
	from = io_file(fd2);
	to = io_file(out2);
	err = from && to ? cow_upgrade(from, &top->h, to, new,
					progress_show) : -ENOMEM;
	if (from)
		from->ops->close(from);
	if (to)
		to->ops->close(to);
	return !err && fsync(out) ? -errno : err;
}

int cow_replace(const struct cow_top *top, const struct cow_header *new)
{
	char *real = realpath(top->file, NULL);	/* may be a link */
	char *temp = mem_printf("%s.imgtool-new", real ?: "");
	int out, err;

	if (!real || (unlink(temp) && errno != ENOENT)) {
		err = -errno;
		free(temp);
		free(real);
		return err;
	}
	out = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	cow_progress_begin(top->file);
	err = out < 0 ? -errno : fill(top, out, new);
	progress_end();
	if (!err && rename(temp, real))
		err = -errno;
	if (out >= 0) {
		close(out);
		if (err)
			unlink(temp);
	}
	free(temp);
	free(real);
	return err;
}

int cow_upgrade_file(char **operand)
{
	struct cow_header new;
	struct cow_top top;
	struct json json;
	const char *bad;
	int r;

	if (cow_open_top(operand[0], &top))
		return STATUS_FAILED;
	new = top.h;
	bad = cow_can_write(&top.h) ? "needs no conversion" : cow_plan(&new);
	if (bad)
		r = msg_error(top.file, "%s", bad);
	else if ((r = cow_replace(&top, &new)))
		msg_errno(top.file, -r, "cannot be converted");
	close(top.fd);
	if (!r && cow_options.json) {
		cow_json_begin(&json, top.file);
		json_number(&json, "version", 3);
		cow_json_end(&json);
	}
	return r ? STATUS_FAILED : STATUS_OK;
}
