/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/commit.h"
#include "imgtool/image/io.h"
#include "imgtool/msg.h"

/* The library has counted a block as free or as used. It gets one that is free
 * only at the next commit. */
static void on_block(ext2_filsys lib, blk64_t block, int used)
{
	struct commits *c = lib->priv_data;

	c->dirty = true;
	if (used > 0)
		return;
	ext2fs_mark_block_bitmap2(lib->block_map, block);
	c->freed = mem_grow(c->freed, c->freed_count, &c->freed_capacity,
			    sizeof(*c->freed));
	c->freed[c->freed_count++] = block;
}

int commits_start(struct commits *commits, struct edit *edit)
{
	ext2_filsys lib = edit->lib;
	int r;

	memset(commits, 0, sizeof(*commits));
	commits->edit = edit;
	pthread_rwlock_init(&commits->data, NULL);
	r = edit_begin(edit);
	if (r < 0)
		return r;
	commits->journal = jwrite_start(edit);
	if (commits->journal) {
		ext2fs_set_feature_journal_needs_recovery(lib->super);
		r = edit_write_state(edit, false);
		if (r < 0)
			return r;
		commits->held = held_new(lib->blocksize);
		disk_io_hold(lib->io, commits->held);
	}
	lib->priv_data = commits;
	ext2fs_set_block_alloc_stats_callback(lib, on_block, NULL);
	edit->commits = commits;
	return 0;
}

/* What waited is free, and nothing that was in it counts. */
static void release(struct commits *c)
{
	ext2_filsys lib = c->edit->lib;
	uint64_t n = EXT2FS_CLUSTER_RATIO(lib), block, i;
	size_t k;

	for (k = 0; k < c->freed_count; k++) {
		block = c->freed[k];
		ext2fs_unmark_block_bitmap2(lib->block_map, block);
		block -= block % n;
		for (i = 0; c->held && i < n; i++)
			held_drop(c->held, block + i);
	}
	c->freed_count = 0;
}

/* The library writes all bitmaps, changed or not. */
static int drop_unchanged(struct commits *c, struct held_block *list,
			  size_t *count)
{
	size_t bs = c->edit->lib->blocksize, i, n = 0;
	uint8_t *old = mem_alloc(bs);
	int r = 0;

	for (i = 0; i < *count && r == 0; i++) {
		r = disk_read(&c->edit->view.disk, list[i].number * bs, old,
			      bs);
		if (r == 0 && memcmp(old, list[i].data, bs))
			list[n++] = list[i];
	}
	free(old);
	*count = n;
	return r;
}

static int write_home(struct commits *c, const struct held_block *list,
		      size_t count)
{
	size_t bs = c->edit->lib->blocksize, i;
	int r = 0;

	for (i = 0; i < count && r == 0; i++)
		r = disk_write(&c->edit->view.disk, list[i].number * bs,
			       list[i].data, bs);
	return r;
}

/* What is held goes to the journal, then to its place. More than fits into
 * the journal goes there without, which a kill may leave half done. */
static int write_held(struct commits *c)
{
	size_t count = held_count(c->held);
	struct held_block *list = held_list(c->held);
	int r = drop_unchanged(c, list, &count);

	if (r == 0 && count > jwrite_most(c->journal))
		r = jwrite_clear(c->journal, false) ?:
		    disk_sync(&c->edit->view.disk) ?:
		    write_home(c, list, count) ?:
		    disk_sync(&c->edit->view.disk);
	else if (r == 0 && count)
		r = jwrite_commit(c->journal, list, count) ?:
		    write_home(c, list, count);
	else if (r == 0)
		r = disk_sync(&c->edit->view.disk);
	free(list);
	if (r == 0)
		held_drop_all(c->held);
	return r;
}

int commits_commit(struct commits *commits)
{
	struct edit *edit = commits->edit;
	int r;

	if (commits->broken || !commits->dirty)
		return commits->broken;
	/* who reads has to come to an end first */
	pthread_rwlock_wrlock(&commits->data);
	release(commits);
	r = edit_from_library(ext2fs_flush2(edit->lib,
					    EXT2_FLAG_FLUSH_NO_SYNC));
	if (r == 0)
		r = commits->held ? write_held(commits) :
				    disk_sync(&edit->view.disk);
	pthread_rwlock_unlock(&commits->data);
	commits->dirty = r != 0;
	commits->broken = r;
	return r;
}

int commits_ready(struct commits *commits)
{
	commits->dirty = true;
	if (commits->held &&
	    held_count(commits->held) > jwrite_most(commits->journal) / 3)
		commits_commit(commits);
	commits->dirty = true;
	return commits->broken;
}

void commits_are_data(struct commits *commits, uint64_t block, uint64_t count)
{
	for (; held_count(commits->held) && count; block++, count--)
		held_drop(commits->held, block);
}

uint64_t commits_waiting(struct commits *commits, uint64_t need)
{
	ext2_filsys lib = commits->edit->lib;
	uint64_t free = ext2fs_free_blocks_count(lib->super);
	uint64_t n = commits->freed_count * EXT2FS_CLUSTER_RATIO(lib);

	if (n && !commits->broken && (free < n || need > free - n)) {
		commits_commit(commits);
		commits->dirty = true;
		n = commits->freed_count * EXT2FS_CLUSTER_RATIO(lib);
	}
	return n < free ? n : free;
}

int commits_end(struct commits *commits)
{
	struct edit *edit = commits->edit;
	int r = commits->broken;

	if (edit->commits) {
		r = commits_commit(commits);
		disk_io_hold(edit->lib->io, NULL);
		ext2fs_set_block_alloc_stats_callback(edit->lib, NULL, NULL);
		edit->commits = NULL;
	}
	if (r == 0 && commits->journal)
		r = jwrite_clear(commits->journal, true);
	if (r == 0)
		ext2fs_clear_feature_journal_needs_recovery(edit->lib->super);
	/* what could not be written must not look as if it had been */
	edit->changed = r == 0;
	jwrite_free(commits->journal);
	held_free(commits->held);
	free(commits->freed);
	pthread_rwlock_destroy(&commits->data);
	return r;
}
