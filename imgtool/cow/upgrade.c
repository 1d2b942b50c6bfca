/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow upgrade: a new file of the kind we write, put over the old. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "ubd/format/cow.h"
#include "ubd/host/lock.h"

/* Reads the header and plans the new one. -1: reported */
static int plan(const char *file, int fd, struct stat *st,
		struct cow_header *old, struct cow_header *new)
{
	unsigned char head[COW_HEADER_MOST];
	char holder[64];
	const char *bad;
	ssize_t n;

	if (fstat(fd, st))
		return msg_errno(file, errno, "cannot be looked at");
	if (!S_ISREG(st->st_mode))
		return msg_error(file, "not a regular file");
	if (lock_image(fd, true, holder, sizeof(holder)) == -EAGAIN)
		return msg_error(file, "in use by %s", holder);
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return msg_errno(file, errno, "cannot be read");
	bad = cow_parse(head, (size_t)n, (u64)st->st_size, old);
	if (bad)
		return msg_error(file, "%s", bad);
	if (cow_can_write(old))
		return msg_error(file, "needs no conversion");
	*new = *old;
	bad = cow_plan(new);
	return bad ? msg_error(file, "%s", bad) : 0;
}

static int fill(int fd, int out, const struct stat *st,
		const struct cow_header *old, const struct cow_header *new)
{
	struct io *from, *to;
	int err, fd2 = dup(fd), out2 = dup(out);

	if (fd2 < 0 || out2 < 0 || fchmod(out, st->st_mode & 07777) ||
	    ftruncate(out, (off_t)(new->data_at + new->size)))
		return -errno;
	/* who is not root may be unable to give it to the old owner */
	if (fchown(out, st->st_uid, st->st_gid) && errno != EPERM)
		return -errno;
	from = io_file(fd2);
	to = io_file(out2);
	err = from && to ? cow_upgrade(from, old, to, new) : -ENOMEM;
	if (from)
		from->ops->close(from);
	if (to)
		to->ops->close(to);
	return !err && fsync(out) ? -errno : err;
}

static int replace(const char *file, int fd, const struct stat *st,
		   const struct cow_header *old, const struct cow_header *new)
{
	char *temp = mem_printf("%s.%d.new", file, (int)getpid());
	int out = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = out < 0 ? -errno : fill(fd, out, st, old, new);

	if (!err && rename(temp, file))
		err = -errno;
	if (out >= 0) {
		close(out);
		if (err)
			unlink(temp);
	}
	free(temp);
	return err ? msg_errno(file, -err, "cannot be converted") : 0;
}

int cow_upgrade_file(char **operand)
{
	int r, fd = open(operand[0], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct cow_header old, new;
	struct stat st;

	if (fd < 0) {
		msg_errno(operand[0], errno, "cannot be opened");
		return STATUS_FAILED;
	}
	r = plan(operand[0], fd, &st, &old, &new);
	if (!r)
		r = replace(operand[0], fd, &st, &old, &new);
	close(fd);
	return r ? STATUS_FAILED : STATUS_OK;
}
