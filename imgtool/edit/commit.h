/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes that go on for long, as those of a mount do, and whose author may be
 * killed at any moment.
 *
 * With a journal in the file system, metadata is held in memory until a
 * commit writes all of it to the journal at once, as the kernel does, then to
 * its place: whatever ends us, e2fsck (or a kernel) finds the state of one
 * commit, with the contents of files not older than that. Without a journal,
 * or with one that is too small, metadata goes to its place as it changes,
 * and e2fsck puts together what it finds.
 *
 * Either way, blocks that were freed are not used again before a commit: until
 * then what is on disk has them in their old place. And while a commit is
 * under way, nobody reads data of files by block numbers that may be old.
 *
 * All of it is called with one lock held, but for the lock of data.
 */
#ifndef IMGTOOL_EDIT_COMMIT_H
#define IMGTOOL_EDIT_COMMIT_H

#include <pthread.h>

#include "imgtool/edit/direct.h"
#include "imgtool/image/held.h"

struct jwrite;

struct commits {
	struct edit *edit;
	struct held *held;	/* NULL: written at once */
	struct jwrite *journal; /* NULL: none */
	uint64_t *freed;
	size_t freed_count, freed_capacity;
	bool dirty;		/* data or metadata since the last commit */
	int broken;		/* -errno: nothing can be changed any more */
	pthread_rwlock_t data;	/* shared: a block of a file is being read */
};

/* Begin: EDIT has been opened, and nothing changed. 0 or -errno. */
int commits_start(struct commits *commits, struct edit *edit);

/* Before each change: 0, or why there can be none. */
int commits_ready(struct commits *commits);

/* All that was changed is on disk when this returns. 0 or -errno. */
int commits_commit(struct commits *commits);

/* The last commit; edit_close() must follow. 0 or -errno. */
int commits_end(struct commits *commits);

/* These blocks are a file's: the zeros that the library gave them, as if they
 * were metadata, must not be written over what comes next. */
void commits_are_data(struct commits *commits, uint64_t block, uint64_t count);

/* How many blocks wait for a commit to be free. If NEED blocks cannot be had
 * without them, there is a commit first. */
uint64_t commits_waiting(struct commits *commits, uint64_t need);

/* ----------------------------------------------------------- the journal */

/* Take the journal of the file system, which must be empty. NULL: it has none
 * that can be used. */
struct jwrite *jwrite_start(struct edit *edit);

/* How many blocks a transaction can have. */
size_t jwrite_most(const struct jwrite *journal);

/* COUNT blocks are in the journal, on disk. 0 or -errno. */
int jwrite_commit(struct jwrite *journal, const struct held_block *blocks,
		  size_t count);

/* What is in the journal does not count any more: all is in its place. With
 * LAST, there will be no other commit. 0 or -errno. */
int jwrite_clear(struct jwrite *journal, bool last);

void jwrite_free(struct jwrite *journal);

#endif
