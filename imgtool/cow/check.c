/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool cow check: what is wrong with a COW file, and the repair of what
 * can be repaired without a change to what the disk reads as. So neither
 * header nor the bits of sectors are ever touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/cow/findings.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "ubd/format/cow.h"
#include "ubd/host/lock.h"

/* Opens and locks the file. -1: reported */
static int open_locked(struct check *check, struct stat *st)
{
	char holder[64];
	int fd = open(check->file, (check->repair ? O_RDWR : O_RDONLY) |
		      O_NONBLOCK | O_CLOEXEC);

	check->fd = fd;
	check->st = st;
	if (fd < 0)
		return msg_errno(check->file, errno, "cannot be opened");
	if (fstat(fd, st))
		return msg_errno(check->file, errno, "cannot be looked at");
	if (!S_ISREG(st->st_mode))
		return msg_error(check->file, "not a regular file");
	if (lock_image(fd, check->repair, holder, sizeof(holder)) == -EAGAIN)
		return msg_error(check->file, "in use by %s", holder);
	return 0;
}

/* The header. 1: go on; 0: nothing more can be told; -1: reported */
static int check_header(struct check *check)
{
	unsigned char head[COW_HEAD_BYTES];
	struct cow_record record;
	ssize_t n = io_file_head(check->fd, head, sizeof(head));
	const char *bad;

	if (n < 0)
		return msg_errno(check->file, errno, "cannot be read");
	if (!cow_probe(head, (size_t)n))
		return msg_error(check->file, "not a COW file");
	/* so that all is wrong is told from what the end of the file cuts */
	bad = cow_parse(head, (size_t)n, UINT64_MAX, &check->h);
	if (bad) {
		found(check, FOUND_ERROR, "header", "%s", bad);
		return 0;
	}
	if (check->h.map_at + check->h.map_bytes > (uint64_t)check->st->st_size)
		found(check, FOUND_ERROR, "map-cut", "the file ends within its "
		      "map, which should end at %" PRIu64,
		      (uint64_t)(check->h.map_at + check->h.map_bytes));
	if (cow_record_get(head, (size_t)n, &check->h, &record))
		found(check, FOUND_ERROR, "commit-cut-off", "a commit into its "
		      "backing was cut off: finish it with imgtool cow commit");
	if (!cow_can_write(&check->h))
		found(check, FOUND_NOTE, "old-kind", "can be read only, until "
		      "imgtool cow upgrade makes a new kind of it");
	return 1;
}

/* A finding of which a repair was tried. -1: reported */
static int repaired(struct check *check, struct finding *f, int err)
{
	check->changed = true;		/* or in part */
	if (err)
		return msg_errno(check->file, -err, "cannot be repaired");
	f->repaired = true;
	return 0;
}

static int check_stray(struct check *check, struct io *io,
		       const struct cow_report *r)
{
	struct finding *f;

	if (!r->stray)
		return 0;
	f = found(check, FOUND_WARNING, "map-stray", "%" PRIu64 " bits are set "
		  "behind that of the last sector", r->stray);
	return check->repair ? repaired(check, f, cow_clear_stray(io, &check->h))
			     : 0;
}

/* Where sectors are lost, or may be, the length is what tells of it. */
static int check_length(struct check *check, const struct cow_report *r)
{
	uint64_t is = (uint64_t)check->st->st_size;
	bool cut = check->h.map_at + check->h.map_bytes > is;
	struct finding *f;
	int err;

	if (r->lost)
		found(check, FOUND_ERROR, "data-lost", "%" PRIu64 " sectors, "
		      "the first is %" PRIu64 ", should be in the file, which "
		      "ends before them", r->lost, r->first_lost);
	if (is > r->length_most)
		found(check, FOUND_NOTE, "length-long", "%" PRIu64 " bytes "
		      "behind the end of the data mean nothing",
		      is - r->length_most);
	if (is >= r->length)
		return 0;
	f = found(check, FOUND_WARNING, "length-short", "the file has %" PRIu64
		  " bytes, not %" PRIu64, is, r->length);
	if (!check->repair || r->lost || cut)
		return 0;
	err = ftruncate(check->fd, (off_t)r->length) || fsync(check->fd) ?
	      -errno : 0;
	return repaired(check, f, err);
}

/* The contents are what they were: files that lie over this one must not
 * take it for another. */
static int keep_mtime(struct check *check)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
				     check->st->st_mtim };

	if (!check->changed || !futimens(check->fd, times))
		return 0;
	return msg_errno(check->file, errno, COW_UNTIMED);
}

static int check_body(struct check *check, struct cow_report *r)
{
	int err, copy = fcntl(check->fd, F_DUPFD_CLOEXEC, 3);
	struct io *io = copy < 0 ? NULL : io_file(copy);

	if (!io)
		return msg_errno(check->file, errno, "cannot be read");
	cow_progress_begin(check->file);
	err = cow_scan(io, &check->h, (uint64_t)check->st->st_size, r,
		       progress_show);
	progress_end();
	if (err)
		err = msg_errno(check->file, -err, "cannot be read");
	else if (check_stray(check, io, r) || check_length(check, r))
		err = -1;
	io->ops->close(io);
	if (!err && r->garbage)
		found(check, FOUND_NOTE, "garbage", "%" PRIu64 " bytes that "
		      "mean nothing take room: imgtool cow compact gives it "
		      "back", r->garbage);
	return err;
}

int cow_check(char **operand)
{
	struct check check = {
		.file = operand[0], .repair = cow_options.repair, .fd = -1,
	};
	struct cow_report report;
	struct stat st;
	int r = open_locked(&check, &st), status = CHECK_FAILED;

	if (!r)
		r = check_header(&check);
	if (r > 0) {
		check_backing(&check);
		if (check_body(&check, &report))
			r = -1;
		if (keep_mtime(&check))
			r = -1;
	}
	if (r >= 0)
		status = findings_print(&check, r ? &report : NULL,
					cow_options.json);
	if (check.fd >= 0)
		close(check.fd);
	findings_free(&check);
	return status;
}
