// SPDX-License-Identifier: GPL-2.0
/*
 * Channels on terminals: errors with their reasons, fresh pseudo-terminals,
 * window sizes, raw mode while it is wanted, and the terminal as it was
 * after every end, SIGKILL included.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../../../kernel/arch/um/abi/host_chan.h"
#include "../../../kernel/arch/um/abi/host_con.h"
#include "../../../kernel/arch/um/host/con_term.h"
#include "check.h"

static struct host_chan chan;

static int open_chan(u32 flags, const char *format, int a, int b)
{
	char spec[64];

	snprintf(spec, sizeof(spec), format, a, b);
	return host_chan_open(spec, flags, &chan);
}

static void test_errors(void)
{
	int p[2], c = open("/dev/null", O_RDWR | O_CLOEXEC);

	CHECK_INT(pipe(p), 0);
	CHECK(open_chan(HOST_CHAN_LINE, "fd:%d", 999, 0) == -EBADF);
	CHECK_HAS(chan.err, "fd:999: Bad file descriptor");
	CHECK(open_chan(HOST_CHAN_LINE, "fd:%d", c, 0) == -EBADF);
	CHECK(open_chan(HOST_CHAN_LINE, "fd:%d,fd:%d", p[1], p[0]) == -EBADF);
	CHECK_HAS(chan.err, "not open for reading");
	CHECK(open_chan(HOST_CHAN_LINE, "fd:%d,fd:%d", p[0], p[0]) == -EBADF);
	CHECK_HAS(chan.err, "not open for writing");
	CHECK(open_chan(HOST_CHAN_LINE, "tty:/nonexistent", 0, 0) == -ENOENT);
	CHECK_HAS(chan.err, "/nonexistent: No such file or directory");
	CHECK(open_chan(HOST_CHAN_LINE, "tty:/dev/null", 0, 0) == -ENOTTY);
	CHECK(open_chan(HOST_CHAN_LINE, "bogus", 0, 0) == -EINVAL);
	CHECK_HAS(chan.err, "bogus: no such kind");
	CHECK(open_chan(HOST_CHAN_OWN, "pts", 0, 0) == -EINVAL);
	CHECK_HAS(chan.err, "pts: only fd:N");

	CHECK_INT(open_chan(HOST_CHAN_LINE, "null", 0, 0), 0);
	CHECK(!chan.in && !chan.out && chan.kind == HOST_CHAN_NULL);
	CHECK_INT(open_chan(HOST_CHAN_LINE, "fd:%d", p[0], 0), 0);
	CHECK(chan.in && !chan.out);
	host_chan_close(&chan);
	CHECK_INT(open_chan(HOST_CHAN_LINE, "fd:%d,fd:%d", p[0], p[1]), 0);
	CHECK(chan.in && chan.out && chan.out_plain && !chan.is_terminal);
	host_chan_close(&chan);
	close(p[0]);
	close(p[1]);
	close(c);
}

static void test_pts(void)
{
	struct host_iov v = { (void *)"hello\n", 6 };
	struct winsize w = { .ws_row = 33, .ws_col = 111 };
	char buf[32];
	u16 rows = 0, cols = 0;
	int user;

	CHECK_INT(open_chan(HOST_CHAN_LINE, "pts", 0, 0), 0);
	CHECK(!strncmp(chan.name, "/dev/pts/", 9));
	/* nobody attached: no hangup, no echo */
	CHECK_INT(host_end_writev(chan.out, &v, 1), 6);
	v = (struct host_iov){ buf, sizeof(buf) };
	CHECK_INT(host_end_readv(chan.in, &v, 1), -EAGAIN);

	user = open(chan.name, O_RDWR | O_NOCTTY);
	CHECK(user >= 0);
	CHECK_INT(read(user, buf, sizeof(buf)), 6);
	CHECK_INT(write(user, "ok", 2), 2);
	CHECK_INT(host_end_readv(chan.in, &v, 1), 2);
	CHECK_INT(ioctl(user, TIOCSWINSZ, &w), 0);
	CHECK_INT(host_con_winsize(chan.in, &rows, &cols), 0);
	CHECK_INT(rows, 33);
	CHECK_INT(cols, 111);
	close(user);
	CHECK_INT(host_end_readv(chan.in, &v, 1), -EAGAIN);
	host_chan_close(&chan);
}

static bool is_raw(int tty)
{
	struct termios t;

	return tcgetattr(tty, &t) == 0 && !(t.c_lflag & (ICANON | ECHO));
}

static int new_terminal(int *master)
{
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	grantpt(*master);
	unlockpt(*master);
	return open(ptsname(*master), O_RDWR | O_NOCTTY);
}

static void test_raw(void)
{
	struct host_iov v;
	struct termios before, after;
	int master, tty = new_terminal(&master);

	tcgetattr(tty, &before);
	CHECK_INT(open_chan(HOST_CHAN_LINE, "fd:%d,fd:%d", tty, tty), 0);
	CHECK(chan.is_terminal);
	CHECK(!is_raw(tty));
	CHECK_INT(host_con_raw(chan.in), 0);
	CHECK(is_raw(tty));
	CHECK(!(fcntl(tty, F_GETFL) & O_NONBLOCK));
	v = (struct host_iov){ (void *)"x", 1 };
	CHECK_INT(host_end_readv(chan.in, &v, 1), -EAGAIN);
	con_term_restore();
	CHECK(!is_raw(tty));
	con_term_resume();
	CHECK(is_raw(tty));
	con_term_restore();
	tcgetattr(tty, &after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	host_chan_close(&chan);
	close(tty);
	close(master);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* A process makes the terminal raw and dies by sig, or exits for sig 0. */
static void test_end(int sig)
{
	int master, tty = new_terminal(&master), up[2], i;
	pid_t child;
	char c;

	CHECK_INT(pipe(up), 0);
	child = fork();
	if (!child) {
		open_chan(HOST_CHAN_LINE, "fd:%d", tty, 0);
		host_con_raw(chan.in);
		c = is_raw(tty);
		if (write(up[1], &c, 1) != 1)
			_exit(1);
		if (!sig)
			exit(0);
		pause();
	}
	CHECK_INT(read(up[0], &c, 1), 1);
	CHECK_INT(c, 1);
	if (sig)
		kill(child, sig);
	waitpid(child, NULL, 0);
	for (i = 0; sig && is_raw(tty) && i < 200; i++)
		pause_ms(10);
	CHECK(!is_raw(tty));
	close(up[0]);
	close(up[1]);
	close(tty);
	close(master);
}

int main(void)
{
	alarm(60);
	test_errors();
	test_pts();
	test_end(0);
	test_end(SIGKILL);
	test_raw();
	return check_failures != 0;
}
