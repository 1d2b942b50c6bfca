// SPDX-License-Identifier: GPL-2.0
/* The agent's start and its loop; see agent.h for what it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

char room[ENGINE_REPLY_MOST];

static int channel = -1;
static bool native;

static void end(void) __attribute__((noreturn));
static void end(void)
{
	if (!native && getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(0);
}

/* ---- the channel ---- */

/* imgtool is gone: nobody is left to work for. */
static void lost(void)
{
	mount_end();
	end();
}

/* Several requests may come at once: every call of the kernel counts here. */
static void read_all(void *data, size_t size)
{
	static char buffer[1 << 16];
	static size_t start, end;
	ssize_t n;

	for (; size; size -= n, data = (char *)data + n) {
		if (start < end) {
			n = end - start < size ? end - start : size;
			memcpy(data, buffer + start, n);
			start += n;
			continue;
		}
		if (size >= sizeof(buffer))
			n = read(channel, data, size);
		else
			n = read(channel, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR) {
			n = 0;
		} else if (n <= 0) {
			lost();
		} else if (size < sizeof(buffer)) {
			start = 0;
			end = n;
			n = 0;
		}
	}
}

static void write_all(const void *data, size_t size)
{
	ssize_t n;

	for (; size; size -= n, data = (const char *)data + n) {
		n = write(channel, data, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			lost();
	}
}

/* The head in front of the data, where that is in room: one write. */
static void send_answer(const struct request *request, int result,
			uint32_t flags, const void *data, size_t size)
{
	static struct {
		struct engine_reply head;
		char data[ENGINE_REPLY_MOST];
	} small;
	struct engine_reply head = {
		.id = request->head.id, .result = result, .size = size,
		.flags = flags,
	};

	if (size > 1 << 16) {
		write_all(&head, sizeof(head));
		write_all(data, size);
		return;
	}
	small.head = head;
	memcpy(small.data, data, size);
	write_all(&small, sizeof(head) + size);
}

void answer(const struct request *request, const void *data, size_t size)
{
	send_answer(request, 0, 0, data, size);
}

void answer_more(const struct request *request, const void *data, size_t size)
{
	send_answer(request, 0, ENGINE_MORE, data, size);
}

void answer_error(const struct request *request, int err, const char *text)
{
	send_answer(request, err, 0, text, strlen(text));
}

/* ---- requests ---- */

static bool get_request(struct request *request)
{
	static char path[ENGINE_PATH_MOST + 1], data[ENGINE_DATA_MOST + 1];
	struct engine_request *head = &request->head;

	read_all(head, sizeof(*head));
	if (head->path_size > ENGINE_PATH_MOST ||
	    head->data_size > ENGINE_DATA_MOST)
		return false;
	read_all(path, head->path_size);
	read_all(data, head->data_size);
	path[head->path_size] = 0;
	data[head->data_size] = 0;
	request->path = path;
	request->data = data;
	return true;
}

static void serve_end(const struct request *request)
{
	answer_done(request, mount_end());
	end();
}

static void (*const services[])(const struct request *request) = {
	[ENGINE_MOUNT] = serve_mount,
	[ENGINE_STAT] = serve_stat,
	[ENGINE_READDIR] = serve_readdir,
	[ENGINE_READ] = serve_read,
	[ENGINE_READ_FILES] = serve_read_files,
	[ENGINE_SEEK] = serve_seek,
	[ENGINE_READLINK] = serve_readlink,
	[ENGINE_XATTRS] = serve_xattrs,
	[ENGINE_USAGE] = serve_usage,
	[ENGINE_OPEN] = serve_open,
	[ENGINE_CLOSE] = serve_close,
	[ENGINE_SYNC] = serve_sync,
	[ENGINE_END] = serve_end,
	[ENGINE_MKNOD] = serve_mknod,
	[ENGINE_MKDIR] = serve_mkdir,
	[ENGINE_SYMLINK] = serve_symlink,
	[ENGINE_LINK] = serve_link,
	[ENGINE_RENAME] = serve_rename,
	[ENGINE_UNLINK] = serve_unlink,
	[ENGINE_RMDIR] = serve_rmdir,
	[ENGINE_CLEAR] = serve_clear,
	[ENGINE_WRITE_AT] = serve_write,
	[ENGINE_TRUNCATE] = serve_truncate,
	[ENGINE_ALLOCATE] = serve_allocate,
	[ENGINE_SETATTR] = serve_setattr,
	[ENGINE_SETXATTR] = serve_setxattr,
	[ENGINE_DELXATTR] = serve_delxattr,
	[ENGINE_TRIM] = serve_trim,
};

static void serve(const struct request *request)
{
	unsigned int op = request->head.op;

	if (op >= sizeof(services) / sizeof(*services) || !services[op]) {
		answer_error(request, -ENOSYS, "");
	} else if (mount_root < 0 && op != ENGINE_MOUNT && op != ENGINE_END) {
		answer_error(request, -ENODEV, "");
	} else {
		clock_before(request);
		services[op](request);
		clock_after(request);
	}
}

/* ---- start ---- */

static int load_module(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return r;
}

/* imgtool has put them there in their order. */
static void load_modules(void)
{
	char name[32];
	int i, r;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "/modules/%d.ko", i);
		r = load_module(name);
		if (r == -ENOENT && access(name, F_OK))
			return;
		if (r < 0 && r != -EEXIST)
			dprintf(2, "umkit-engine: %s: %s\n", name,
				strerror(-r));
	}
}

static int start(void)
{
	static const char *const early[][2] = {
		{ "devtmpfs", "/dev" }, { "proc", "/proc" },
	};
	size_t i;

	for (i = 0; i < sizeof(early) / sizeof(*early); i++)
		if (mount(early[i][0], early[i][1], early[i][0], 0, NULL) &&
		    errno != EBUSY)
			dprintf(2, "umkit-engine: %s: %s\n", early[i][1],
				strerror(errno));
	load_modules();
	return open("/dev/umchan0", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	struct request request;

	signal(SIGPIPE, SIG_IGN);
	native = argc == 4 && !strcmp(argv[1], "--native");
	if (native) {
		channel = atoi(argv[2]);
		if (mount_native(argv[3]) < 0)
			return 1;
	} else if (getpid() == 1) {
		setrlimit(RLIMIT_NOFILE, &files);
		channel = start();
	} else {
		return 2;
	}
	if (channel < 0) {
		dprintf(2, "umkit-engine: channel 0: %s\n", strerror(errno));
		end();
	}
	while (get_request(&request))
		serve(&request);
	lost();
}
