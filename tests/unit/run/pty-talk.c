// SPDX-License-Identifier: GPL-2.0
/*
 * pty-talk [-o FILE] COMMAND...
 *
 * Runs COMMAND on a new pseudo terminal and talks to it as the script on
 * standard input says, a step a line:
 *
 *	expect TEXT	wait for TEXT behind what was expected before
 *	send TEXT	type it
 *	size ROWS COLS	change the window
 *	mode raw|cooked	wait until the terminal is in that mode
 *	signal NUMBER	send it to COMMAND
 *	close		hang up
 *
 * TEXT knows \n, \t, \\ and \xHH. After the last step it reads to the end. What
 * was seen goes to standard output; the exit status is COMMAND's, 128 + signal
 * for a death by one, 99 if a step took more than a minute. -o: COMMAND's
 * standard output is FILE instead of the terminal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 60000

enum { STATUS_STUCK = 99 };

static int master = -1;
static pid_t child;
static char seen[4 << 20];
static size_t seen_end, matched;
static bool at_end;

static void stuck(const char *step)
{
	fprintf(stderr, "pty-talk: stuck at: %s\n--- seen\n", step);
	fwrite(seen, 1, seen_end, stderr);
	fputc('\n', stderr);
	kill(child, SIGKILL);
	exit(STATUS_STUCK);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Read once, for at most MS. False: nothing came, or the end. */
static bool read_more(int ms)
{
	struct pollfd p = { .fd = master, .events = POLLIN };
	ssize_t n;

	if (master < 0 || seen_end == sizeof(seen) || poll(&p, 1, ms) <= 0)
		return false;
	n = read(master, seen + seen_end, sizeof(seen) - seen_end);
	if (n <= 0) {
		at_end = true;
		return false;
	}
	seen_end += n;
	return true;
}

static size_t unescape(char *out, const char *s)
{
	char *start = out;

	for (; *s; s++) {
		unsigned int c;

		if (*s != '\\' || !s[1]) {
			*out++ = *s;
			continue;
		}
		s++;
		if (*s == 'n')
			*out++ = '\n';
		else if (*s == 't')
			*out++ = '\t';
		else if (*s == 'x' && sscanf(s + 1, "%2x", &c) == 1) {
			*out++ = c;
			s += 2;
		} else
			*out++ = *s;
	}
	return out - start;
}

static void expect(const char *step, const char *text)
{
	char want[1024];
	size_t n = unescape(want, text);
	long long until = now_ms() + STEP_MS;
	char *at;

	for (;;) {
		at = memmem(seen + matched, seen_end - matched, want, n);
		if (at) {
			matched = at - seen + n;
			return;
		}
		if (!read_more(100) && (at_end || now_ms() > until))
			stuck(step);
	}
}

static void type(const char *step, const char *text)
{
	char keys[1024];
	size_t n = unescape(keys, text);

	if (write(master, keys, n) != (ssize_t)n)
		stuck(step);
}

static void wait_mode(const char *step, bool raw)
{
	long long until = now_ms() + STEP_MS;
	struct termios t;

	while (tcgetattr(master, &t) || !(t.c_lflag & ICANON) != raw) {
		read_more(20);
		if (now_ms() > until)
			stuck(step);
	}
}

static void set_size(unsigned short rows, unsigned short columns)
{
	struct winsize w = { .ws_row = rows, .ws_col = columns };

	ioctl(master, TIOCSWINSZ, &w);
}

static void do_step(const char *step)
{
	unsigned int a, b;

	if (!strncmp(step, "expect ", 7)) {
		expect(step, step + 7);
	} else if (!strncmp(step, "send ", 5)) {
		type(step, step + 5);
	} else if (sscanf(step, "size %u %u", &a, &b) == 2) {
		set_size(a, b);
	} else if (!strcmp(step, "mode raw") || !strcmp(step, "mode cooked")) {
		wait_mode(step, step[5] == 'r');
	} else if (sscanf(step, "signal %u", &a) == 1) {
		kill(child, a);
	} else if (!strcmp(step, "close")) {
		close(master);
		master = -1;
	} else if (*step) {
		stuck(step);
	}
}

static int finish(void)
{
	long long until = now_ms() + STEP_MS;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (!read_more(20))
			usleep(10000);
		if (now_ms() > until)
			stuck("the end");
	}
	while (read_more(0))
		;
	fwrite(seen, 1, seen_end, stdout);
	fflush(stdout);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const char *output = NULL;
	char step[1024];

	if (argc > 2 && !strcmp(argv[1], "-o")) {
		output = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 2)
		return 2;
	child = forkpty(&master, NULL, NULL, &size);
	if (child < 0)
		return 2;
	if (child == 0) {
		int fd = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC,
				       0600) : -1;

		if (fd >= 0)
			dup2(fd, 1);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while (fgets(step, sizeof(step), stdin)) {
		step[strcspn(step, "\n")] = 0;
		do_step(step);
	}
	return finish();
}
