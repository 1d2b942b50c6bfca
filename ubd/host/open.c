// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a disk: file, lock, size, layer.
 *
 * The file is opened without waiting and looked at before it is used, so a
 * fifo or a character device is refused instead of hanging the start-up.
 * Nothing is opened but what the command line names, and the backing of a COW
 * file by the rules of cow_open.c.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <abi/host.h>

#include "../format/cow_header.h"
#include "cow_open.h"
#include "disk.h"
#include "io_direct.h"
#include "lock.h"
#include "scratch.h"

struct opening {
	const struct host_ubd_config *config;
	struct host_ubd_info *info;
	struct host_ubd *disk;
	bool readonly;
	bool block_device;
	bool cow;
	int fd;
	int result;
	char real[256];
};

static int fail(struct opening *o, int err, const char *file,
		const char *reason)
{
	snprintf(o->info->err, sizeof(o->info->err), "%s: %s", file,
		 reason ? reason : strerror(-err));
	return err;
}

static bool flag(const struct opening *o, u32 f)
{
	return o->config->flags & f;
}

/* What is worth a line in the log; several are one line. */
__attribute__((format(printf, 2, 3)))
static void note(struct opening *o, const char *format, ...)
{
	char *to = o->info->note;
	size_t n = strlen(to), room = sizeof(o->info->note);
	va_list args;

	if (n)
		n += (size_t)snprintf(to + n, room - n, "; ");
	va_start(args, format);
	if (n < room)
		vsnprintf(to + n, room - n, format, args);
	va_end(args);
	cow_printable(to);
}

/* ---- file ---- */

static int try_open(struct opening *o, int access)
{
	o->fd = open(o->config->file, access | O_NONBLOCK | O_CLOEXEC);
	if (o->fd >= 0 && o->fd <= STDERR_FILENO) {
		int fd = fcntl(o->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		close(o->fd);
		o->fd = fd;
	}
	return o->fd < 0 ? -errno : 0;
}

/* A file that may not be written is opened for reading, and says so: root
 * file systems owned by others are booted `ro` that way. */
static int open_file(struct opening *o)
{
	const char *file = o->config->file;
	int err;

	o->readonly = flag(o, HOST_UBD_READONLY);
	err = try_open(o, o->readonly || flag(o, HOST_UBD_LAYER) ?
			  O_RDONLY : O_RDWR);
	if ((err == -EACCES || err == -EROFS || err == -EPERM) &&
	    !o->readonly && !flag(o, HOST_UBD_LAYER) &&
	    !try_open(o, O_RDONLY)) {
		note(o, "%.180s: %s: opened read-only", file, strerror(-err));
		o->readonly = true;
		err = 0;
	}
	return err ? fail(o, err, file, NULL) : 0;
}

/* Some hosts open those for writing, and fail the writes. */
static void look_for_readonly(struct opening *o)
{
	int readonly = 0;

	if (o->readonly || flag(o, HOST_UBD_LAYER) ||
	    ioctl(o->fd, BLKROGET, &readonly) || !readonly)
		return;
	note(o, "%.180s: a read-only device: opened read-only",
	     o->config->file);
	o->readonly = true;
}

static int check_kind(struct opening *o)
{
	const char *file = o->config->file;
	struct stat st;

	if (fstat(o->fd, &st))
		return fail(o, -errno, file, NULL);
	o->block_device = S_ISBLK(st.st_mode);
	if (S_ISDIR(st.st_mode))
		return fail(o, -EISDIR, file, NULL);
	if (!S_ISREG(st.st_mode) && !o->block_device)
		return fail(o, -EINVAL, file,
			    "neither a regular file nor a block device");
	fcntl(o->fd, F_SETFL, fcntl(o->fd, F_GETFL) & ~O_NONBLOCK);
	if (o->block_device)
		look_for_readonly(o);
	return 0;
}

static int take_lock(struct opening *o)
{
	bool writing = !o->readonly && !flag(o, HOST_UBD_LAYER);
	char holder[64], reason[160];
	int err;

	if (flag(o, HOST_UBD_SHARED))
		return 0;
	err = lock_image(o->fd, writing, holder, sizeof(holder));
	if (err == -EAGAIN) {
		snprintf(reason, sizeof(reason),
			 "in use by %s (flag c, as in %sc=, takes no lock)",
			 holder, o->config->name);
		return fail(o, -EBUSY, o->config->file, reason);
	}
	if (err)
		note(o, "%.150s: not locked: %s", o->config->file,
		     strerror(-err));
	return 0;
}

static int find_size(struct opening *o)
{
	struct stat st;
	u64 bytes = 0;
	u32 block = 0;

	if (o->block_device ? ioctl(o->fd, BLKGETSIZE64, &bytes) :
			      fstat(o->fd, &st))
		return fail(o, -errno, o->config->file, NULL);
	if (!o->block_device)
		bytes = (u64)st.st_size;
	if (bytes > IMAGE_BYTES_MOST)
		return fail(o, -EFBIG, o->config->file, NULL);
	o->info->bytes = (bytes + 511) & ~511ull;
	o->info->block = 4096;
	if (o->block_device && !ioctl(o->fd, BLKPBSZGET, &block) &&
	    block >= 512 && block <= 65536 && !(block & (block - 1)))
		o->info->block = block;
	return 0;
}

/* Told by how the file begins, unless it is to be taken as plain bytes. A disk
 * found plain stays so: see disk.c. */
static int find_format(struct opening *o)
{
	unsigned char head[4] = { 0 };
	const char *format;
	ssize_t n;

	if (flag(o, HOST_UBD_DATA))
		return 0;
	n = io_file_head(o->fd, head, sizeof(head));
	if (n < 0)
		return fail(o, -errno, o->config->file, NULL);
	format = disk_magic(head);
	if (format && !cow_probe(head, sizeof(head)))
		return fail(o, -EINVAL, o->config->file,
			    "a qcow2 file: not supported (convert it to raw)");
	o->cow = format;
	o->disk->guarded = !format && !flag(o, HOST_UBD_LAYER);
	return 0;
}

static int check_backing(struct opening *o)
{
	const char *backing = o->config->backing;

	if (!backing || !backing[0] || o->cow)
		return 0;
	return fail(o, -EINVAL, o->config->file,
		    "a backing file is given, but this is no COW file");
}

/* A device that has no quick zeroes has no holes. */
static bool device_can_punch(struct opening *o)
{
	char path[80], text[24] = "";
	struct stat st;
	int fd;

	if (fstat(o->fd, &st))
		return false;
	snprintf(path, sizeof(path),
		 "/sys/dev/block/%u:%u/queue/write_zeroes_max_bytes",
		 major(st.st_rdev), minor(st.st_rdev));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;	/* a partition, or no sysfs: it may */
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 10);
}

/* A hole behind the end changes nothing and tells whether holes can be. */
static bool can_punch(struct opening *o)
{
	off_t behind = (off_t)((o->info->bytes + (2u << 20)) & ~4095ull);

	if (o->block_device)
		return device_can_punch(o);
	return !fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  behind, 4096);
}

/* ---- image ---- */

static void say_full(void *arg, int err)
{
	struct host_ubd *d = arg;
	char line[400];
	int n;

	n = snprintf(line, sizeof(line),
		     "%s: throw-away layer in %s: %s: give ubd_layer_dir= with "
		     "more room%s\n", d->name, d->layer_dir, strerror(-err),
		     d->layer_max ? " or a larger ubd_layer_max=" : "");
	host_early_write(line, (u64)n);
}

/* Where the file really is: it may be named by a link, or /proc/self/fd/N. */
static void real_name(struct opening *o)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", o->fd);
	n = readlink(link, o->real, sizeof(o->real) - 1);
	o->real[n > 0 ? n : 0] = '\0';
	if (o->real[0] != '/')
		snprintf(o->real, sizeof(o->real), "%s", o->config->file);
}

static struct image *make_layer(struct opening *o, struct io *base)
{
	struct host_ubd *d = o->disk;
	struct scratch s;
	struct io *over;
	int err;

	err = scratch_make(o->real, o->config->layer_dir,
			   o->info->bytes, o->config->layer_max, &s);
	if (err) {
		snprintf(o->info->err, sizeof(o->info->err),
			 "throw-away layer: %s: %s: give ubd_layer_dir=DIR",
			 s.dir, strerror(-err));
		base->ops->close(base);
		errno = -err;
		return NULL;
	}
	snprintf(d->layer_dir, sizeof(d->layer_dir), "%s", s.dir);
	d->layer_max = s.max;
	over = io_file(s.fd);
	if (!over) {
		base->ops->close(base);
		return NULL;
	}
	return layer_image(base, over, o->info->bytes, s.max, say_full, d);
}

static bool in_memory(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC ||
				     fs.f_type == RAMFS_MAGIC);
}

/* A header may have named it. */
static void note_backing(void *arg, int fd, const char *path)
{
	struct opening *o = arg;

	note(o, "backing %.200s", path);
	o->disk->memory = o->disk->memory && in_memory(fd);
}

static int cow_disk(struct opening *o)
{
	const char *backing = o->config->backing;
	struct cow_opening c = {
		.file = o->config->file,
		.backing = backing && backing[0] ? backing : NULL,
		.writable = !o->readonly && !flag(o, HOST_UBD_LAYER),
		.no_lock = flag(o, HOST_UBD_SHARED),
		.direct = flag(o, HOST_UBD_DIRECT),
		.found = note_backing,
		.arg = o,
	};
	int fd = o->fd, err;

	o->fd = -1;
	err = cow_open(fd, o->info->bytes, &c, &o->disk->img);
	if (err) {
		snprintf(o->info->err, sizeof(o->info->err), "%s", c.err);
		return err;
	}
	if (c.note[0])
		note(o, "%s", c.note);
	o->info->bytes = o->disk->img->bytes;
	return 0;
}

static int no_direct(struct opening *o, int err)
{
	char reason[120];

	snprintf(reason, sizeof(reason), "no O_DIRECT (flag u) here: %s",
		 strerror(err));
	return fail(o, -err, o->config->file, reason);
}

static int make_image(struct opening *o)
{
	struct host_ubd *d = o->disk;
	struct io *io = NULL;

	real_name(o);
	d->memory = in_memory(o->fd) && !flag(o, HOST_UBD_LAYER);
	if (o->cow) {
		int err = cow_disk(o);

		if (err || !flag(o, HOST_UBD_LAYER))
			return err;
		io = io_image(d->img);
		d->img = NULL;
	} else {
		io = flag(o, HOST_UBD_DIRECT) ? io_direct(o->fd) :
						io_file(o->fd);
		o->fd = -1;
		if (!io && flag(o, HOST_UBD_DIRECT))
			return no_direct(o, errno);
	}
	errno = ENOMEM;
	if (io && flag(o, HOST_UBD_LAYER))
		d->img = make_layer(o, io);
	else if (io)
		d->img = raw_image(io, o->info->bytes);
	if (d->img)
		return 0;
	if (!o->info->err[0])
		return fail(o, -ENOMEM, o->config->file, NULL);
	return -errno;
}

/* A COW file that is not there is made, if it is known over what. */
static int check_config(struct opening *o)
{
	const struct host_ubd_config *c = o->config;
	int err;

	if (!c->file[0])
		return fail(o, -EINVAL, "no file named", "give ubdN=FILE");
	if (!c->backing || !c->backing[0] || !access(c->file, F_OK) ||
	    errno != ENOENT)
		return 0;
	err = cow_make(c->file, c->backing, COW_ALIGN_NEW, o->info->err,
		       sizeof(o->info->err));
	return err == -EEXIST ? 0 : err;
}

static int open_steps(struct opening *o)
{
	int err;

	if ((err = check_config(o)) || (err = open_file(o)) ||
	    (err = check_kind(o)) || (err = take_lock(o)) ||
	    (err = find_size(o)) || (err = find_format(o)) ||
	    (err = check_backing(o)))
		return err;
	o->info->readonly = o->readonly;
	o->info->can_discard = !o->readonly && !flag(o, HOST_UBD_NOTRIM) &&
			       (flag(o, HOST_UBD_LAYER) || can_punch(o));
	err = worker_start();
	if (err)
		return fail(o, err, "host thread", NULL);
	err = make_image(o);
	if (!err && flag(o, HOST_UBD_WAIT))
		host_ubd_set_wait(o->disk, true);
	if (err || !o->disk->img->fmt->periodic || o->readonly)
		return err;
	err = rounds_add(o->disk);
	return err ? fail(o, err, "host thread", NULL) : 0;
}

/* On a thread of its own, whose stack takes paths of the host. */
static void *open_thread(void *arg)
{
	struct opening *o = arg;

	o->result = open_steps(o);
	return NULL;
}

static int run_steps(struct opening *o)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&thread, NULL, open_thread, o);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return fail(o, err, "host thread", NULL);
	pthread_join(thread, NULL);
	return o->result;
}

int host_ubd_open(const struct host_ubd_config *config, struct host_ubd **out,
		  struct host_ubd_info *info)
{
	struct opening o = { .config = config, .info = info, .fd = -1 };
	int err;

	memset(info, 0, sizeof(*info));
	o.disk = calloc(1, sizeof(*o.disk));
	if (!o.disk)
		return fail(&o, -ENOMEM, config->file, NULL);
	snprintf(o.disk->name, sizeof(o.disk->name), "%s", config->name);
	o.disk->flags = config->flags;
	o.disk->event = config->event;
	err = run_steps(&o);
	if (err) {
		if (o.disk->img)
			o.disk->img->fmt->close(o.disk->img);
		if (o.fd >= 0)
			close(o.fd);
		free(o.disk);
		return err;
	}
	*out = o.disk;
	return 0;
}

void host_ubd_close(struct host_ubd *disk)
{
	rounds_remove(disk);
	if (!disk->img->fmt->clean(disk->img))
		disk->img->fmt->flush(disk->img);
	disk->img->fmt->close(disk->img);
	free(disk);
}
