// SPDX-License-Identifier: GPL-2.0
/*
 * Input and output of a line.
 *
 * Input is read in the event's interrupt handler straight after it fires and
 * put into the tty's flip buffers; the event is armed again when the host has
 * no more. Nothing is read while no tty is open (another line may share the
 * descriptor), while the tty is throttled, or when the flip buffers are full:
 * then it is the host that has to wait. What its end means is in line_eof.c.
 *
 * Output goes to the host directly while nothing is queued. What the host
 * does not take is queued in `tx`, which the OUT event empties.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>

#include <asm/irq.h>
#include <abi/host.h>

#include "line.h"

#define RX_ROUNDS	16	/* reads in one interrupt */
#define BACKGROUND	(HZ / 4) /* looking again at a terminal not ours now */

/* ---- input ---- */

/* Hands what is in rx to the tty. False if some of it has to wait. */
static bool deliver(struct um_line *line)
{
	unsigned int n = line->rx_have - line->rx_at;

	if (!n)
		return true;
	line->rx_at += tty_insert_flip_string(&line->port,
					      line->rx + line->rx_at, n);
	tty_flip_buffer_push(&line->port);
	if (line->rx_at == line->rx_have)
		return true;
	schedule_delayed_work(&line->rx_retry, 1);
	return false;
}

/* One read. True if there may be more to come at once. */
static bool receive_some(struct um_line *line)
{
	struct host_iov iov = { .base = line->rx };
	s64 n;

	iov.len = min_t(u64, LINE_RX_SIZE, tty_buffer_space_avail(&line->port));
	if (!iov.len) {
		schedule_delayed_work(&line->rx_retry, 1);
		return false;
	}
	n = host_end_readv(line->chan.in, &iov, 1);
	if (n == -EAGAIN) {
		um_event_arm(line->in_event, HOST_EVENT_IN);
		return false;
	}
	if (n == -EBUSY) {
		schedule_delayed_work(&line->rx_retry, BACKGROUND);
		return false;
	}
	if (n <= 0) {
		um_line_input_ended(line, n);
		return false;
	}
	line->last = line->rx[n - 1];
	line->rx_at = 0;
	line->rx_have = n;
	return deliver(line);
}

static void receive(struct um_line *line)
{
	int i;

	if (line->in_event < 0 || !line->open || !deliver(line))
		return;
	for (i = 0; i < RX_ROUNDS; i++) {
		if (line->throttled || line->ended || !receive_some(line))
			return;
	}
	um_event_arm(line->in_event, HOST_EVENT_IN);	/* others' turn first */
}

static void receive_locked(struct um_line *line)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	receive(line);
	spin_unlock_irqrestore(&line->lock, flags);
}

static irqreturn_t input_interrupt(int irq, void *dev)
{
	receive_locked(dev);
	return IRQ_HANDLED;
}

static void retry_receive(struct work_struct *work)
{
	receive_locked(container_of(to_delayed_work(work), struct um_line,
				    rx_retry));
}

void um_line_open(struct um_line *line)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	line->open = true;
	line->throttled = false;
	line->eof_queued = false;
	if (line->at_eof)
		schedule_delayed_work(&line->eof_work, HZ);
	receive(line);
	spin_unlock_irqrestore(&line->lock, flags);
}

void um_line_close(struct um_line *line)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	line->open = false;
	line->rx_at = line->rx_have = 0;
	spin_unlock_irqrestore(&line->lock, flags);
	cancel_delayed_work_sync(&line->rx_retry);
	cancel_delayed_work_sync(&line->eof_work);
}

void um_line_throttle(struct um_line *line, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	line->throttled = on;
	if (!on)
		receive(line);
	spin_unlock_irqrestore(&line->lock, flags);
}

/* ---- output; callers hold the lock ---- */

/* Gives bytes to the host; returns how many are dealt with. Output that can
 * never be delivered is. */
static size_t push(struct um_line *line, const u8 *buf, size_t len)
{
	struct host_iov iov;
	size_t done = 0;
	s64 n;

	if (!line->chan.out || line->tx_dead)
		return len;
	while (done < len) {
		iov.base = (void *)buf + done;
		iov.len = len - done;
		n = host_end_writev(line->chan.out, &iov, 1);
		if (n == -EAGAIN)
			return done;
		if (n < 0) {
			line->tx_dead = n == -EPIPE || n == -EBADF;
			return len;
		}
		done += n;
	}
	return done;
}

/* Empties the queue as far as the host takes it. True if it is empty. */
static bool push_queued(struct um_line *line)
{
	unsigned int n, done;
	u8 *p;

	while ((n = kfifo_out_linear_ptr(&line->tx, &p, LINE_TX_SIZE))) {
		done = push(line, p, n);
		kfifo_skip_count(&line->tx, done);
		if (done < n)
			return false;
	}
	return true;
}

static void arm_output(struct um_line *line)
{
	if (line->tx_armed || line->out_event < 0)
		return;
	line->tx_armed = true;
	um_event_arm(line->out_event, HOST_EVENT_OUT);
}

size_t um_line_output(struct um_line *line, const u8 *buf, size_t len)
{
	size_t done = 0;

	if (push_queued(line))
		done = push(line, buf, len);
	if (done)
		line->stalled = false;
	if (done < len)
		done += kfifo_in(&line->tx, buf + done, len - done);
	if (!kfifo_is_empty(&line->tx))
		arm_output(line);
	return done;
}

static irqreturn_t output_interrupt(int irq, void *dev)
{
	struct um_line *line = dev;
	bool wake;

	spin_lock(&line->lock);
	line->tx_armed = false;
	if (!push_queued(line))
		arm_output(line);
	line->stalled = false;
	wake = kfifo_len(&line->tx) < LINE_TX_SIZE / 2;
	spin_unlock(&line->lock);
	if (wake)
		tty_port_tty_wakeup(&line->port);
	return IRQ_HANDLED;
}

/* ---- output, from outside ---- */

size_t um_line_write(struct um_line *line, const u8 *buf, size_t len)
{
	unsigned long flags;
	size_t done;

	spin_lock_irqsave(&line->lock, flags);
	done = um_line_output(line, buf, len);
	spin_unlock_irqrestore(&line->lock, flags);
	return done;
}

size_t um_line_queue(struct um_line *line, const u8 *buf, size_t len)
{
	unsigned long flags;
	size_t done;

	spin_lock_irqsave(&line->lock, flags);
	if (kfifo_is_empty(&line->tx))
		schedule_delayed_work(&line->tx_work, 1);
	done = kfifo_in(&line->tx, buf, len);
	if (done < len)
		done += um_line_output(line, buf + done, len - done);
	spin_unlock_irqrestore(&line->lock, flags);
	return done;
}

static void send_queued(struct work_struct *work)
{
	um_line_write(container_of(to_delayed_work(work), struct um_line,
				   tx_work), NULL, 0);
}

unsigned int um_line_room(struct um_line *line)
{
	return kfifo_avail(&line->tx);
}

unsigned int um_line_pending(struct um_line *line)
{
	return kfifo_len(&line->tx);
}

void um_line_discard(struct um_line *line)
{
	unsigned long flags;

	spin_lock_irqsave(&line->lock, flags);
	kfifo_reset(&line->tx);
	spin_unlock_irqrestore(&line->lock, flags);
}

/* ---- making lines ---- */

int um_line_start(struct um_line *line)
{
	const char *name = line->set->option;
	struct host_chan *chan = &line->chan;
	int id;

	if (chan->in && line->in_event < 0) {
		id = um_event_irq(host_end_fd(chan->in), input_interrupt,
				  name, line);
		if (id < 0)
			return id;
		line->in_event = id;
	}
	if (chan->out && line->out_event < 0) {
		id = um_event_irq(host_end_fd(chan->out), output_interrupt,
				  name, line);
		if (id < 0)
			return id;
		line->out_event = id;
	}
	return 0;
}

struct um_line *um_line_create(struct line_set *set, unsigned int index,
			       const char *spec, char *err)
{
	struct um_line *line = kzalloc(sizeof(*line), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!line)
		return ERR_PTR(-ENOMEM);
	if (kfifo_alloc(&line->tx, LINE_TX_SIZE, GFP_KERNEL))
		goto free;
	ret = host_chan_open(spec, HOST_CHAN_LINE, &line->chan);
	if (ret) {
		strscpy(err, line->chan.err, sizeof(line->chan.err));
		goto free;
	}
	line->set = set;
	line->index = index;
	line->in_event = line->out_event = -1;
	spin_lock_init(&line->lock);
	tty_port_init(&line->port);
	INIT_DELAYED_WORK(&line->rx_retry, retry_receive);
	INIT_DELAYED_WORK(&line->tx_work, send_queued);
	INIT_DELAYED_WORK(&line->eof_work, um_line_eof_work);
	return line;
free:
	kfifo_free(&line->tx);
	kfree(line);
	return ERR_PTR(ret);
}
