// SPDX-License-Identifier: GPL-2.0
/*
 * Locks by command, the same program in the guest and on the host:
 *
 *	hostfs_locks FILE
 *
 * opens FILE three times, reads lines and answers each with one:
 *
 *	KIND N TYPE START LENGTH	ok, or the error's name
 *
 * KIND: posix, ofd, flock, or with a leading w: waits; N: which of the files
 * opened; TYPE: r, w, u. More kinds: test (what is in the way of that OFD
 * lock), stop (a process that waits for that lock ends by SIGTERM), deadlock.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static int files[3];

static struct flock range(char type, long start, long len)
{
	return (struct flock){
		.l_type = type == 'r' ? F_RDLCK : type == 'w' ? F_WRLCK : F_UNLCK,
		.l_whence = SEEK_SET, .l_start = start, .l_len = len,
	};
}

static int lock(const char *kind, int fd, char type, long start, long len)
{
	int wait = *kind == 'w', flags = wait ? 0 : LOCK_NB;
	struct flock fl = range(type, start, len);

	kind += wait;
	if (!strcmp(kind, "flock"))
		return flock(fd, flags | (type == 'r' ? LOCK_SH : type == 'w' ?
					  LOCK_EX : LOCK_UN));
	if (!strcmp(kind, "ofd"))
		return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl);
	return fcntl(fd, wait ? F_SETLKW : F_SETLK, &fl);
}

static const char *error(void)
{
	return errno == EAGAIN ? "EAGAIN" : strerror(errno);
}

static void test(int fd, char type, long start, long len)
{
	struct flock fl = range(type, start, len);

	if (fcntl(fd, F_OFD_GETLK, &fl))
		printf("%s\n", error());
	else if (fl.l_type == F_UNLCK)
		puts("free");
	else
		printf("%c %ld %ld %d\n", fl.l_type == F_RDLCK ? 'r' : 'w',
		       (long)fl.l_start, (long)fl.l_len, (int)fl.l_pid);
}

/* However far it has come by then: waiting ends by the signal. */
static void stop(int fd, const char *kind, char type, long start, long len)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		lock(kind, fd, type, start, len);
		_exit(1);
	}
	usleep(10000);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	puts(WIFSIGNALED(status) ? "stopped" : "got it");
}

/* Two processes that each wait for what the other has. */
static void deadlock(int fd)
{
	int ready[2], status, found;
	char c = 0;
	pid_t pid;

	lock("posix", fd, 'w', 100, 1);
	if (pipe(ready))
		exit(1);
	pid = fork();
	if (!pid) {
		lock("posix", fd, 'w', 101, 1);
		if (write(ready[1], &c, 1) != 1)
			_exit(2);
		_exit(lock("wposix", fd, 'w', 100, 1) && errno == EDEADLK);
	}
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	found = lock("wposix", fd, 'w', 101, 1) && errno == EDEADLK;
	lock("posix", fd, 'u', 100, 2);
	waitpid(pid, &status, 0);
	puts(found || (WIFEXITED(status) && WEXITSTATUS(status) == 1) ?
	     "found" : "not found");
	close(ready[0]);
	close(ready[1]);
}

static int command(void)
{
	char kind[32], type;
	long start, len;
	int n;

	if (scanf("%31s %d %c %ld %ld", kind, &n, &type, &start, &len) != 5 ||
	    n < 0 || n > 2)
		return -1;
	if (!strcmp(kind, "test"))
		test(files[n], type, start, len);
	else if (!strncmp(kind, "stop-", 5))
		stop(files[n], kind + 5, type, start, len);
	else if (!strcmp(kind, "deadlock"))
		deadlock(files[n]);
	else if (lock(kind, files[n], type, start, len))
		puts(error());
	else
		puts("ok");
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 0; i < 3; i++) {
		files[i] = argc == 2 ? open(argv[1], O_RDWR) : -1;
		if (files[i] < 0)
			return 2;
	}
	puts("ready");
	fflush(stdout);
	while (!command())
		;
	return 0;
}
