// SPDX-License-Identifier: GPL-2.0
/*
 * Pumps: bytes between the host's channels and the command's pipes or pty.
 *
 * The command gets pipes, never the channel devices themselves: programs
 * fstat, seek and poll their standard descriptors, and a pipe is what they
 * know. Each pump has one large buffer; it reads while there is room and
 * writes while there is something, so back pressure passes through it.
 *
 * How an end travels:
 *   end of file on the input: the rest is written, then the output is closed.
 *   the output is broken: both are closed at once, so that the writer on the
 *   other side gets its SIGPIPE. This is noticed without a write too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

#define PUMP_COUNT 4
#define PUMP_BUFFER (256 << 10)

/* Rounds between two looks at the control channel. */
#define PUMP_ROUNDS 16

/* A pty holds no more than this in its two buffers. */
#define PTY_HOLDS (128 << 10)

struct pump {
	int in, out; /* -1: closed */
	unsigned char *buffer;
	size_t begin, end;
	const char *output; /* NULL: input */
	bool tty;
	bool draining;
	size_t budget;	 /* draining: what the command may still have written */
	int64_t deadline; /* draining: no later, once the budget is used up */
};

static struct pump pumps[PUMP_COUNT];
static int pump_count;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

void pump_add(int in, int out, const char *output, bool tty)
{
	struct pump *p = &pumps[pump_count];

	memset(p, 0, sizeof(*p));
	p->buffer = malloc(PUMP_BUFFER);
	if (pump_count == PUMP_COUNT || !p->buffer) {
		close(in);
		close(out);
		return;
	}
	pump_count++;
	p->in = in;
	p->out = out;
	p->output = output;
	p->tty = tty;
}

static void close_in(struct pump *p)
{
	if (p->in >= 0)
		close(p->in);
	p->in = -1;
}

static void close_both(struct pump *p)
{
	close_in(p);
	if (p->out >= 0)
		close(p->out);
	p->out = -1;
	p->begin = p->end = 0;
}

static bool can_read(const struct pump *p)
{
	return p->in >= 0 && p->end < PUMP_BUFFER;
}

static bool can_write(const struct pump *p)
{
	return p->out >= 0 && p->begin < p->end;
}

/* Nothing more is there to be read. */
static void input_empty(struct pump *p)
{
	if (p->draining && (p->tty || now_ms() >= p->deadline))
		close_in(p);
}

static bool read_some(struct pump *p)
{
	ssize_t n = read(p->in, p->buffer + p->end, PUMP_BUFFER - p->end);

	if (n > 0) {
		p->end += n;
		p->budget -= (size_t)n < p->budget ? (size_t)n : p->budget;
		if (p->draining && !p->budget && now_ms() >= p->deadline)
			close_in(p);
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		input_empty(p);
	else
		close_in(p); /* EIO is how a pty says end of file */
	return false;
}

static bool write_some(struct pump *p)
{
	ssize_t n = write(p->out, p->buffer + p->begin, p->end - p->begin);

	if (n > 0) {
		p->begin += n;
		if (p->begin == p->end)
			p->begin = p->end = 0;
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0 && errno != EPIPE && p->output && !p->tty)
		ctl_lost(p->output, errno);
	close_both(p);
	return false;
}

/* Move what can be moved; returns whether there may be more. */
static bool step(struct pump *p)
{
	bool more = false;

	if (can_read(p))
		more |= read_some(p);
	if (can_write(p))
		more |= write_some(p);
	if (p->in < 0 && p->begin == p->end)
		close_both(p);
	return more;
}

int pump_poll(struct pollfd *fds)
{
	int i, n = 0;

	for (i = 0; i < pump_count; i++) {
		struct pump *p = &pumps[i];

		fds[n].fd = can_read(p) ? p->in : -1;
		fds[n].events = POLLIN;
		fds[n++].revents = 0;
		fds[n].fd = p->out;
		fds[n].events = can_write(p) ? POLLOUT : 0;
		fds[n++].revents = 0;
	}
	return n;
}

void pump_run(const struct pollfd *fds, int count)
{
	int i, rounds;

	for (i = 0; i < pump_count && 2 * i + 1 < count; i++) {
		struct pump *p = &pumps[i];
		short in = fds[2 * i].revents, out = fds[2 * i + 1].revents;

		if (out & (POLLERR | POLLNVAL))
			close_both(p);
		if (!(in | out))
			continue;
		for (rounds = 0; rounds < PUMP_ROUNDS && step(p); rounds++)
			;
	}
}

void pump_drain(int grace_ms)
{
	int i, held;

	for (i = 0; i < pump_count; i++) {
		struct pump *p = &pumps[i];

		if (!p->output) {
			close_both(p);
			continue;
		}
		if (p->in < 0)
			continue;
		p->draining = true;
		p->deadline = now_ms() + (p->tty ? 0 : grace_ms);
		if (p->tty)
			p->budget = PTY_HOLDS;
		else if (ioctl(p->in, FIONREAD, &held) == 0)
			p->budget = held;
		/* A held pipe that is empty gives no event: look once. */
		step(p);
	}
}

int pump_timeout(void)
{
	int64_t now = now_ms(), next = -1;
	int i;

	for (i = 0; i < pump_count; i++) {
		struct pump *p = &pumps[i];

		if (!p->draining || !can_read(p))
			continue;
		if (p->deadline <= now)
			return 0;
		if (next < 0 || p->deadline - now < next)
			next = p->deadline - now;
	}
	return next;
}

void pump_expire(void)
{
	int64_t now = now_ms();
	int i;

	for (i = 0; i < pump_count; i++)
		if (pumps[i].draining && pumps[i].deadline <= now)
			step(&pumps[i]);
}

bool pump_busy(void)
{
	int i;

	for (i = 0; i < pump_count; i++)
		if (pumps[i].output && pumps[i].out >= 0)
			return true;
	return false;
}

void pump_close_all(void)
{
	int i;

	for (i = 0; i < pump_count; i++)
		close_both(&pumps[i]);
}
