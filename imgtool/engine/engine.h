/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine: file systems that only a kernel can read, or that are to be
 * treated as a kernel does, by way of a guest of ours with the image as its
 * disk.
 *
 *	proto.h	   what is said between us and the agent in the guest
 *	client.c   requests and answers
 *	nodes.c	   the tree as far as it is known
 *	tree.c, contents.c   struct fs_ops: the tree for everybody else
 *	ahead.c	   reading files, ahead
 *	together.c small files, many at once
 *	change.c   changes
 *	choose.c   --engine, and which file system needs one
 *	start.c	   the guest
 *	modules.c  what its kernel needs for a file system
 *	agent/	   the other side
 *
 * The kernel is the default one: everybody who has imgtool has it, and it is
 * built just once. It has few file systems built in, so the modules of the one
 * on the image are put into the guest's initrd, from where `make install` puts
 * modules. Whoever configured a kernel with everything built in needs none.
 *
 * The guest has the image on a throw-away layer, unless that is opened to be
 * written to; so mounting it, which may replay a journal, leaves the image as
 * it is. It goes when we do.
 */
#ifndef IMGTOOL_ENGINE_ENGINE_H
#define IMGTOOL_ENGINE_ENGINE_H

#include <pthread.h>

#include "imgtool/engine/client.h"
#include "imgtool/engine/nodes.h"

/* A part of a file: read, or asked for. */
struct window {
	uint32_t node; /* 0: none */
	bool pending;
	int error;
	uint64_t offset;
	size_t asked, size; /* fewer than asked for: the file ends there */
	char *data;	    /* of ENGINE_REPLY_MOST + 1 bytes */
	uint64_t used;	    /* when */
};

#define WINDOWS 4

/* Small files of a directory: read, or asked for. */
struct batch {
	uint32_t dir; /* 0: none */
	bool pending;
	unsigned int count;
	struct batch_file {
		uint32_t node; /* 0: not what it was */
		uint32_t size; /* what was asked for, then what there is */
		uint32_t at;   /* in data */
	} files[128];
	char *data;	   /* as that of a window */
	size_t next;	   /* where the next one begins in the directory */
	uint64_t used;
};

#define BATCHES 2

struct engine {
	pthread_mutex_t lock; /* recursive: a callback may come back */
	struct client client;
	struct nodes nodes;
	char type[32]; /* of file system */
	char *path;    /* of the last request */
	size_t path_room;
	bool wants_xattrs; /* somebody has asked for attributes */
	bool has_usage;
	struct fs_usage usage;

	/* ahead.c */
	struct window windows[WINDOWS];
	uint64_t window_uses;
	uint32_t read_node; /* what was read last, up to ... */
	uint64_t read_end;

	/* change.c: changes that are under way, the first error of one, and
	 * whether they may be */
	unsigned int deferred;
	int deferred_error;
	bool deferring;

	/* together.c */
	struct batch batches[BATCHES];
	uint32_t small_dir; /* where a small file was read last */

	/* start.c */
	struct guest_process *guest;
	unsigned int users;
};

/* ---- choose.c ---- */

enum engine_kind { ENGINE_AUTO, ENGINE_DIRECT, ENGINE_GUEST };

/* From now on, use what WORD says. Returns 0, or -1: there is no such. */
int engine_choose(const char *word);

/* A file system as blkid and the kernel call it, and modules for it: what is
 * not found by following modules.dep, because the kernel would ask modprobe
 * for it, and there is none in the guest. */
struct engine_type {
	const char *blkid, *kernel, *modules[4];
};

/* What needs an engine; NULL: it does not, or we do not know it. */
const struct engine_type *engine_find_type(const char *blkid);

/* Is one used for what blkid calls TYPE? */
bool engine_reads(const char *type);

/* ... for the file system on the chosen part of DISK? */
bool engine_wanted(const struct disk *disk);

/*
 * Where the program has guests: make fs a tree in one, or report why not and
 * return -1. NULL in programs that have none.
 */
extern int (*engine_open)(struct fs *fs);

/* Is there a kernel that has what blkid calls TYPE? May be NULL where
 * engine_open is. */
extern bool (*engine_is_there)(const char *type);

/* ---- tree.c ---- */

/* Begin with an engine that answers on FD, which is taken over. */
void engine_begin(struct engine *engine, int fd);

/* Mount DEVICE of TYPE ("": any), with ENGINE_CLOCK at TIME. 0 or -errno; *SAYS,
 * in memory of the engine, is what its kernel says. */
int engine_mount(struct engine *engine, const char *device, const char *type,
		 unsigned int flags, int64_t time, const char **says);

/* What is behind fs; its close calls fs->release. */
void engine_tree(struct engine *engine, struct fs *fs);

void engine_finish(struct engine *engine);

/* Called by the close of a tree. May be NULL. */
extern void (*engine_release)(struct engine *engine);

/* The path of a node, in memory of the engine. 0 or -errno. */
int engine_path(struct engine *engine, uint32_t node, const char **path);

/* Ask, after what was read ahead is in. */
int engine_ask(struct engine *engine, const struct client_request *request,
	       size_t most);

/* Receive the answers to what was deferred. With the lock held. */
void engine_catch_up(struct engine *engine);

/* ---- ahead.c: with the lock held ---- */

ssize_t ahead_read(struct engine *engine, uint32_t node, uint64_t offset,
		  void *data, size_t length);

/* Receive what is under way. */
void ahead_settle(struct engine *engine);

/* What was read is not true any more. */
void ahead_forget(struct engine *engine);

/* Receive the answer that comes next. */
void ahead_receive(struct engine *engine);

/* What was received is *DATA now, which came from here or is NULL. */
void ahead_take(struct engine *engine, char **data);

void ahead_end(struct engine *engine);

/* ---- together.c: with the lock held ---- */

/* What is known of the file; -EAGAIN: it is to be read by itself. */
ssize_t together_read(struct engine *engine, uint32_t node, uint64_t offset,
		      void *data, size_t length);

/* The batch that was asked for first of those under way, or NULL. */
struct batch *together_first(struct engine *engine);

/* Its answer is the next one. */
void together_receive(struct engine *engine, struct batch *batch);

void together_forget(struct engine *engine);

/* ---- modules.c ---- */

/* The files of the modules for it, in the order of loading, ended by NULL, in
 * new memory; for a kernel whose file is KERNEL. None is no error. */
char **engine_modules(const char *kernel, const char *type);

/* False: its modules are here, and there is none for TYPE. */
bool engine_modules_have(const char *kernel, const char *type);

/* ---- start.c ---- */

int engine_open_guest(struct fs *fs);
bool engine_has_kernel(const char *type);

#endif
