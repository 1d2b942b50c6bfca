/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wall of the block driver: host files as disks.
 *
 * A request is carried out before host_ubd_submit() returns where that is
 * quick; else a host thread does it and the disk's event is raised. Requests
 * may be submitted from several vcpus at once; nothing orders those that are
 * under way, except that a FLUSH covers every write that was reported done
 * before the FLUSH was submitted.
 */
#ifndef UBD_ABI_HOST_UBD_H
#define UBD_ABI_HOST_UBD_H

#include <abi/types.h>
#include <abi/iov.h>

struct host_ubd;

/* host_ubd_config.flags: the letters of the command line */
#define HOST_UBD_READONLY	1u	/* r */
#define HOST_UBD_SYNC		2u	/* s: every write is on stable storage */
#define HOST_UBD_SHARED		4u	/* c: no lock */
#define HOST_UBD_DATA		8u	/* d: plain bytes, whatever they begin with */
#define HOST_UBD_NOTRIM		16u	/* t: no discard */
#define HOST_UBD_LAYER		32u	/* o: writes go to a throw-away layer */
#define HOST_UBD_THREAD		64u	/* all I/O by a host thread (tests) */
#define HOST_UBD_WAIT		128u	/* w: without room, wait for it */
#define HOST_UBD_DIRECT		256u	/* u: past the host's page cache */

struct host_ubd_config {
	const char *name;	/* "ubd0", for messages */
	const char *file;
	const char *backing;	/* NULL: none */
	const char *layer_dir;	/* ubd_layer_dir=, or NULL */
	u64 layer_max;		/* ubd_layer_max= in bytes; 0: none given */
	u32 flags;
	int event;		/* software event to raise, see host.h */
};

struct host_ubd_info {
	u64 bytes;		/* capacity, whole sectors of 512 */
	u32 block;		/* what the host writes at once: a power of two */
	u32 readonly;		/* asked for, or all that the host allows */
	u32 can_discard;
	char note[1024];	/* worth a line in the log, or "" */
	char err[512];		/* on failure: "FILE: reason" */
};

/* Opens a disk. 0, or -errno with info->err filled in. May block on the
 * host's file system: for driver start-up. */
int host_ubd_open(const struct host_ubd_config *config, struct host_ubd **out,
		  struct host_ubd_info *info);

/* Gives it back, with lock and layer. No request may be under way. */
void host_ubd_close(struct host_ubd *disk);

enum host_ubd_op {
	HOST_UBD_READ = 1,
	HOST_UBD_WRITE,
	HOST_UBD_FLUSH,		/* no range */
	HOST_UBD_DISCARD,	/* no iov: contents become undefined */
	HOST_UBD_ZERO,		/* no iov: reads as zero afterwards */
};

/* host_ubd_req.flags */
#define HOST_UBD_FUA	1u	/* WRITE, ZERO: done means on stable storage */
#define HOST_UBD_KEEP	2u	/* ZERO: the range stays allocated */

struct host_ubd_req {
	u32 op;			/* enum host_ubd_op */
	u32 flags;
	u64 offset, len;	/* bytes, multiples of 512, within capacity */
	const struct host_iov *iov;	/* covers len bytes */
	u32 niov;
	s32 error;		/* when done: 0 or -errno */
	u32 waited;		/* host side: for room */
	u64 done;		/* host side: bytes moved so far */
	struct host_ubd_req *next; /* host side, and for the list below */
	struct host_ubd *disk;	/* host side */
};

/* Starts a request. 1: it is done, see error; 0: it is under way and belongs
 * to the host side until host_ubd_take_done() returns it. */
int host_ubd_submit(struct host_ubd *disk, struct host_ubd_req *req);

/* What a request does that finds no room on the host: waits and tries again,
 * or fails. Those that wait fail as soon as this is set to false. */
void host_ubd_set_wait(struct host_ubd *disk, bool wait);

/*
 * Looks at the size of the file again: *bytes is what the disk has now, which
 * from here on may be used. -EOPNOTSUPP for all but plain bytes; -ERANGE if the
 * file has become smaller, and the disk is left as it is.
 */
int host_ubd_rescan(struct host_ubd *disk, u64 *bytes);

/* All requests finished since the last call, linked by next; NULL: none. Call
 * after the event was raised. Never blocks. */
struct host_ubd_req *host_ubd_take_done(struct host_ubd *disk);

#endif
