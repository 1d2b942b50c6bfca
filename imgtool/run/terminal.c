// SPDX-License-Identifier: GPL-2.0
/*
 * Our terminal: raw while the command runs, and relayed to the pty that the
 * command has in the guest. Keys such as ^C are bytes for the guest's pty,
 * which makes signals of them there.
 *
 * O_NONBLOCK is a property of the open file description that we share with
 * the shell, so it is never set on it: the terminal is opened anew. Where that
 * is denied (it belongs to another user, as under su), poll goes before each
 * call, and a write is no longer than what poll promises room for.
 *
 * Whatever ends us, the settings come back: a helper process in a session of
 * its own waits for our death, and puts them back if they are still ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* A terminal that poll calls writable has room for this. */
#define SURE_ROOM 256

#define RELAY_BYTES 65536

struct relay {
	int in, out; /* -1: closed */
	char data[RELAY_BYTES];
	size_t begin, end;
};

static struct relay keys = { .in = -1, .out = -1 };   /* to the guest */
static struct relay screen = { .in = -1, .out = -1 }; /* from it */
static struct termios before, raw;
static int tty = -1;	/* for settings and size */
static bool own;	/* it is a description of our own */
static bool is_raw;
static bool gone;	/* hung up */
static pid_t guard;
static int guard_pipe = -1;

/* ---- settings ---- */

/* Where output goes: not to a standard input that is open for reading only. */
static int writable_side(void)
{
	int fd;

	if ((fcntl(tty, F_GETFL) & O_ACCMODE) == O_RDWR)
		return tty;
	for (fd = 1; fd < 3; fd++)
		if (isatty(fd))
			return fcntl(fd, F_DUPFD_CLOEXEC, RUN_FD_MIN);
	return -1;
}

int terminal_prepare(int fd)
{
	int low = open("/proc/self/fd/0", O_RDWR | O_NONBLOCK | O_NOCTTY |
		       O_CLOEXEC);

	own = low >= 0 && isatty(low);
	if (!own && low >= 0)
		close(low);
	tty = fcntl(own ? low : 0, F_DUPFD_CLOEXEC, RUN_FD_MIN);
	if (own)
		close(low);
	if (tty < 0 || tcgetattr(tty, &before))
		return msg_errno("terminal", errno, "cannot be used");
	raw = before;
	cfmakeraw(&raw);
	keys.in = tty;
	keys.out = screen.in = fd;
	screen.out = writable_side();
	if (screen.out < 0)
		return msg_error("terminal", "cannot be written to");
	return 0;
}

void terminal_size(struct agent_winsize *size)
{
	struct winsize w;

	memset(size, 0, sizeof(*size));
	if (tty < 0 || ioctl(tty, TIOCGWINSZ, &w))
		return;
	size->rows = w.ws_row;
	size->columns = w.ws_col;
	size->x_pixels = w.ws_xpixel;
	size->y_pixels = w.ws_ypixel;
}

void terminal_describe(struct agent_start *start)
{
	size_t i;

	terminal_size(&start->winsize);
	start->flags |= AGENT_TERMIOS;
	start->termios[0] = before.c_iflag;
	start->termios[1] = before.c_oflag;
	start->termios[2] = before.c_cflag;
	start->termios[3] = before.c_lflag;
	for (i = 0; i < AGENT_TERMIOS_CC && i < NCCS; i++)
		start->termios_cc[i] = before.c_cc[i];
}

static bool same_settings(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

/* The helper. Being in another session, it may change the settings whatever
 * the foreground process group is by then, and no signal of the terminal
 * reaches it. */
static void run_guard(int pipe_end) __attribute__((noreturn));
static void run_guard(int pipe_end)
{
	struct termios now;
	sigset_t all;
	char byte;

	prctl(PR_SET_NAME, "imgtool-tty");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	/* Hold nothing open that somebody waits for the end of. */
	if (dup2(pipe_end, 0) || dup2(tty, 1) != 1 || dup2(1, 2) != 2)
		_exit(1);
	syscall(SYS_close_range, 3, ~0U, 0);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	if (!tcgetattr(1, &now) && same_settings(&now, &raw))
		tcsetattr(1, TCSANOW, &before);
	_exit(0);
}

static void start_guard(void)
{
	int ends[2];

	if (guard || pipe2(ends, O_CLOEXEC))
		return;
	guard = fork();
	if (guard == 0) {
		close(ends[1]);
		run_guard(ends[0]);
	}
	close(ends[0]);
	guard_pipe = ends[1];
	if (guard < 0)
		guard = 0;
}

/*
 * What is to be put back later is what is there now: a pager at the other end
 * of a pipe may have made its own settings since we started, or the shell
 * while we were stopped.
 */
int terminal_enter(void)
{
	struct termios now;

	if (is_raw || tty < 0)
		return 0;
	if (tcgetattr(tty, &now))
		return msg_errno("terminal", errno, "cannot be used");
	if (!same_settings(&now, &raw) && !same_settings(&now, &before)) {
		terminal_finish();
		before = now;
		cfmakeraw(&now);
		raw = now;
	}
	if (tcsetattr(tty, TCSANOW, &raw))
		return msg_errno("terminal", errno, "cannot be made raw");
	/* As the driver understands them, for comparison. */
	tcgetattr(tty, &raw);
	start_guard();
	is_raw = true;
	return 0;
}

/* Unless somebody else has changed them since. */
void terminal_leave(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	struct termios now;

	if (!is_raw)
		return;
	is_raw = false;
	if (tcgetattr(tty, &now) || !same_settings(&now, &raw))
		return;
	/* From the background too, if we were sent there. Not TCSADRAIN:
	 * output may be stopped by ^S. */
	sigaction(SIGTTOU, &ignore, &old);
	tcsetattr(tty, TCSANOW, &before);
	sigaction(SIGTTOU, &old, NULL);
}

bool terminal_is_raw(void)
{
	return is_raw;
}

void terminal_finish(void)
{
	if (guard_pipe >= 0)
		close(guard_pipe);
	guard_pipe = -1;
	if (guard > 0)
		while (waitpid(guard, NULL, 0) < 0 && errno == EINTR)
			;
	guard = 0;
}

/* ---- bytes ---- */

static void close_socket_end(struct relay *r, int how)
{
	int fd = r == &keys ? r->out : r->in;

	if (fd >= 0)
		shutdown(fd, how);
	r->in = r->out = -1;
	r->begin = r->end = 0;
}

static bool wants_read(const struct relay *r)
{
	return r->in >= 0 && r->end < RELAY_BYTES;
}

static bool wants_write(const struct relay *r)
{
	return r->out >= 0 && r->begin < r->end;
}

int terminal_poll(struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	fds[2] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	if (is_raw && wants_read(&keys))
		fds[0].fd = keys.in;
	if (wants_write(&keys))
		fds[1].fd = keys.out;
	if (wants_read(&screen))
		fds[2].fd = screen.in;
	if (wants_write(&screen))
		fds[3].fd = screen.out;
	return TERMINAL_POLL_MAX;
}

/* One read of what poll has promised. */
static void read_keys(void)
{
	ssize_t n = read(keys.in, keys.data + keys.end,
			 RELAY_BYTES - keys.end);

	if (n > 0) {
		keys.end += n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		keys.in = -1;
		gone = true;
	}
}

static void write_keys(void)
{
	ssize_t n = send(keys.out, keys.data + keys.begin,
			 keys.end - keys.begin, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		keys.begin += n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		close_socket_end(&keys, SHUT_WR);
	if (keys.begin == keys.end)
		keys.begin = keys.end = 0;
}

static void read_screen(void)
{
	ssize_t n = recv(screen.in, screen.data + screen.end,
			 RELAY_BYTES - screen.end, MSG_DONTWAIT);

	if (n > 0)
		screen.end += n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		screen.in = -1;
}

static void write_screen(void)
{
	size_t want = screen.end - screen.begin;
	ssize_t n;

	if (!own && want > SURE_ROOM)
		want = SURE_ROOM;
	n = write(screen.out, screen.data + screen.begin, want);
	if (n > 0) {
		screen.begin += n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_socket_end(&screen, SHUT_RD);
		gone = true;
	}
	if (screen.begin == screen.end)
		screen.begin = screen.end = 0;
}

bool terminal_run(const struct pollfd *fds, int count)
{
	if (count < TERMINAL_POLL_MAX)
		return true;
	if (fds[0].revents)
		read_keys();
	if (fds[1].revents)
		write_keys();
	if (fds[2].revents)
		read_screen();
	if (fds[3].revents)
		write_screen();
	return !gone;
}

void terminal_end_input(void)
{
	close_socket_end(&keys, SHUT_WR);
	if (screen.in < 0)
		return;
	/* All that was sent is in the socket, so one look after another. */
	while (screen.in >= 0 && wants_read(&screen)) {
		size_t had = screen.end;

		read_screen();
		if (screen.end == had)
			break;
	}
	if (wants_read(&screen))
		screen.in = -1;
}

bool terminal_drained(void)
{
	return screen.out < 0 || (screen.in < 0 && !wants_write(&screen));
}
