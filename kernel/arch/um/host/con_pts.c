// SPDX-License-Identifier: GPL-2.0
/*
 * The slave stays open here: without anybody on it the master is in a state
 * of permanent hangup. It is raw, since an echoing slave would send the
 * guest's output back as its input until somebody attaches.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "con_pts.h"

static int open_slave(int master, char *name, size_t size, int *slave)
{
	struct termios t;

	if (grantpt(master) || unlockpt(master))
		return -errno;
	if (ptsname_r(master, name, size))
		return -errno;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return -errno;
	if (tcgetattr(*slave, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(*slave, TCSANOW, &t);
	}
	return 0;
}

int con_pts_open(int *master, int *slave, char *name, size_t size)
{
	int err;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*master < 0)
		return -errno;
	err = open_slave(*master, name, size, slave);
	if (err)
		close(*master);
	return err;
}
