// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel messages on a line.
 *
 * They may come from any context, so nothing here sleeps. Normally what the
 * host does not take at once is queued like a tty's output. When the queue is
 * full the vcpu waits for the host, a second at most; after that messages are
 * dropped, without waiting again, until the host has taken something: a
 * reader that has stopped must not stop the guest.
 *
 * In a panic, and from the reboot notifiers on, nothing would empty the queue
 * later: then every write goes through to the host before it returns.
 */
#include <linux/kernel.h>
#include <linux/printk.h>

#include <abi/host.h>

#include "line.h"

#define PATIENCE_MS	1000
#define DRAIN_MS	5000

static bool write_through(struct um_line *line)
{
	return oops_in_progress || system_state > SYSTEM_RUNNING ||
	       line->out_event < 0;
}

/* The vcpu that panics may hold the lock itself. */
static bool lock_line(struct um_line *line, unsigned long *flags)
{
	if (oops_in_progress)
		return spin_trylock_irqsave(&line->lock, *flags);
	spin_lock_irqsave(&line->lock, *flags);
	return true;
}

static size_t write_some(struct um_line *line, const u8 *buf, size_t len)
{
	unsigned long flags;
	bool locked = lock_line(line, &flags);
	size_t done = um_line_output(line, buf, len);

	if (locked)
		spin_unlock_irqrestore(&line->lock, flags);
	return done;
}

/* Waits for room on the host. False if it takes nothing. */
static bool wait_for_host(struct um_line *line, u32 ms)
{
	return line->chan.out && host_end_ready(line->chan.out, ms) > 0;
}

static void write_all(struct um_line *line, const u8 *buf, size_t len)
{
	size_t done;

	while (len) {
		done = write_some(line, buf, len);
		buf += done;
		len -= done;
		if (!len)
			break;
		if (line->stalled || !wait_for_host(line, PATIENCE_MS)) {
			line->stalled = true;
			return;
		}
	}
	if (write_through(line) && !line->stalled)
		um_line_drain(line);
}

void um_line_drain(struct um_line *line)
{
	while (um_line_pending(line)) {
		if (!wait_for_host(line, DRAIN_MS)) {
			line->stalled = true;
			return;
		}
		write_some(line, NULL, 0);
	}
}

void um_line_console_write(struct um_line *line, const char *s, size_t len)
{
	u8 buf[256];
	size_t n = 0;

	if (line->chan.out_plain) {
		write_all(line, s, len);
		return;
	}
	while (len--) {
		if (*s == '\n')
			buf[n++] = '\r';
		buf[n++] = *s++;
		if (n >= sizeof(buf) - 1) {
			write_all(line, buf, n);
			n = 0;
		}
	}
	write_all(line, buf, n);
}
