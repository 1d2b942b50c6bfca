/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of an engine: started on the first use of an image, kept for all
 * that the command does with it, and killed at the command's end. Only one that
 * writes is asked to end, and has synced and unmounted before its image is
 * closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/check/checker.h"
#include "imgtool/engine/engine.h"
#include "imgtool/engine/watch.h"
#include "imgtool/msg.h"
#include "imgtool/run/run.h"
#include "imgtool/size.h"

/* The agent's program, as it lies in imgtool. */
extern const unsigned char engine_init_start[], engine_init_end[];

/* Files are read into the guest's memory, and no further than to us. */
#define MEMORY (512ull << 20)

#define MODULES_MOST 32

#define SOCKET_BYTES (1 << 20)

struct guest_process {
	struct engine engine;
	struct guest guest;
	dev_t device; /* of the image ... */
	ino_t inode;
	uint64_t offset; /* ... and the part of it */
	char *backing;	 /* of a COW file, or NULL */
	bool writable;
	char *image;	     /* its name, for messages */
	struct watch watch;
	const char *verdict; /* why we have killed it, or NULL */
	char says[2048]; /* the end of what it has said */
	size_t said;
	struct guest_process *next;
};

static struct guest_process *guests;

/* ---- what the guest says ---- */

static void hear(struct guest_process *g, int *fd)
{
	char text[1024];
	size_t keep = sizeof(g->says) / 2, drop;
	ssize_t n = read(*fd, text, sizeof(text));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return;
	}
	if (g->said + n > sizeof(g->says)) {
		drop = g->said > keep ? g->said - keep : 0;
		memmove(g->says, g->says + drop, g->said - drop);
		g->said -= drop;
	}
	memcpy(g->says + g->said, text, n);
	g->said += n;
}

/* Wait for the channel or TIMEOUT milliseconds, and hear the guest while we do:
 * it would stop if nobody did. What the channel has, or -1. */
static int wait_and_hear(struct guest_process *g, int fd, short events,
			 int timeout)
{
	struct pollfd p[3] = {
		{ .fd = fd, .events = events },
		{ .fd = g->guest.console, .events = POLLIN },
		{ .fd = g->guest.errors, .events = POLLIN },
	};

	if (poll(p, 3, timeout) < 0)
		return -1;
	if (p[1].revents)
		hear(g, &g->guest.console);
	if (p[2].revents)
		hear(g, &g->guest.errors);
	return p[0].revents;
}

/* The channel's other side is closed by that. */
static void kill_guest(struct guest_process *g)
{
	guest_signal(&g->guest, SIGKILL);
	if (g->guest.pid > 0)
		kill(g->guest.pid, SIGKILL);
}

static void wait_guest(void *context, int fd, short events)
{
	struct guest_process *g = context;
	int timeout;

	if (!g->verdict) {
		g->verdict = watch_look(&g->watch, g->guest.pid, &timeout);
		if (g->verdict)
			kill_guest(g);
	}
	if (g->verdict)
		timeout = 1000;
	if (wait_and_hear(g, fd, events, timeout) > 0)
		watch_reset(&g->watch);
}

/* How long a process that was killed may take to close what it had. */
#define DEATH_MS 5000

/* The last line of a guest that is dead, as far as it has one. */
static const char *last_words(struct guest_process *g)
{
	static char line[400];
	size_t end, start;
	int i;

	for (i = 0; i < DEATH_MS / 100 &&
	     (g->guest.errors >= 0 || g->guest.console >= 0); i++)
		wait_and_hear(g, -1, 0, 100);
	for (end = g->said; end && strchr("\r\n ", g->says[end - 1]);)
		end--;
	for (start = end; start && g->says[start - 1] != '\n';)
		start--;
	snprintf(line, sizeof(line), "%.*s", (int)(end - start),
		 g->says + start);
	return line;
}

/* The signal that has killed the guest; 0: none. It gets a moment: who sees its
 * channel closed is earlier than its parent. */
static int killed_by(struct guest_process *g)
{
	int i;

	for (i = 0; i < DEATH_MS / 10 && !guest_check(&g->guest); i++)
		poll(NULL, 0, 10);
	return g->guest.ended && WIFSIGNALED(g->guest.status) ?
	       WTERMSIG(g->guest.status) : 0;
}

/* What of it still runs is of no use any more. */
static void guest_died(void *context, bool broken)
{
	struct guest_process *g = context;
	int signo = g->verdict || broken ? 0 : killed_by(g);
	const char *says;

	kill_guest(g);
	says = last_words(g);
	if (g->verdict)
		msg_error(g->image, "the engine's guest %s, and was killed",
			  g->verdict);
	else if (broken)
		msg_error(g->image, "the engine's guest says what no engine "
			  "does, and was killed");
	else if (signo)
		msg_error(g->image, "the engine's guest was killed by signal "
			  "%d (%s)", signo, strsignal(signo));
	else
		msg_error(g->image, "the engine's guest has ended too early"
			  "%s%s", *says ? ": " : "", says);
}

/* ---- start and end ---- */

static void stop(struct guest_process *g)
{
	guest_reap(&g->guest);
	if (g->guest.console >= 0)
		close(g->guest.console);
	if (g->guest.errors >= 0)
		close(g->guest.errors);
	engine_finish(&g->engine);
	free(g->backing);
	free(g->image);
	free(g);
}

/* Take G, which is in the list, out of it and end it. */
static void drop(struct guest_process *g)
{
	struct guest_process **at = &guests;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	stop(g);
}

static void stop_all(void)
{
	struct guest_process *g;

	while ((g = guests)) {
		guests = g->next;
		stop(g);
	}
}

/* Not 0..19: those are what the kernel gives itself. */
static int high(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, RUN_FD_MIN);

	close(fd);
	return copy;
}

static int open_channel(int *ours, int *theirs)
{
	const int size = SOCKET_BYTES;
	int pair[2], i;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return msg_errno("socketpair", errno, "cannot be made");
	for (i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size,
			   sizeof(size));
	*ours = high(pair[0]);
	*theirs = high(pair[1]);
	if (*ours >= 0 && *theirs >= 0)
		return 0;
	return msg_errno("socketpair", errno, "cannot be made");
}

static char *read_module(const char *file, size_t *size)
{
	FILE *f = fopen(file, "re");
	struct stat st;
	char *data;

	if (!f || fstat(fileno(f), &st) || st.st_size > 64 << 20) {
		msg_errno(file, errno, "cannot be read");
		if (f)
			fclose(f);
		return NULL;
	}
	data = mem_alloc(st.st_size);
	*size = fread(data, 1, st.st_size, f);
	fclose(f);
	return data;
}

static int make_initrd(const char *kernel, const char *type)
{
	struct initrd_file files[MODULES_MOST];
	struct initrd what = {
		.init = engine_init_start,
		.init_size = engine_init_end - engine_init_start,
		.files = files,
	};
	char **modules = engine_modules(kernel, type), **m;
	int fd = 0;
	size_t i;

	for (m = modules; *m && what.count < MODULES_MOST; m++) {
		struct initrd_file *f = &files[what.count];

		f->data = read_module(*m, &f->size);
		if (!f->data) {
			fd = -1;
			break;
		}
		f->name = mem_printf("modules/%zu.ko", what.count++);
	}
	for (m = modules; *m; m++)
		free(*m);
	free(modules);
	if (fd == 0)
		fd = initrd_create(&what);
	for (i = 0; i < what.count; i++) {
		free((void *)files[i].name);
		free((void *)files[i].data);
	}
	return fd;
}

static int boot(struct guest_process *g, const struct disk *disk, int theirs)
{
	const struct run_options options = {
		.image = disk->name, .mem = MEMORY, .cpus = 1, .append = "",
		.backing = g->backing, .rw = g->writable,
	};
	struct run_stdio stdio = { .kernel_fd = { theirs, -1, -1, -1 } };
	struct run_image image;
	const char *kernel;
	int r = -1, initrd, fds[3], i;
	char **argv;

	kernel = kernel_find(&options);
	if (!kernel || image_open(&options, &image) < 0)
		return -1;
	initrd = make_initrd(kernel, disk->fs);
	if (initrd >= 0) {
		fds[0] = theirs;
		fds[1] = initrd;
		fds[2] = image.fd;
		argv = kernel_arguments(&options, &image, &stdio, kernel,
					initrd);
		r = guest_start(&g->guest, kernel, argv, fds, 3);
		for (i = 0; argv[i]; i++)
			free(argv[i]);
		free(argv);
		close(initrd);
	}
	image_close(&image, false);
	return r;
}

/* The device that the guest has for the part that was chosen. (A partition may be
 * all of an ISO image, and no kernel need see it as one.) */
static void name_device(const struct disk *disk, char *name, size_t size)
{
	size_t i;

	snprintf(name, size, "/dev/ubda");
	if (disk->size == disk->file_size)
		return;
	for (i = 0; i < disk->partition_count; i++)
		if (disk->partitions[i].offset == disk->offset &&
		    disk->partitions[i].size == disk->size)
			snprintf(name, size, "/dev/ubda%u",
				 disk->partitions[i].number);
}

static int report(struct guest_process *g, const struct disk *disk, int r,
		  const char *says)
{
	const char *type = *disk->fs ? disk->fs : "unknown";

	if (g->engine.client.dead)
		return -1;
	if (r == -EROFS)
		return msg_error(disk->name, "a file system of type %s cannot "
				 "be changed", type);
	if (r == -ENODEV)
		return msg_error(disk->name, "the guest kernel has no driver "
				 "for a file system of type %s", type);
	return msg_error(disk->name, "the %s file system cannot be mounted in "
			 "the guest: %s%s%s%s%s", type, strerror(-r),
			 *says ? " (" : "", says, *says ? ")" : "",
			 g->writable && checker_resets(type) ?
			 "; imgtool fsck may help" : "");
}

static int mount_disk(struct guest_process *g, const struct disk *disk)
{
	const struct engine_type *type = engine_find_type(disk->fs);
	struct engine *e = &g->engine;
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	unsigned int flags = g->writable ? ENGINE_WRITE : 0;
	char device[32];
	const char *says;
	int64_t time = 0;
	int r;

	name_device(disk, device, sizeof(device));
	if (g->writable && epoch && epoch_parse(epoch, &time) == 0)
		flags |= ENGINE_CLOCK;
	r = engine_mount(e, device, type ? type->kernel : disk->fs, flags,
			 time, &says);
	if (r < 0)
		return report(g, disk, r, says);
	/* as blkid calls it, like all else that we say about images */
	if (*disk->fs)
		snprintf(e->type, sizeof(e->type), "%s", disk->fs);
	return 0;
}

/*
 * What it takes from DISK is taken by then: to be written to, an image is
 * nobody else's, not even ours.
 */
static struct guest_process *start(struct disk *disk, const struct stat *st)
{
	struct guest_process *g = mem_zalloc(sizeof(*g));
	int ours = -1, theirs = -1, r;

	g->device = st->st_dev;
	g->inode = st->st_ino;
	g->offset = disk->offset;
	g->writable = disk->writable;
	g->image = mem_strdup(disk->name);
	if (disk->backing_count)
		g->backing = mem_strdup(disk->backings[0].file);
	if (g->writable)
		disk_release(disk);
	g->guest.console = g->guest.errors = -1;
	r = open_channel(&ours, &theirs);
	if (r == 0)
		r = boot(g, disk, theirs);
	if (theirs >= 0)
		close(theirs);
	engine_begin(&g->engine, ours);
	g->engine.guest = g;
	g->engine.client.wait = wait_guest;
	g->engine.client.died = guest_died;
	g->engine.client.wait_context = g;
	if (r == 0)
		r = mount_disk(g, disk);
	if (r == 0)
		return g;
	stop(g);
	return NULL;
}

/* ---- who uses it ---- */

/* It has been told to end: that takes a moment, and leaves a COW file closed.
 * One that hangs is killed; what it had is written by then. */
static void await_end(struct guest_process *g)
{
	int i;

	for (i = 0; i < 100 && (g->guest.console >= 0 || g->guest.errors >= 0);
	     i++)
		wait_and_hear(g, -1, 0, 100);
}

static void release(struct engine *engine)
{
	struct guest_process *g = engine->guest;

	engine->users--;
	if (!g->writable)
		return;
	await_end(g);
	drop(g);
}

/* Those that would have the image while it is written to. */
static void drop_idle(const struct stat *st)
{
	struct guest_process *g, *next;

	for (g = guests; g; g = next) {
		next = g->next;
		if (g->device == st->st_dev && g->inode == st->st_ino &&
		    !g->engine.users)
			drop(g);
	}
}

/* (one that has died is what its users have, to the end) */
static struct guest_process *find(const struct disk *disk,
				  const struct stat *st)
{
	struct guest_process *g;

	for (g = guests; g; g = g->next)
		if (g->device == st->st_dev && g->inode == st->st_ino &&
		    g->offset == disk->offset && !g->writable &&
		    (g->engine.users || !g->engine.client.dead))
			return g;
	return NULL;
}

int engine_open_guest(struct fs *fs)
{
	struct disk *disk = fs->disk;
	struct guest_process *g;
	struct stat st;

	if (fstat(disk->fd, &st))
		return msg_errno(disk->name, errno, "cannot be looked at");
	if (disk->writable)
		drop_idle(&st);
	g = disk->writable ? NULL : find(disk, &st);
	if (!g) {
		if (!guests && !engine_release)
			atexit(stop_all);
		engine_release = release;
		g = start(disk, &st);
		if (!g)
			return -1;
		g->next = guests;
		guests = g;
	}
	g->engine.users++;
	engine_tree(&g->engine, fs);
	return 0;
}

bool engine_has_kernel(const char *type)
{
	const char *kernel = kernel_look();

	return kernel && engine_modules_have(kernel, type);
}
