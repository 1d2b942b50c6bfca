// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: which are carried out at once, and how.
 *
 *	read	with RWF_NOWAIT, which serves what the host has cached; the
 *		rest by a thread. Where the host can't (overlayfs), by the
 *		pace of the last reads; in a tmpfs always at once.
 *	write	by the pace of the last writes; in a tmpfs always at once
 *	flush	at once if there is nothing to sync, else by a thread; so are
 *		FUA writes
 *	discard, zero	by a thread
 *
 * Where room on the host has run out and the disk is to wait for it, a request
 * is tried again now and then, by a thread that does others in between. All of
 * it is done again: what is written twice is the same.
 *
 * Whether a file is plain bytes is told by how it begins, and a guest writes
 * that. So a disk that was found to be plain may not be given the beginning of
 * another format: at the next start its header would name files of the host.
 * The first sector is copied before it is judged, since the guest's programs
 * can change their pages meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <abi/host.h>
#include <host/allow.h>

#include "../format/cow_header.h"
#include "../format/flush.h"
#include "disk.h"

HOST_ALLOW(clock_gettime);

static struct io_span rest_of(const struct host_ubd_req *req)
{
	return (struct io_span){
		.iov = (const struct iovec *)req->iov,
		.at = req->done,
		.len = req->len - req->done,
	};
}

static int read_rest(struct host_ubd *d, struct host_ubd_req *req, bool nowait)
{
	struct io_span span = rest_of(req);
	int err = 0;

	if (span.len)
		err = d->img->fmt->read(d->img, &span, req->offset + req->done,
					nowait);
	req->done = req->len - span.len;
	return err;
}

/* Fills the sector from the front of a span, which is advanced. */
static void take_sector(struct io_span *span, unsigned char *sector)
{
	u64 have = 0, part;

	while (have < 512) {
		while (span->at >= span->iov->iov_len) {
			span->at -= span->iov->iov_len;
			span->iov++;
		}
		part = span->iov->iov_len - span->at;
		if (part > 512 - have)
			part = 512 - have;
		memcpy(sector + have,
		       (unsigned char *)span->iov->iov_base + span->at, part);
		have += part;
		span->at += part;
	}
	span->len -= 512;
}

static void say_guarded(struct host_ubd *d)
{
	char line[160];
	int n;

	n = snprintf(line, sizeof(line),
		     "%s: write refused: the beginning of another image format "
		     "in a raw disk (flag d allows it)\n", d->name);
	host_early_write(line, (u64)n);
}

static int write_first(struct host_ubd *d, struct io_span *span)
{
	unsigned char sector[512];
	struct iovec v = { sector, sizeof(sector) };
	struct io_span first = { &v, 0, sizeof(sector) };

	take_sector(span, sector);
	if (disk_magic(sector)) {
		say_guarded(d);
		return -EIO;
	}
	return d->img->fmt->write(d->img, &first, 0);
}

static int write_all(struct host_ubd *d, struct host_ubd_req *req)
{
	struct io_span span = rest_of(req);
	u64 off = req->offset;
	int err;

	if (!off && d->guarded && span.len) {
		err = write_first(d, &span);
		if (err)
			return err;
		off = 512;
	}
	return span.len ? d->img->fmt->write(d->img, &span, off) : 0;
}

static bool must_sync(struct host_ubd *d, struct host_ubd_req *req)
{
	if (req->op != HOST_UBD_WRITE && req->op != HOST_UBD_ZERO)
		return false;
	return (req->flags & HOST_UBD_FUA) || (d->flags & HOST_UBD_SYNC);
}

const char *disk_magic(const unsigned char *head)
{
	if (cow_probe(head, 4))
		return "COW";
	return memcmp(head, "QFI\xfb", 4) ? NULL : "qcow2";
}

void disk_perform(struct host_ubd *d, struct host_ubd_req *req)
{
	const struct ubd_format *fmt = d->img->fmt;
	int err = -EOPNOTSUPP;

	switch (req->op) {
	case HOST_UBD_READ:
		err = read_rest(d, req, false);
		break;
	case HOST_UBD_WRITE:
		err = write_all(d, req);
		break;
	case HOST_UBD_FLUSH:
		err = fmt->flush(d->img);
		break;
	case HOST_UBD_DISCARD:
		err = fmt->discard(d->img, req->offset, req->len);
		break;
	case HOST_UBD_ZERO:
		err = fmt->zero(d->img, req->offset, req->len,
				req->flags & HOST_UBD_KEEP);
		break;
	}
	if (!err && must_sync(d, req))
		err = fmt->flush(d->img);
	else if (fmt->periodic && req->op != HOST_UBD_READ)
		rounds_wake();
	req->error = err;
}

bool disk_waits(struct host_ubd *d, const struct host_ubd_req *req)
{
	char line[160];
	int n;

	if (!no_room(req->error) || !atomic_load(&d->wait))
		return false;
	if (atomic_exchange(&d->waiting, true))
		return true;
	n = snprintf(line, sizeof(line),
		     "%s: %s: waiting for room (to give up, write `error' to "
		     "its nospace in the guest's sysfs)\n", d->name,
		     strerror(-req->error));
	host_early_write(line, (u64)n);
	return true;
}

void disk_waited(struct host_ubd *d, const struct host_ubd_req *req)
{
	char line[80];
	int n;

	if (!atomic_exchange(&d->waiting, false))
		return;
	n = snprintf(line, sizeof(line), "%s: %s\n", d->name,
		     req->error ? "no longer waiting for room" :
				  "there is room again");
	host_early_write(line, (u64)n);
}

void host_ubd_set_wait(struct host_ubd *d, bool wait)
{
	atomic_store(&d->wait, wait);
	atomic_store(&d->img->patient, wait);
	if (!wait)
		worker_kick();
}

int host_ubd_rescan(struct host_ubd *d, u64 *bytes)
{
	int err = d->img->fmt->rescan ? d->img->fmt->rescan(d->img) :
					-EOPNOTSUPP;

	*bytes = d->img->bytes;
	return err;
}

static bool perform_paced(struct host_ubd *d, struct host_ubd_req *req,
			  struct pace *pace)
{
	u64 started;

	if (d->memory) {
		disk_perform(d, req);
		return true;
	}
	if (!pace_inline(pace))
		return false;
	started = pace_now();
	disk_perform(d, req);
	pace_learn(pace, started, req->len);
	return true;
}

static bool try_read(struct host_ubd *d, struct host_ubd_req *req)
{
	int err;

	if (d->memory || atomic_load(&d->no_nowait))
		return perform_paced(d, req, &d->reads);
	err = read_rest(d, req, true);
	if (err == -EAGAIN)
		return false;
	if (err == -EOPNOTSUPP) {
		atomic_store(&d->no_nowait, true);
		return perform_paced(d, req, &d->reads);
	}
	req->error = err;
	return true;
}

static bool try_write(struct host_ubd *d, struct host_ubd_req *req)
{
	if (must_sync(d, req) && !d->img->fmt->needs_no_sync)
		return false;
	return perform_paced(d, req, &d->writes);
}

static bool try_inline(struct host_ubd *d, struct host_ubd_req *req)
{
	if (d->flags & HOST_UBD_THREAD)
		return false;
	switch (req->op) {
	case HOST_UBD_READ:
		return try_read(d, req);
	case HOST_UBD_WRITE:
		return try_write(d, req);
	case HOST_UBD_FLUSH:
		if (!d->img->fmt->clean(d->img))
			return false;
		req->error = 0;
		return true;
	}
	return false;
}

int host_ubd_submit(struct host_ubd *d, struct host_ubd_req *req)
{
	req->disk = d;
	req->done = 0;
	req->error = 0;
	req->waited = 0;
	if (try_inline(d, req) &&
	    !(no_room(req->error) && atomic_load(&d->wait)))
		return 1;
	worker_queue(req);
	return 0;
}

struct host_ubd_req *host_ubd_take_done(struct host_ubd *d)
{
	return atomic_exchange(&d->done, NULL);
}
