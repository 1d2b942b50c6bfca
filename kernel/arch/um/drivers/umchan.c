// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/umchan<N>: a byte stream to the host.
 *
 *	chan<N>=fd:M		N = 0..63; a socket or whatever is open for
 *				both, a pipe or file for one direction
 *	chan<N>=fd:IN,fd:OUT
 *
 * Reads and writes hand the caller's own pages to the host, up to a batch at
 * a time; nothing is copied here. The page pins last for one host call that
 * does not wait; waiting is done afterwards.
 *
 * Each direction has its own event and wait queue. `ready` says that the
 * event has fired since it was last armed. Whoever wants to wait clears it
 * and arms the event, which fires at once if the host is ready by then, so
 * no wake-up is lost whatever the others do.
 *
 * End of file: when the host's side ends, reads return 0 for ever. When the
 * last descriptor that may write is closed here, or at UMCHAN_SHUT_WR, the
 * host's side is told; there is no way back, a later writer gets EPIPE.
 */
#include <linux/cdev.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include <asm/irq.h>
#include <abi/host.h>
#include <abi/host_chan.h>
#include <abi/umchan.h>

#define CHANNELS	64
#define BATCH_PAGES	HOST_END_IOV
#define BATCH_BYTES	(BATCH_PAGES * PAGE_SIZE)

struct direction {
	struct mutex lock;	/* one transfer at a time; pages, iov, end */
	spinlock_t state;	/* ready, over and arming */
	struct host_end *end;
	int event;
	bool ready;
	bool over;		/* no end, end of input, or shut */
	wait_queue_head_t wait;
	struct page *pages[BATCH_PAGES];
	struct host_iov iov[BATCH_PAGES];
};

struct umchan {
	struct direction in, out;
	struct mutex open_lock;
	unsigned int writers;
};

static const char *specs[CHANNELS];
static struct umchan *channels[CHANNELS];
static dev_t first_dev;
static struct cdev umchan_cdev;

/* ---- readiness ---- */

static irqreturn_t direction_interrupt(int irq, void *dev)
{
	struct direction *d = dev;

	spin_lock(&d->state);
	d->ready = true;
	spin_unlock(&d->state);
	wake_up_all(&d->wait);
	return IRQ_HANDLED;
}

static void arm(struct direction *d, u32 events)
{
	unsigned long flags;

	spin_lock_irqsave(&d->state, flags);
	if (!d->over) {
		d->ready = false;
		um_event_arm(d->event, events);
	}
	spin_unlock_irqrestore(&d->state, flags);
}

static int wait_ready(struct direction *d, u32 events)
{
	arm(d, events);
	return wait_event_interruptible(d->wait, READ_ONCE(d->ready) ||
						 READ_ONCE(d->over));
}

/* Nothing more in this direction: wakes all who wait for it. */
static void end_direction(struct direction *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->state, flags);
	d->over = true;
	spin_unlock_irqrestore(&d->state, flags);
	wake_up_all(&d->wait);
}

/* Ready now? If not, the wait queue will hear of it. */
static bool poll_direction(struct direction *d, u32 events)
{
	if (READ_ONCE(d->over) || host_end_ready(d->end, 0))
		return true;
	arm(d, events);
	return false;
}

/* ---- transfers ---- */

/* The iov for len bytes from offset off of pages[0]; neighbours in memory
 * share an entry. */
static u32 describe(struct direction *d, size_t off, size_t len)
{
	struct host_iov *v = d->iov;
	u32 n = 0, i;

	for (i = 0; len; i++, off = 0) {
		void *p = page_address(d->pages[i]) + off;
		size_t part = min(len, PAGE_SIZE - off);

		if (n && v[n - 1].base + v[n - 1].len == p) {
			v[n - 1].len += part;
		} else {
			v[n].base = p;
			v[n++].len = part;
		}
		len -= part;
	}
	return n;
}

static s64 host_transfer(struct direction *d, u32 n, bool in)
{
	unsigned long flags;
	s64 ret;

	local_irq_save(flags);
	if (in)
		ret = host_end_readv(d->end, d->iov, n);
	else
		ret = host_end_writev(d->end, d->iov, n);
	local_irq_restore(flags);
	return ret;
}

/* Moves up to a batch; the iterator advances by what is returned. */
static ssize_t transfer(struct direction *d, struct iov_iter *iter, bool in)
{
	bool pinned = iov_iter_extract_will_pin(iter);
	struct page **pages = d->pages;
	ssize_t len, done;
	size_t off;

	len = iov_iter_extract_pages(iter, &pages, BATCH_BYTES, BATCH_PAGES, 0,
				     &off);
	if (len <= 0)
		return len ? len : -EFAULT;
	done = host_transfer(d, describe(d, off, len), in);
	if (pinned)
		unpin_user_pages_dirty_lock(pages, DIV_ROUND_UP(off + len,
					    PAGE_SIZE), in && done > 0);
	iov_iter_revert(iter, len - max_t(ssize_t, done, 0));
	return done;
}

static ssize_t transfer_locked(struct direction *d, struct iov_iter *iter,
			       bool in)
{
	ssize_t n;

	if (mutex_lock_interruptible(&d->lock))
		return -ERESTARTSYS;
	if (d->over)
		n = in ? 0 : -EPIPE;
	else
		n = transfer(d, iter, in);
	if (in && !n)
		end_direction(d);
	mutex_unlock(&d->lock);
	return n;
}

static bool no_wait(struct kiocb *iocb)
{
	return (iocb->ki_filp->f_flags & O_NONBLOCK) ||
	       (iocb->ki_flags & IOCB_NOWAIT);
}

static ssize_t umchan_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct umchan *c = iocb->ki_filp->private_data;
	ssize_t n;
	int err;

	if (!iov_iter_count(to))
		return 0;
	while ((n = transfer_locked(&c->in, to, true)) == -EAGAIN) {
		if (no_wait(iocb))
			break;
		err = wait_ready(&c->in, HOST_EVENT_IN);
		if (err)
			return err;
	}
	return n;
}

static ssize_t umchan_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct umchan *c = iocb->ki_filp->private_data;
	ssize_t done = 0, n = 0;

	while (iov_iter_count(from)) {
		n = transfer_locked(&c->out, from, false);
		if (n >= 0) {
			done += n;
			continue;
		}
		if (n != -EAGAIN || no_wait(iocb))
			break;
		n = wait_ready(&c->out, HOST_EVENT_OUT);
		if (n)
			break;
	}
	if (n == -EPIPE && !done)
		send_sig(SIGPIPE, current, 0);
	return done ? done : n;
}

/* ---- the rest of the file ---- */

static __poll_t umchan_poll(struct file *file, poll_table *wait)
{
	struct umchan *c = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &c->in.wait, wait);
	poll_wait(file, &c->out.wait, wait);
	if (poll_direction(&c->in, HOST_EVENT_IN))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (poll_direction(&c->out, HOST_EVENT_OUT))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (c->in.over)
		mask |= EPOLLRDHUP;
	if (c->in.over && c->out.over)
		mask |= EPOLLHUP;
	return mask;
}

static void shut_output(struct umchan *c)
{
	struct direction *d = &c->out;

	mutex_lock(&d->lock);
	if (!d->over) {
		end_direction(d);
		um_event_free(d->event, d);
		host_end_shut(d->end);
	}
	mutex_unlock(&d->lock);
}

static long umchan_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != UMCHAN_SHUT_WR)
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	shut_output(file->private_data);
	return 0;
}

static int umchan_open(struct inode *inode, struct file *file)
{
	struct umchan *c = channels[MINOR(inode->i_rdev) - MINOR(first_dev)];

	if (!c)
		return -ENODEV;
	file->private_data = c;
	if (file->f_mode & FMODE_WRITE) {
		mutex_lock(&c->open_lock);
		c->writers++;
		mutex_unlock(&c->open_lock);
	}
	return stream_open(inode, file);
}

static int umchan_release(struct inode *inode, struct file *file)
{
	struct umchan *c = file->private_data;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	mutex_lock(&c->open_lock);
	if (!--c->writers)
		shut_output(c);
	mutex_unlock(&c->open_lock);
	return 0;
}

static const struct file_operations umchan_fops = {
	.owner		= THIS_MODULE,
	.open		= umchan_open,
	.release	= umchan_release,
	.read_iter	= umchan_read,
	.write_iter	= umchan_write,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.poll		= umchan_poll,
	.unlocked_ioctl	= umchan_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static const struct class umchan_class = {
	.name = "umchan",
};

/* ---- start-up ---- */

static int __init chan_option(char *rest)
{
	char *spec = rest, text[60];
	unsigned long n;

	while (isdigit(*spec))
		spec++;
	if (spec == rest || *spec != '=')
		return 0;
	n = simple_strtoul(rest, NULL, 10);
	if (n >= CHANNELS) {
		snprintf(text, sizeof(text),
			 "chan%s: no such channel: give chan0= to chan%u=",
			 rest, CHANNELS - 1);
		host_fatal("command line", text, 0);
	}
	specs[n] = spec + 1;
	return 1;
}
__setup("chan", chan_option);

static int __init make_direction(struct direction *d, struct host_end *end)
{
	mutex_init(&d->lock);
	spin_lock_init(&d->state);
	init_waitqueue_head(&d->wait);
	d->end = end;
	d->over = !end;
	if (!end)
		return 0;
	d->event = um_event_irq(host_end_fd(end), direction_interrupt,
				"umchan", d);
	return d->event < 0 ? d->event : 0;
}

static void __init make_channel(unsigned int n, const char *spec)
{
	struct host_chan *chan = kzalloc(sizeof(*chan), GFP_KERNEL);
	struct umchan *c = kzalloc(sizeof(*c), GFP_KERNEL);
	char name[12];
	int err;

	snprintf(name, sizeof(name), "chan%u", n);
	if (!chan || !c)
		host_fatal(name, "out of memory", 0);
	if (host_chan_open(spec, HOST_CHAN_OWN, chan))
		host_fatal(name, chan->err, 0);
	if (chan->kind != HOST_CHAN_NONE) {
		mutex_init(&c->open_lock);
		err = make_direction(&c->in, chan->in);
		if (!err)
			err = make_direction(&c->out, chan->out);
		if (err)
			host_fatal(name, "host event", -err);
		channels[n] = c;
		device_create(&umchan_class, NULL, first_dev + n, NULL,
			      "umchan%u", n);
	} else {
		kfree(c);
	}
	kfree(chan);
}

static int __init umchan_init(void)
{
	unsigned int n;
	int err;

	err = alloc_chrdev_region(&first_dev, 0, CHANNELS, "umchan");
	if (!err)
		err = class_register(&umchan_class);
	if (!err) {
		cdev_init(&umchan_cdev, &umchan_fops);
		err = cdev_add(&umchan_cdev, first_dev, CHANNELS);
	}
	if (err)
		return err;
	for (n = 0; n < CHANNELS; n++)
		if (specs[n])
			make_channel(n, specs[n]);
	return 0;
}
device_initcall(umchan_init);
