// SPDX-License-Identifier: GPL-2.0
/*
 * Which backing a COW file is opened with.
 *
 * A header is what a guest may have written, so the name in it is resolved and
 * judged before anything is opened: a fifo or a character device is not even
 * opened to be refused. What was opened is looked at again, for it may have
 * been put there in between. A backing is plain bytes exactly if its own size is what the header
 * says; a COW file is longer than what it holds, so a guest that writes a COW
 * header into its raw disk does not turn it into one.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../format/cow.h"
#include "../format/cow_record.h"
#include "cow_open.h"
#include "io_direct.h"
#include "lock.h"

#define DEPTH_MOST	8	/* COW files over each other */

struct backing {
	int fd;
	u64 bytes;
	u32 mtime;
	bool device, plain;
	char path[PATH_MAX];
};

void cow_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

__attribute__((format(printf, 4, 5)))
static int fail(struct cow_opening *o, int err, const char *file,
		const char *reason, ...)
{
	va_list args;
	int n = snprintf(o->err, sizeof(o->err), "%.200s: ", file);

	va_start(args, reason);
	vsnprintf(o->err + n, sizeof(o->err) - (size_t)n, reason, args);
	va_end(args);
	cow_printable(o->err);
	return err;
}

static int fail_errno(struct cow_opening *o, const char *file)
{
	int err = errno;

	return fail(o, -err, file, "%s", strerror(err));
}

/* ---- names ---- */

/* The name in the header, from the COW file's directory if it is relative. */
static int header_path(struct cow_opening *o, const char *cow_real,
		       const char *name, char *out)
{
	char joined[2 * PATH_MAX];
	int dir = (int)(strrchr(cow_real, '/') - cow_real) + 1;

	if (name[0] == '/')
		dir = 0;
	snprintf(joined, sizeof(joined), "%.*s%s", dir, cow_real, name);
	if (!realpath(joined, out)) {
		int err = errno;

		return fail(o, -err, o->file, "its backing %.150s: %s: name it "
			    "on the command line, or for good with imgtool cow "
			    "rebase --unsafe", name, strerror(err));
	}
	if (o->any_backing)
		return 0;
	dir = (int)(strrchr(cow_real, '/') - cow_real) + 1;
	if (strncmp(cow_real, out, (size_t)dir) || strchr(out + dir, '/'))
		return fail(o, -EACCES, o->file,
			    "its backing %.200s is in another directory: %s",
			    out, o->below ?
			    "put it into the same, or copy all with imgtool cow "
			    "flatten --allow-backing" :
			    "name it on the command line as well");
	return 0;
}

static int find_backing(struct cow_opening *o, int fd,
			const struct cow_header *h, struct backing *b)
{
	char link[32], real[PATH_MAX];
	ssize_t n;

	if (o->backing) {
		if (!realpath(o->backing, b->path))
			return fail_errno(o, o->backing);
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	real[n > 0 ? n : 0] = '\0';
	if (real[0] != '/' && !realpath(o->file, real))
		return fail_errno(o, o->file);
	return header_path(o, real, h->backing, b->path);
}

/* ---- the backing ---- */

static int check_kind(struct cow_opening *o, const char *path,
		      const struct stat *st)
{
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
		return 0;
	return fail(o, -EINVAL, path,
		    "neither a regular file nor a block device");
}

static int look_at(struct cow_opening *o, struct backing *b)
{
	struct stat st;
	int readonly = 0, err = fstat(b->fd, &st) ? fail_errno(o, b->path) :
						    check_kind(o, b->path, &st);

	if (err)
		return err;
	b->device = S_ISBLK(st.st_mode);
	b->mtime = (u32)st.st_mtime;
	b->bytes = (u64)st.st_size;
	if (b->device && ioctl(b->fd, BLKGETSIZE64, &b->bytes))
		return fail_errno(o, b->path);
	/* some hosts open those for writing, and fail the writes */
	if (b->device && o->change_backing &&
	    !ioctl(b->fd, BLKROGET, &readonly) && readonly)
		return fail(o, -EROFS, b->path, "a read-only device");
	fcntl(b->fd, F_SETFL, fcntl(b->fd, F_GETFL) & ~O_NONBLOCK);
	if (o->found)
		o->found(o->arg, b->fd, b->path);
	return 0;
}

static int open_backing(struct cow_opening *o, struct backing *b)
{
	char holder[64];
	struct stat st;
	int err = lstat(b->path, &st) ? fail_errno(o, b->path) :
					check_kind(o, b->path, &st);

	if (err)
		return err;
	/* realpath() has followed links: one here was put in between */
	b->fd = open(b->path, (o->change_backing ? O_RDWR : O_RDONLY) |
				      O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (b->fd < 0)
		return fail_errno(o, b->path);
	err = look_at(o, b);
	if (err || o->no_lock)
		return err;
	err = lock_image(b->fd, o->change_backing, holder, sizeof(holder));
	if (err == -EAGAIN)
		return fail(o, -EBUSY, b->path, "in use by %s", holder);
	return 0;
}

static int check_backing(struct cow_opening *o, const struct cow_header *h,
			 const struct backing *b, u64 virtual)
{
	if (virtual != h->size)
		return fail(o, -EINVAL, o->file,
			    "made for a backing of %llu bytes, but %.150s has "
			    "%llu: name the right one on the command line, or "
			    "for good with imgtool cow rebase --unsafe",
			    (unsigned long long)h->size, b->path,
			    (unsigned long long)virtual);
	if (b->mtime == h->mtime || o->any_mtime)
		return 0;
	if (!b->device)
		return fail(o, -EINVAL, o->file,
			    "its backing %.150s was changed after the COW file "
			    "was made (mtime %u, not %u): if its contents are "
			    "the same, set its mtime back (touch -d @%u) or "
			    "use imgtool cow rebase --unsafe",
			    b->path, b->mtime, h->mtime, h->mtime);
	snprintf(o->note, sizeof(o->note),
		 "%.150s: a device: whether it has changed is not known",
		 b->path);
	return 0;
}

static int open_level(int fd, u64 bytes, struct cow_opening *o, int depth,
		      struct image **out);

static int cow_below(struct cow_opening *o, struct backing *b, int depth,
		     struct image **out)
{
	struct cow_opening below = {
		.file = b->path, .no_lock = o->no_lock, .direct = o->direct,
		.any_backing = o->any_backing, .writable = o->change_backing,
		.below = true,
	};
	int err, fd = b->fd;

	b->fd = -1;
	below.found = o->found;
	below.arg = o->arg;
	err = open_level(fd, b->bytes, &below, depth + 1, out);
	if (err)
		snprintf(o->err, sizeof(o->err), "%s", below.err);
	return err;
}

static struct io *store(const struct cow_opening *o, int fd)
{
	errno = ENOMEM;
	return o->direct ? io_direct(fd) : io_file(fd);
}

static int fail_store(struct cow_opening *o, const char *file)
{
	int err = errno;

	return fail(o, -err, file, err == ENOMEM ? "out of memory" :
		    "no O_DIRECT (flag u) here: %s", strerror(err));
}

/* Plain bytes, or a COW file that holds as many as the header says. */
static int backing_image(struct cow_opening *o, const struct cow_header *h,
			 struct backing *b, int depth, struct image **out)
{
	unsigned char head[COW_HEADER_MOST];
	struct cow_header inner;
	u64 virtual = b->bytes;
	ssize_t n = 0;
	struct io *io;
	int err;

	if (b->bytes != h->size)
		n = io_file_head(b->fd, head, sizeof(head));
	if (n < 0)
		return fail_errno(o, b->path);
	if (n > 0 && !cow_parse(head, (size_t)n, b->bytes, &inner))
		virtual = inner.size;
	err = check_backing(o, h, b, virtual);
	if (err)
		return err;
	if (virtual != b->bytes)
		return cow_below(o, b, depth, out);
	b->plain = true;
	io = store(o, b->fd);
	b->fd = -1;
	if (!io)
		return fail_store(o, b->path);
	*out = raw_image(io, (b->bytes + 511) & ~511ull);
	return *out ? 0 : fail(o, -ENOMEM, o->file, "out of memory");
}

/* ---- opening ---- */

static int read_header(int fd, u64 bytes, struct cow_opening *o,
		       struct cow_header *h)
{
	unsigned char head[COW_HEAD_BYTES];
	ssize_t n = io_file_head(fd, head, sizeof(head));
	struct cow_record record;
	const char *bad;

	if (n < 0)
		return fail_errno(o, o->file);
	bad = cow_parse(head, (size_t)n, bytes, h);
	if (bad)
		return fail(o, -EINVAL, o->file, "not a usable COW file: %s: "
			    "see imgtool cow check %.150s", bad, o->file);
	if (cow_record_get(head, (size_t)n, h, &record))
		return fail(o, -EUCLEAN, o->file, "a commit into its backing "
			    "was cut off: finish it with imgtool cow commit "
			    "%.150s", o->file);
	if (o->writable && !cow_can_write(h))
		return fail(o, -EROFS, o->file,
			    "a COW file of an old kind (version %u%s, sectors "
			    "of %u): convert it with imgtool cow upgrade "
			    "%.150s, or open it read-only", h->version,
			    h->unpacked ? ", unpacked" : "", h->sector,
			    o->file);
	return 0;
}

static int open_level(int fd, u64 bytes, struct cow_opening *o, int depth,
		      struct image **out)
{
	struct cow_header *h = malloc(sizeof(*h));
	struct backing b = { .fd = -1 };
	struct image *base = NULL;
	struct io *io;
	int err = h ? 0 : fail(o, -ENOMEM, o->file, "out of memory");

	if (!err && depth > DEPTH_MOST)
		err = fail(o, -ELOOP, o->file, "more than %d COW files over "
			   "each other", DEPTH_MOST);
	if (!err)
		err = read_header(fd, bytes, o, h);
	if (!err)
		err = find_backing(o, fd, h, &b);
	if (!err)
		err = open_backing(o, &b);
	if (!err)
		err = backing_image(o, h, &b, depth, &base);
	if (b.fd >= 0)
		close(b.fd);
	if (err) {
		close(fd);
		free(h);
		return err;
	}
	io = store(o, fd);
	err = io ? 0 : fail_store(o, o->file);
	if (io)
		*out = cow_image(io, h, base, o->writable);
	else
		base->fmt->close(base);
	free(h);
	return err || *out ? err : fail(o, -ENOMEM, o->file, "out of memory");
}

int cow_open(int fd, u64 bytes, struct cow_opening *o, struct image **out)
{
	*out = NULL;
	return open_level(fd, bytes, o, 1, out);
}

int cow_open_backing(int fd, const struct cow_header *h,
		     struct cow_opening *o, struct cow_backing *out)
{
	struct backing b = { .fd = -1 };
	int err = find_backing(o, fd, h, &b);

	out->fd = -1;
	if (!err)
		err = open_backing(o, &b);
	if (!err) {
		out->fd = fcntl(b.fd, F_DUPFD_CLOEXEC, 0);
		err = out->fd < 0 ? fail_errno(o, b.path) :
				    backing_image(o, h, &b, 1, &out->img);
	}
	if (b.fd >= 0)
		close(b.fd);
	if (err && out->fd >= 0)
		close(out->fd);
	out->plain = b.plain;
	out->device = b.device;
	memcpy(out->path, b.path, sizeof(out->path));
	return err;
}
