/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow: what the actions that change a COW file begin with. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "ubd/format/cow.h"
#include "ubd/host/lock.h"

static int look_at(struct cow_top *top)
{
	unsigned char head[COW_HEAD_BYTES];
	const char *bad, *file = top->file;
	char holder[64];
	ssize_t n;

	if (fstat(top->fd, &top->st))
		return msg_errno(file, errno, "cannot be looked at");
	if (!S_ISREG(top->st.st_mode))
		return msg_error(file, "not a regular file");
	if (lock_image(top->fd, true, holder, sizeof(holder)) == -EAGAIN)
		return msg_error(file, "in use by %s", holder);
	n = io_file_head(top->fd, head, sizeof(head));
	if (n < 0)
		return msg_errno(file, errno, "cannot be read");
	bad = cow_parse(head, (size_t)n, (u64)top->st.st_size, &top->h);
	if (bad)
		return msg_error(file, "%s", bad);
	top->cut_off = cow_record_get(head, (size_t)n, &top->h, &top->record);
	return 0;
}

int cow_open_top(const char *file, struct cow_top *top)
{
	top->file = file;
	top->fd = open(file, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (top->fd < 0)
		return msg_errno(file, errno, "cannot be opened");
	if (!look_at(top))
		return 0;
	close(top->fd);
	return -1;
}

int cow_top_writable(const struct cow_top *top)
{
	if (top->cut_off)
		return msg_error(top->file, "a commit into its backing was cut "
				 "off: finish it with imgtool cow commit %s",
				 top->file);
	if (!cow_can_write(&top->h))
		return msg_error(top->file, "a COW file of an old kind: "
				 "convert it with imgtool cow upgrade %s",
				 top->file);
	return 0;
}
