/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow commit: the order of things is told in ubd/format/cow_commit.c */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"
#include "ubd/format/cow_commit.h"
#include "ubd/host/cow_open.h"

#define TIME_MOST (1ull << 40)	/* a record says what somebody wrote */

struct commit {
	struct cow_commit c;	/* first */
	struct cow_top top;
	struct cow_backing backing;
	bool warned;
};

/* What the file system made of the time is what the header must say. */
static int stamp(struct cow_commit *cc)
{
	struct commit *c = (struct commit *)cc;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
				     { .tv_sec = (time_t)cc->mtime } };
	struct stat st;

	if (!c->warned)
		msg_warning(c->backing.path,
			    "other COW files over it become invalid");
	c->warned = true;
	if (c->backing.device)
		return 0;	/* nobody compares its time */
	if (futimens(c->backing.fd, times))
		return errno == EACCES ? -EPERM : -errno;
	if (fstat(c->backing.fd, &st))
		return -errno;
	if ((u32)st.st_mtime == (u32)cc->record.mtime)
		return -EPERM;
	cc->mtime = (u64)st.st_mtime;
	return fsync(c->backing.fd) ? -errno : 0;
}

/* Device numbers may be others after a restart; inode numbers are not. */
static int check_record(struct commit *c)
{
	const struct cow_record *now = &c->c.record, *was = &c->top.record;

	if (!c->top.cut_off)
		return 0;
	if (!was->known)
		return msg_error(c->top.file, "a commit by a later version of "
				 "imgtool was cut off: finish it with that");
	if (now->ino != was->ino && !cow_options.unsafe)
		return msg_error(c->top.file, "its commit was into another "
				 "file than %s (inode %llu, not %llu): if this "
				 "is a copy of that, use --unsafe",
				 c->backing.path, (unsigned long long)was->ino,
				 (unsigned long long)now->ino);
	if (now->dev != was->dev)
		msg_warning(c->backing.path, "is on device %#llx, was on %#llx "
			    "when the commit began",
			    (unsigned long long)now->dev,
			    (unsigned long long)was->dev);
	return 0;
}

/* The record, and a time that nothing has seen; FAT has only even seconds. */
static int plan(struct commit *c)
{
	struct cow_record *r = &c->c.record;
	u64 now = (u64)time(NULL), old;
	struct stat st;

	if (fstat(c->backing.fd, &st))
		return msg_errno(c->backing.path, errno, "cannot be looked at");
	r->dev = c->backing.device ? st.st_rdev : st.st_dev;
	r->ino = c->backing.device ? 0 : st.st_ino;
	r->mtime = old = st.st_mtime > 0 ? (u64)st.st_mtime : 0;
	if (check_record(c))
		return -1;
	if (c->top.cut_off) {
		r->mtime = c->top.record.mtime;
		if (old < r->mtime && r->mtime < TIME_MOST)
			old = r->mtime;
	}
	c->c.mtime = now > old + 1 ? now : old + 2;
	if (c->backing.device)
		c->c.mtime = (u64)st.st_mtime;
	return 0;
}

static void print_json(struct commit *c)
{
	struct json json;

	cow_json_begin(&json, c->top.file);
	json_string(&json, "backing", c->backing.path);
	json_number(&json, "copied", c->c.copied);
	json_bool(&json, "resumed", c->c.resumed);
	json_bool(&json, "tail_kept", c->c.tail_kept);
	cow_json_end(&json);
}

static int run(struct commit *c)
{
	const char *file = c->top.file;
	int err;

	c->c.cow = io_file(dup(c->top.fd));
	if (!c->c.cow)
		return msg_error(file, "out of memory");
	c->c.h = &c->top.h;
	c->c.base = c->backing.img;
	c->c.base_bytes = c->backing.plain ? c->top.h.size :
					     c->backing.img->bytes;
	c->c.resumed = c->top.cut_off;
	c->c.stamp = stamp;
	c->c.progress = progress_show;
	cow_progress_begin(file);
	err = cow_commit(&c->c);
	progress_end();
	c->c.cow->ops->close(c->c.cow);
	if (err && c->c.begun)
		return msg_errno(file, -err, "cut off: run imgtool cow commit "
				 "again when the reason is gone");
	if (err == -EPERM)
		return msg_error(c->backing.path,
				 "its time cannot be set: only its owner can");
	if (err)
		return msg_errno(file, -err, "cannot be committed");
	if (c->c.tail_kept)
		msg_warning(file, "what is behind the end of its backing, "
			    "within the last sector, stays in it");
	if (c->c.punch_error)
		msg_warning(file, "committed, but still takes its room: %s",
			    strerror(-c->c.punch_error));
	if (cow_options.json)
		print_json(c);
	return 0;
}

static int with_backing(struct commit *c, const char *backing)
{
	struct cow_opening o = {
		.file = c->top.file, .backing = backing ?: cow_options.backing,
		.any_backing = cow_options.allow, .change_backing = true,
		.any_mtime = c->top.cut_off,
	};
	int r;

	if (!cow_can_write(&c->top.h))
		return msg_error(c->top.file, "a COW file of an old kind: "
				 "convert it with imgtool cow upgrade %s",
				 c->top.file);
	if (cow_open_backing(c->top.fd, &c->top.h, &o, &c->backing))
		return msg_error(NULL, "%s", o.err);
	r = plan(c) ? -1 : run(c);
	c->backing.img->fmt->close(c->backing.img);
	close(c->backing.fd);
	return r;
}

int cow_commit_file(char **operand)
{
	struct commit c = { .warned = false };
	int r;

	if (cow_open_top(operand[0], &c.top))
		return STATUS_FAILED;
	r = with_backing(&c, operand[1]);
	close(c.top.fd);
	return r ? STATUS_FAILED : STATUS_OK;
}
