/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines: ttys whose other side is a byte channel of the host. Consoles
 * (con0=, /dev/tty0) and serial lines (ssl0=, /dev/ttyS0) are two sets of
 * them that differ in name and in what the end of input means.
 */
#ifndef UM_DRIVERS_LINE_H
#define UM_DRIVERS_LINE_H

#include <linux/kfifo.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/tty_port.h>
#include <linux/workqueue.h>

#include <abi/host_chan.h>

#define LINE_TX_SIZE	16384	/* output that the host has not taken yet */
#define LINE_RX_SIZE	2048

struct line_set;

struct um_line {
	struct tty_port port;
	struct line_set *set;
	unsigned int index;
	struct host_chan chan;	/* fixed once the line exists */
	int in_event, out_event; /* -1: not there, or not yet */

	spinlock_t lock;	/* everything below, and use of chan's ends;
				 * taken with interrupts off */
	struct kfifo tx;
	bool open;		/* a tty is there to take input */
	bool throttled;
	bool ended;		/* the input has ended; no more reading */
	bool at_eof;		/* ... with an end of file, not a hangup */
	bool eof_queued;	/* the tty was given an end-of-file character */
	bool eof_stale;		/* ... but its mode has changed since */
	bool eof_alone;		/* ... and nothing before it was unread */
	unsigned long eof_delay;
	bool tx_armed;		/* waiting for the host to take more */
	bool tx_dead;		/* nobody reads: output goes nowhere */
	bool stalled;		/* console output was dropped; be quick to
				 * drop more until the host takes some */
	u8 last;		/* last byte of input */
	unsigned int rx_at, rx_have;	/* what the tty did not take of rx */
	u8 rx[LINE_RX_SIZE];
	struct delayed_work rx_retry, eof_work, tx_work;
};

struct line_set {
	const char *option;	/* "con", "ssl" */
	const char *dev;	/* "tty", "ttyS" */
	unsigned int minor, num;
	short type, subtype;
	bool serial;		/* end of input in raw mode is a hangup, not
				 * an end-of-file character */
	const char *first;	/* channel of line 0 if nothing is said */
	bool raw;		/* host terminals are made raw */
	const char *def;	/* con=SPEC, or NULL */
	const char **specs;	/* con<N>=SPEC, NULL where not given */
	struct um_line **lines;	/* NULL: no such line */
	struct tty_driver *driver;
};

extern struct line_set um_con_lines, um_ssl_lines;

/* ---- line.c: input and output ---- */

/* A new line with its channel open, or an ERR_PTR with the host's text for
 * the user in *err (which must hold sizeof(host_chan.err) bytes). */
struct um_line *um_line_create(struct line_set *set, unsigned int index,
			       const char *spec, char *err);

/* Connects the line to host events; 0 or -errno. May sleep. */
int um_line_start(struct um_line *line);

/* A tty is there (or gone): input may flow. */
void um_line_open(struct um_line *line);
void um_line_close(struct um_line *line);
void um_line_throttle(struct um_line *line, bool on);

/* Takes up to len bytes for output, behind what is queued; returns how many.
 * The first one is for callers that hold the lock. */
size_t um_line_output(struct um_line *line, const u8 *buf, size_t len);
size_t um_line_write(struct um_line *line, const u8 *buf, size_t len);
/* The same, to be sent by the next call of the two above, or in a moment. */
size_t um_line_queue(struct um_line *line, const u8 *buf, size_t len);
unsigned int um_line_room(struct um_line *line);
unsigned int um_line_pending(struct um_line *line);
void um_line_discard(struct um_line *line);

/* ---- line_eof.c: the end of input ---- */

/* Input has ended: err 0, or -errno. Caller holds the lock. */
void um_line_input_ended(struct um_line *line, s64 err);
/* The tty goes from canonical to raw mode or back. */
void um_line_mode_changed(struct um_line *line);
void um_line_eof_work(struct work_struct *work);

/* ---- line_console.c: kernel messages ---- */

/* Kernel messages: any context, does not sleep. A host that takes nothing
 * for a second loses what does not fit the buffer. */
void um_line_console_write(struct um_line *line, const char *s, size_t len);

/* Waits until the host has everything, giving up after five seconds in which
 * it took nothing. */
void um_line_drain(struct um_line *line);

/* ---- tty.c ---- */

/* Registers the set's tty driver and its existing lines. 0 or -errno. */
int um_lines_register(struct line_set *set);

#endif
