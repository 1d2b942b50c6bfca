// SPDX-License-Identifier: GPL-2.0
/* The file system of the image, mounted. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/engine/agent/agent.h"

#define POINT "/sysroot"

/* How long the disk may take to appear. */
#define DISK_WAIT_MS 2000

int mount_root = -1;

bool mount_sync_all;

static bool mounted;

static bool wait_for_disk(const char *device)
{
	const struct timespec ts = { .tv_nsec = 5000000 };
	int waited;

	for (waited = 0; access(device, F_OK); waited += 5) {
		if (waited >= DISK_WAIT_MS)
			return false;
		nanosleep(&ts, NULL);
	}
	return true;
}

/* The last thing the kernel has said, for a message; "" if nothing. */
static const char *kernel_says(void)
{
	static char log[1 << 17];
	const char *found = "", *p;
	char *line;
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	if (n <= 0)
		return "";
	log[n] = 0;
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "ubda") || strstr(line, "rror"))
			found = line;
	p = strchr(found, ']');
	return p && p[1] == ' ' ? p + 2 : found;
}

/* What the drivers do not choose as we want it. */
static const char *options_for(const char *type)
{
	/* (iocharset=utf8 would make it case-sensitive) */
	if (!strcmp(type, "vfat"))
		return "umask=022,utf8=1,quiet";
	/* fsync() as that of others: a file that was renamed, too */
	if (!strcmp(type, "f2fs"))
		return "fsync_mode=strict";
	/* without it, FITRIM is refused */
	if (!strcmp(type, "ntfs3"))
		return "discard";
	/* df: all blocks, as imgtool counts them */
	if (!strncmp(type, "ext", 3))
		return "minixdf";
	if (!strcmp(type, "exfat"))
		return "umask=022,iocharset=utf8";
	if (!strcmp(type, "iso9660") || !strcmp(type, "udf"))
		return "iocharset=utf8";
	return NULL;
}

static int try_mount(const char *device, const char *type, bool write)
{
	unsigned long flags = MS_NOATIME | MS_NODEV | MS_NOSUID | MS_NOEXEC;
	const char *options = options_for(type);

	if (!write)
		flags |= MS_RDONLY;
	if (!mount(device, POINT, type, flags, options))
		return 0;
	if (options && errno == EINVAL &&
	    !mount(device, POINT, type, flags, NULL))
		return 0;
	return -errno;
}

/* Everything that a disk can have. The type that was tried last is in TYPE. */
static int try_all(const char *device, bool write, char type[64])
{
	FILE *list = fopen("/proc/filesystems", "re");
	char line[64];
	int r = -ENODEV;

	while (list && r < 0 && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		if (*line != '\t')
			continue;
		strcpy(type, line + 1);
		r = try_mount(device, type, write);
	}
	if (list)
		fclose(list);
	return r;
}

void serve_mount(const struct request *request)
{
	bool write = request->head.flags & ENGINE_WRITE;
	char type[64] = "";
	struct statvfs st;
	int r;

	if (mounted) {
		answer_error(request, -EBUSY, "");
		return;
	}
	if (!wait_for_disk(request->path)) {
		answer_error(request, -ENXIO,
			     "the guest has no such disk or partition");
		return;
	}
	mkdir(POINT, 0700);
	if (request->head.flags & ENGINE_CLOCK)
		clock_hold(request->head.offset);
	snprintf(type, sizeof(type), "%s", request->data);
	r = *type ? try_mount(request->path, type, write) :
		    try_all(request->path, write, type);
	if (r < 0) {
		answer_error(request, r, kernel_says());
		return;
	}
	mounted = true;
	/* (their directories are synced by nobody who syncs a file) */
	mount_sync_all = !strcmp(type, "vfat") || !strcmp(type, "exfat");
	/* some kinds cannot be written, and mount all the same */
	if (write && !statvfs(POINT, &st) && st.f_flag & ST_RDONLY) {
		mount_end();
		answer_error(request, -EROFS, "");
		return;
	}
	mount_root = open(POINT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	answer(request, type, strlen(type));
}

int mount_native(const char *directory)
{
	mount_root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount_root < 0 ? -errno : 0;
}

void serve_trim(const struct request *request)
{
	struct fstrim_range range = { .len = UINT64_MAX };
	int fd = open(POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	/* (what was freed a moment ago is free on the disk by then) */
	if (fd < 0 || syncfs(fd) || ioctl(fd, FITRIM, &range))
		err = errno == ENOTTY ? -EOPNOTSUPP : -errno;
	if (fd >= 0)
		close(fd);
	answer_done(request, err);
}

int mount_end(void)
{
	int r = 0;

	files_end();
	if (mount_root >= 0)
		close(mount_root);
	mount_root = -1;
	if (mounted && umount(POINT))
		r = -errno;
	mounted = false;
	sync();
	return r;
}
