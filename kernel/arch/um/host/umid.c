// SPDX-License-Identifier: GPL-2.0
/*
 * The umid folder. The pid file is held locked (an open file description
 * lock) while the process lives, so a folder left by a process that was
 * killed is told from one in use, whatever pid its file names, and is taken
 * over.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "cmdline.h"
#include "diag.h"
#include "exit.h"
#include "supervise.h"
#include "umid.h"

HOST_ALLOW(unlink);
HOST_ALLOW(rmdir);

#define PATH_SIZE 1024

static char name[72];
static char root[PATH_SIZE], dir[PATH_SIZE], pid_file[PATH_SIZE],
	    mconsole[PATH_SIZE];
static const char *files[4];
static bool made;

/* "" if it does not fit */
static void join(char *out, const char *a, const char *b)
{
	size_t n = strlen(a);

	if (!n || n + strlen(b) + 2 > PATH_SIZE)
		return;
	memcpy(out, a, n);
	if (a[n - 1] != '/')
		out[n++] = '/';
	strcpy(out + n, b);
}

static void make_up_name(void)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char r[6];
	size_t i;

	if (getrandom(r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		memset(r, getpid(), sizeof(r));
	for (i = 0; i < sizeof(r); i++)
		name[i] = set[r[i] % (sizeof(set) - 1)];
}

void umid_init(const struct host_options *o)
{
	const char *home = getenv("HOME");

	if (o->umid)
		strncpy(name, o->umid, sizeof(name) - 1);
	else
		make_up_name();
	if (o->uml_dir && strlen(o->uml_dir) < PATH_SIZE)
		strcpy(root, o->uml_dir);
	else if (home)
		join(root, home, ".uml");
	join(dir, root, name);
	join(pid_file, dir, "pid");
	join(mconsole, dir, "mconsole");
	if (mconsole[0]) {
		files[0] = pid_file;
		files[1] = mconsole;
		files[2] = dir;
	}
}

const char *const *umid_files(void)
{
	return files;
}

/* ---- making ---- */

static int make_folder(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST) {
		int err = errno;

		diag_err("umid", path, err);
		return -err;
	}
	return 0;
}

static int lock_file(int fd)
{
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lk) ? -errno : 0;
}

/* Is the locked file still the one of that name? Its former owner removes
 * it while it goes. */
static bool still_there(int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(pid_file, &b) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* The descriptor, locked, kept until the end; or -errno. */
static int take_pid_file(void)
{
	for (;;) {
		int ret, fd = open(pid_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				   0644);

		if (fd < 0)
			return -errno;
		ret = lock_file(fd);
		if (ret) {
			close(fd);
			return ret == -EACCES ? -EAGAIN : ret;
		}
		if (still_there(fd))
			return fd;
		close(fd);
		make_folder(dir);
	}
}

static void write_pid(int fd)
{
	char buf[24];
	u32 n = diag_utoa(buf, getpid());

	buf[n++] = '\n';
	if (ftruncate(fd, 0) || write(fd, buf, n) != (ssize_t)n)
		diag_err("umid", pid_file, errno);
}

static void umid_remove(void)
{
	unlink(mconsole);
	unlink(pid_file);
	rmdir(dir);
	supervise_umid(false);
}

int umid_make(void)
{
	int fd, ret;

	if (made)
		return 0;
	if (!mconsole[0]) {
		diag_say("umid", name, "no place for its folder: set HOME, or give uml_dir=");
		return -ENOENT;
	}
	ret = make_folder(root);
	if (!ret)
		ret = make_folder(dir);
	if (ret)
		return ret;
	fd = take_pid_file();
	if (fd < 0) {
		diag_say("umid", dir, fd == -EAGAIN ? "in use by another instance"
						    : diag_strerror(-fd));
		return fd;
	}
	write_pid(fd);
	unlink(mconsole);
	made = true;
	supervise_umid(true);
	return host_at_exit(umid_remove);
}
