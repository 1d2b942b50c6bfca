/* SPDX-License-Identifier: GPL-2.0 */
/* A disk: an image, the pace at which it answers, and what is done. */
#ifndef UBD_HOST_DISK_H
#define UBD_HOST_DISK_H

#include <stdatomic.h>

#include "../abi/host_ubd.h"
#include "../format/format.h"
#include "pace.h"

struct host_ubd {
	struct image *img;
	u32 flags;		/* HOST_UBD_SYNC, HOST_UBD_THREAD */
	int event;
	bool memory;		/* all of it is in a tmpfs: never slow */
	bool guarded;		/* may not become another format, see disk.c */
	struct host_ubd *next;	/* rounds.c */
	atomic_bool no_nowait;	/* the store can't promise not to wait */
	atomic_bool wait;	/* for room */
	atomic_bool waiting;	/* a request does */
	struct pace reads, writes;
	_Atomic(struct host_ubd_req *) done;
	char name[16];
	char layer_dir[200];	/* for the message when it is full */
	u64 layer_max;
};

/* The format that begins with these 4 bytes, or NULL: plain ones. */
const char *disk_magic(const unsigned char *head);

/* Carries a request out, waiting as long as it takes; sets req->error. */
void disk_perform(struct host_ubd *d, struct host_ubd_req *req);

/* Is the request, performed, to be tried again when there is room? If so, the
 * user has been told. */
bool disk_waits(struct host_ubd *d, const struct host_ubd_req *req);
/* One that had to wait is done, or has failed. */
void disk_waited(struct host_ubd *d, const struct host_ubd_req *req);

/* rounds.c: flushes a disk about a second after it was written to, and when
 * the program ends. 0 or -errno. */
int rounds_add(struct host_ubd *d);
void rounds_remove(struct host_ubd *d);
/* A disk was written to. */
void rounds_wake(void);

/* worker.c: starts the host threads, once. 0 or -errno. */
int worker_start(void);
/* Hands a request over; a host thread performs it, adds it to disk->done and
 * raises the disk's event. */
void worker_queue(struct host_ubd_req *req);
/* Requests that wait for room are tried again now. */
void worker_kick(void);

#endif
