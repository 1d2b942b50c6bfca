// SPDX-License-Identifier: GPL-2.0
/*
 * Opening channels.
 *
 * A number in fd:N counts only if the process was started with it: every
 * descriptor that the kernel process opens for itself is close-on-exec, so
 * one that has this flag is ours (physmem, an image, a listener) and is not
 * given away by a slip in the command line.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chan_end.h"
#include "chan_spec.h"
#include "con_pts.h"
#include "con_term.h"

static int fail(struct host_chan *chan, int err, const char *object,
		const char *reason)
{
	snprintf(chan->err, sizeof(chan->err), "%s: %s", object,
		 reason ? reason : strerror(-err));
	return err;
}

static int fail_fd(struct host_chan *chan, int err, int fd,
		   const char *reason)
{
	char object[16];

	snprintf(object, sizeof(object), "fd:%d", fd);
	return fail(chan, err, object, reason);
}

/* The access mode of an inherited descriptor, or -EBADF. */
static int inherited_mode(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || (flags & FD_CLOEXEC))
		return -EBADF;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_PATH))
		return -EBADF;
	return flags & O_ACCMODE;
}

static int open_fd_end(struct host_chan *chan, int fd, int access, u32 flags)
{
	struct host_end **end = access == O_RDONLY ? &chan->in : &chan->out;
	int err = chan_end_inherit(fd, access, end);

	if (err)
		return fail_fd(chan, err, fd, NULL);
	if (flags & HOST_CHAN_OWN)
		chan_end_own(*end, fd);
	return 0;
}

static int open_one_fd(struct host_chan *chan, int fd, u32 flags)
{
	int mode = inherited_mode(fd), err = 0;

	if (mode < 0)
		return fail_fd(chan, mode, fd, NULL);
	if (mode != O_WRONLY)
		err = open_fd_end(chan, fd, O_RDONLY, flags);
	if (!err && mode != O_RDONLY)
		err = open_fd_end(chan, fd, O_WRONLY, flags);
	return err;
}

static int open_two_fds(struct host_chan *chan, int in, int out, u32 flags)
{
	int mode = inherited_mode(in), err;

	if (mode < 0)
		return fail_fd(chan, mode, in, NULL);
	if (mode == O_WRONLY)
		return fail_fd(chan, -EBADF, in, "not open for reading");
	mode = inherited_mode(out);
	if (mode < 0)
		return fail_fd(chan, mode, out, NULL);
	if (mode == O_RDONLY)
		return fail_fd(chan, -EBADF, out, "not open for writing");
	err = open_fd_end(chan, in, O_RDONLY, flags);
	return err ? err : open_fd_end(chan, out, O_WRONLY, flags);
}

/* Two ends from one description opened by us; fd is closed on failure. */
static int adopt_both(struct host_chan *chan, int fd)
{
	int second = fcntl(fd, F_DUPFD_CLOEXEC, 0), err;

	if (second < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	err = chan_end_adopt(fd, O_RDONLY, &chan->in);
	if (err) {
		close(second);
		return err;
	}
	return chan_end_adopt(second, O_WRONLY, &chan->out);
}

static int open_device(struct host_chan *chan, const char *dev)
{
	int fd = open(dev, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return fail(chan, -errno, dev, NULL);
	err = isatty(fd) ? 0 : -ENOTTY;
	if (err) {
		close(fd);
		return fail(chan, err, dev, "not a terminal");
	}
	err = adopt_both(chan, fd);
	return err ? fail(chan, err, dev, NULL) : 0;
}

static int open_pts(struct host_chan *chan)
{
	int master, slave, err;

	err = con_pts_open(&master, &slave, chan->name, sizeof(chan->name));
	if (err)
		return fail(chan, err, "pts", NULL);
	err = adopt_both(chan, master);
	if (err) {
		close(slave);
		return fail(chan, err, "pts", NULL);
	}
	chan->in->spare_fd = slave;
	return 0;
}

static int open_kind(const struct chan_spec *spec, u32 flags,
		     struct host_chan *chan)
{
	switch (spec->kind) {
	case HOST_CHAN_FD:
		if (spec->out_fd >= 0)
			return open_two_fds(chan, spec->in_fd, spec->out_fd,
					    flags);
		return open_one_fd(chan, spec->in_fd, flags);
	case HOST_CHAN_PTS:
		return open_pts(chan);
	case HOST_CHAN_PTY:
	case HOST_CHAN_TTY:
		return open_device(chan, spec->dev);
	}
	return 0;	/* none and null have no ends */
}

static bool is_plain(const struct host_end *out)
{
	struct stat st;

	return out && !fstat(out->fd, &st) &&
	       (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode));
}

int host_chan_open(const char *text, u32 flags, struct host_chan *chan)
{
	struct chan_spec spec;
	const char *why;
	int err;

	memset(chan, 0, sizeof(*chan));
	err = chan_spec_parse(text, &spec, &why);
	if (!err && spec.kind > HOST_CHAN_FD && !(flags & HOST_CHAN_LINE)) {
		err = -EINVAL;
		why = "only fd:N, fd:IN,fd:OUT, null and none serve here";
	}
	if (err)
		return fail(chan, err, text, why);

	signal(SIGPIPE, SIG_IGN);	/* a reader that left is -EPIPE */
	chan->kind = spec.kind;
	snprintf(chan->name, sizeof(chan->name), "%s", text);
	err = open_kind(&spec, flags, chan);
	if (err) {
		host_chan_close(chan);
		return err;
	}
	chan->out_plain = is_plain(chan->out);
	if (chan->in && chan->in->terminal && (flags & HOST_CHAN_LINE)) {
		chan->is_terminal = 1;
		con_term_prepare(chan->in->fd);
	}
	return 0;
}

void host_chan_close(struct host_chan *chan)
{
	chan_end_free(chan->in);
	chan_end_free(chan->out);
	chan->in = NULL;
	chan->out = NULL;
}
