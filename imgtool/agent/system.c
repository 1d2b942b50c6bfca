// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's system side: from an initrd with nothing but init to the image
 * as root directory, and back to an image at rest.
 *
 * The image is mounted on /sysroot, moved over / and entered by chroot, as
 * switch_root does it; then / is the top of the name space, and unshare and
 * pivot_root work for the command. What a Linux user expects to find mounted
 * is mounted inside. Mount points that the image lacks are made: that is all
 * that is ever written to it from here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

#define SYSROOT "/sysroot"
#define WHOLE	"/dev/ubda"	/* the disk */

/* How long the root device may take to appear. */
#define DEVICE_WAIT_MS 2000

/* How long processes get to end after SIGTERM. */
#define TERMINATE_MS 2000

static bool root_mounted;

static void sleep_ms(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
			       .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&ts, NULL);
}

int system_early(void)
{
	static const struct {
		const char *type, *dir;
	} early[] = {
		{ "devtmpfs", "/dev" }, { "proc", "/proc" }, { "sysfs", "/sys" },
	};
	size_t i;

	for (i = 0; i < sizeof(early) / sizeof(*early); i++) {
		mkdir(early[i].dir, 0755);
		if (mount(early[i].type, early[i].dir, early[i].type, 0, NULL)) {
			dprintf(2, "umkit-init: %s: cannot be mounted: %s\n",
				early[i].type, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* ---- the root file system ---- */

static bool wait_for_device(const char *device)
{
	int waited;

	for (waited = 0; access(device, F_OK); waited += 10) {
		if (waited >= DEVICE_WAIT_MS)
			return false;
		sleep_ms(10);
	}
	return true;
}

/* The last thing the kernel said about ubda, for a message; "" if nothing. */
static const char *kernel_says(void)
{
	static char log[1 << 17];
	char *line, *found = NULL, *p;
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	if (n <= 0)
		return "";
	log[n] = 0;
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "(ubda") || strstr(line, "dev ubda"))
			found = line;
	if (!found)
		return "";
	p = strchr(found, ']');
	return p && p[1] == ' ' ? p + 2 : found;
}

/*
 * Is the answer to a mount that of a driver which has found its own kind of
 * file system? One that has not says EINVAL, but also EIO and what not where
 * the image is smaller than it expects; ext4 is asked first and more believed.
 */
static bool is_verdict(int err, bool ext4)
{
	if (ext4)
		return err != EINVAL && err != ENODEV;
	return err == EUCLEAN || err == EBADMSG;
}

static int try_mount(const char *device, const char *type, bool writable)
{
	if (!mount(device, SYSROOT, type, writable ? 0 : MS_RDONLY, NULL))
		return 0;
	if (writable && (errno == EACCES || errno == EROFS) &&
	    !mount(device, SYSROOT, type, MS_RDONLY, NULL))
		return 0;
	return errno;
}

/* Try what /proc/filesystems lists for block devices, ext4 first. Returns 0
 * or the most telling errno, with what the kernel says of it in *SAYS. */
static int mount_any(const char *device, bool writable, const char **says)
{
	int err = try_mount(device, "ext4", writable), e;
	char line[128], *name;
	FILE *list;

	*says = err ? kernel_says() : "";
	if (!err || is_verdict(err, true))
		return err;
	/* EINVAL: another file system, or features that this one lacks. */
	if (**says && !strstr(*says, "an't find"))
		return err;
	*says = "";
	list = fopen("/proc/filesystems", "re");
	if (!list)
		return err;
	while (err && fgets(line, sizeof(line), list)) {
		if (strncmp(line, "nodev", 5) == 0)
			continue;
		name = line + strspn(line, " \t");
		name[strcspn(name, "\n")] = 0;
		if (!*name || !strcmp(name, "ext4"))
			continue;
		e = try_mount(device, name, writable);
		if (!e || is_verdict(e, false)) {
			err = e;
			*says = e ? kernel_says() : "";
		}
	}
	fclose(list);
	return err;
}

static int report_mount(const char *device, int err, const char *says)
{
	if (!*says && (err == EINVAL || err == ENODEV))
		ctl_fail(AGENT_EXIT_FAILED, "",
			 "holds no file system that the guest kernel can mount");
	else
		ctl_fail(AGENT_EXIT_FAILED, "",
			 "the file system on %s cannot be mounted: %s%s%s%s",
			 device, strerror(err), *says ? " (" : "", says,
			 *says ? ")" : "");
	return -1;
}

/* How many partitions the disk has; the name of the last one in NAME. */
static int find_partitions(char *name, size_t size)
{
	int i, count = 0;
	char path[32];

	for (i = 1; i < 256; i++) {
		snprintf(path, sizeof(path), WHOLE "%d", i);
		if (access(path, F_OK))
			continue;
		snprintf(name, size, "%s", path);
		count++;
	}
	return count;
}

/* The whole disk if there is a file system on it, else its only partition. */
static int mount_root(const char *device, bool writable)
{
	const char *says;
	char partition[32];
	int count, err = mount_any(device, writable, &says);

	if (!err)
		return 0;
	if (*says || (err != EINVAL && err != ENODEV) || strcmp(device, WHOLE))
		return report_mount(device, err, says);
	count = find_partitions(partition, sizeof(partition));
	if (count == 1) {
		err = mount_any(partition, writable, &says);
		return err ? report_mount(partition, err, says) : 0;
	}
	if (!count)
		return report_mount(device, err, says);
	ctl_fail(AGENT_EXIT_FAILED, "",
		 "has %d partitions: choose one by @NUMBER behind its name",
		 count);
	return -1;
}

int system_root(const char *device, bool writable)
{
	if (!wait_for_device(device)) {
		ctl_fail(AGENT_EXIT_FAILED, "",
			 strcmp(device, WHOLE) ?
			 "there is no such partition (%s in the guest)" :
			 "the guest has no disk %s", device);
		return -1;
	}
	mkdir(SYSROOT, 0755);
	if (mount_root(device, writable) < 0)
		return -1;
	if (chdir(SYSROOT) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/")) {
		ctl_fail(AGENT_EXIT_FAILED, "",
			 "cannot become the root directory: %s",
			 strerror(errno));
		return -1;
	}
	root_mounted = true;
	return 0;
}

/* ---- inside ---- */

struct mount_point {
	const char *type, *dir, *options;
	unsigned long flags;
	bool must;	/* without it nothing works */
};

static const struct mount_point mount_points[] = {
	{ "devtmpfs", "/dev", NULL, MS_NOSUID, true },
	{ "devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666",
	  MS_NOSUID | MS_NOEXEC, false },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, false },
	{ "mqueue", "/dev/mqueue", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  false },
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, true },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  false },
	{ "tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV, false },
};

static int mount_one(const struct mount_point *m)
{
	struct stat st;

	if (lstat(m->dir, &st) && mkdir(m->dir, 0755) && m->must) {
		ctl_fail(AGENT_EXIT_FAILED, m->dir,
			 "is not in the image and cannot be made: %s",
			 strerror(errno));
		return -1;
	}
	if (!mount(m->type, m->dir, m->type, m->flags, m->options) || !m->must)
		return 0;
	ctl_fail(AGENT_EXIT_FAILED, m->dir, "cannot be mounted: %s",
		 strerror(errno));
	return -1;
}

static void make_dev_links(void)
{
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		return; /* nothing that must be there */
}

/* A place for temporary files, where the image has none or is read-only. */
static void prepare_tmp(void)
{
	struct stat st;

	if (lstat("/tmp", &st) && !mkdir("/tmp", 01777)) {
		if (chmod("/tmp", 01777))
			return;
	}
	if (!lstat("/tmp", &st) && access("/tmp", W_OK) && errno == EROFS)
		mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV,
		      "mode=1777");
}

/* The name given, or the image's own, or one that says what this is. */
static void set_hostname(const char *name)
{
	char line[65] = "";
	FILE *f = NULL;

	if (!*name)
		f = fopen("/etc/hostname", "re");
	if (f) {
		if (fgets(line, sizeof(line), f))
			line[strcspn(line, " \t\r\n#")] = 0;
		fclose(f);
		name = line;
	}
	if (!*name)
		name = "guest";
	if (sethostname(name, strlen(name)))
		ctl_warn(name, "cannot be set as host name: %s",
			 strerror(errno));
}

static void start_loopback(void)
{
	struct ifreq request;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return;
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "lo");
	if (!ioctl(s, SIOCGIFFLAGS, &request)) {
		request.ifr_flags |= IFF_UP | IFF_RUNNING;
		ioctl(s, SIOCSIFFLAGS, &request);
	}
	close(s);
}

/* What an init system gives: room for servers, old programs not confused. */
static void set_limits(void)
{
	const struct rlimit files = { .rlim_cur = 1024, .rlim_max = 524288 };
	const struct rlimit core = { .rlim_cur = 0,
				     .rlim_max = RLIM_INFINITY };

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &core);
}

static int make_path(char *path)
{
	char *p;

	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	return mkdir(path, 0755);
}

/* --bind: the kernel has number and directory (hostfs_bind=), and leaves us
 * where it belongs, in the environment. */
static int mount_binds(void)
{
	char name[32], option[32], *dir;
	struct stat st;
	int i;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "umkit_bind%d", i);
		snprintf(option, sizeof(option), "bind=%d", i);
		dir = getenv(name);
		if (!dir)
			return 0;
		if ((stat(dir, &st) && make_path(dir)) ||
		    mount("host", dir, "hostfs", 0, option)) {
			ctl_fail(AGENT_EXIT_FAILED, dir,
				 "cannot be mounted: %s", strerror(errno));
			return -1;
		}
		unsetenv(name);
	}
}

int system_prepare(const char *hostname)
{
	size_t i;

	for (i = 0; i < sizeof(mount_points) / sizeof(*mount_points); i++)
		if (mount_one(&mount_points[i]) < 0)
			return -1;
	make_dev_links();
	prepare_tmp();
	if (mount_binds() < 0)
		return -1;
	set_hostname(hostname);
	start_loopback();
	set_limits();
	umask(022);
	return 0;
}

/* ---- the end ---- */

/* Wait until there is no child left, for at most MS. True: none is. As init,
 * all processes become our children when their parents die. */
static bool reap_all(int ms)
{
	int waited;

	for (waited = 0;; waited += 5) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return true;
		if (waited >= ms)
			return false;
		sleep_ms(5);
	}
}

void system_kill_all(bool gently)
{
	if (agent_native || getpid() != 1)
		return; /* -1 is the whole world there */
	if (gently) {
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		if (reap_all(TERMINATE_MS))
			return;
	}
	kill(-1, SIGKILL);
	reap_all(TERMINATE_MS);
}

void system_sync_root(void)
{
	if (!root_mounted)
		return;
	sync();
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL))
		ctl_warn("", "could not be unmounted cleanly (%s); its journal is replayed at the next mount",
			 strerror(errno));
}

void system_power_off(void)
{
	if (!agent_native && getpid() == 1)
		reboot(RB_POWER_OFF);
	_exit(0);
}
