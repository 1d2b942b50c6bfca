// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a line's input.
 *
 * A console (con) whose pipe or file has ended gives those who read it the
 * end-of-file character, as ^D at a terminal does: a shell that was fed
 * commands ends, `cat` ends, and output still works. A hangup would throw
 * away what the shell still has to say, and would take the console from an
 * init whose input is /dev/null.
 *
 * The character is put in only when the line discipline has nothing left to
 * read: a program that changes between canonical and raw mode, as shells do
 * around each prompt, would find it among its data otherwise. For the same
 * reason one that nobody has taken is replaced after such a change. When it
 * has been taken there will be another for the next reader, since a file that
 * has ended stays so. There is no word from the line discipline about any of
 * this, so it is asked from time to time, ever more seldom, and soon again
 * when the mode changes.
 *
 * A serial line (ssl) in raw mode carries somebody's protocol, where a
 * character would be garbage: it is hung up, as by a modem, unless CLOCAL is
 * set. A host terminal that is gone (EIO) is a hangup for both.
 */
#include <linux/poll.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>
#include <linux/tty_ldisc.h>

#include "line.h"

#define SOON		msecs_to_jiffies(10)
#define SELDOM		(2 * HZ)

static bool is_canonical(struct um_line *line)
{
	struct tty_struct *tty = tty_port_tty_get(&line->port);
	bool canonical = tty && L_ICANON(tty);

	tty_kref_put(tty);
	return canonical;
}

void um_line_input_ended(struct um_line *line, s64 err)
{
	line->ended = true;
	if (err < 0) {
		tty_port_tty_hangup(&line->port, false);
	} else if (line->set->serial && !is_canonical(line)) {
		tty_port_tty_hangup(&line->port, true);
	} else {
		line->at_eof = true;
		line->eof_delay = SOON;
		schedule_delayed_work(&line->eof_work, 0);
	}
}

void um_line_mode_changed(struct um_line *line)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	if (line->at_eof) {
		line->eof_stale = true;
		line->eof_delay = SOON;
		mod_delayed_work(system_wq, &line->eof_work, SOON);
	}
	spin_unlock_irqrestore(&line->lock, flags);
}

static void put_eof(struct um_line *line, struct tty_struct *tty)
{
	bool unfinished = L_ICANON(tty) && line->last && line->last != '\n' &&
			  line->last != '\r';
	unsigned char c = tty->termios.c_cc[VEOF];

	if (c == __DISABLED_CHAR || (line->set->serial && !L_ICANON(tty)))
		return;
	line->eof_queued = true;
	line->eof_stale = false;
	/* the first one only ends the last line, which must not be lost */
	line->eof_alone = !unfinished;
	tty_insert_flip_char(&line->port, c, TTY_NORMAL);
	if (unfinished)
		tty_insert_flip_char(&line->port, c, TTY_NORMAL);
	line->last = '\n';
	tty_flip_buffer_push(&line->port);
}

/* readable: a read() would return at once. True: take it out first. */
static bool consider(struct um_line *line, struct tty_struct *tty,
		     bool readable)
{
	unsigned long flags;
	bool flush = false;

	spin_lock_irqsave(&line->lock, flags);
	if (line->eof_queued && line->eof_stale && line->eof_alone) {
		line->eof_queued = false;
		flush = true;
	} else if (!readable) {
		put_eof(line, tty);
	}
	schedule_delayed_work(&line->eof_work, flush ? 0 : line->eof_delay);
	line->eof_delay = min_t(unsigned long, line->eof_delay * 2, SELDOM);
	spin_unlock_irqrestore(&line->lock, flags);
	return flush;
}

void um_line_eof_work(struct work_struct *work)
{
	struct um_line *line = container_of(to_delayed_work(work),
					    struct um_line, eof_work);
	struct tty_struct *tty = tty_port_tty_get(&line->port);
	struct tty_ldisc *ld = tty ? tty_ldisc_ref(tty) : NULL;
	bool readable;

	if (ld && line->open && ld->ops->poll && ld->ops->flush_buffer) {
		readable = ld->ops->poll(tty, NULL, NULL) & EPOLLIN;
		if (consider(line, tty, readable))
			ld->ops->flush_buffer(tty);
	}
	if (ld)
		tty_ldisc_deref(ld);
	tty_kref_put(tty);
}
