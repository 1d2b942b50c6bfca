/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A writable mount from its start to its end. What nobody syncs reaches the
 * disk within some seconds, as with a kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "imgtool/engine/change.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

#define COMMIT_SECONDS 5

static enum edit_use in_use(void *context, uint64_t ino)
{
	struct tree *tree = context;
	const struct known_node *node = known_unname(&tree->known, ino);

	return !node ? EDIT_UNUSED : node->opened ? EDIT_OPEN : EDIT_KNOWN;
}

int tree_start_writing(struct tree *tree)
{
	struct edit *edit = tree->edit;
	int r;

	if (tree->guest) {
		/* (signals are FUSE's here) */
		edit->changed = true;
		change_keep_numbers(&edit->view.fs);
		readers_start_alone(&tree->readers, &edit->view.fs);
		return 0;
	}
	edit->in_use = in_use;
	edit->in_use_context = tree;
	pthread_mutex_init(&tree->ending_lock, NULL);
	pthread_cond_init(&tree->ending, NULL);
	readers_start_alone(&tree->readers, &edit->view.fs);
	r = commits_start(&tree->commits, edit);
	return r < 0 ? msg_error(edit->view.disk.name, "cannot be written to: "
				 "%s", edit_strerror(edit, r)) : 0;
}

/* False: it is the end. */
static bool wait_a_while(struct tree *tree)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += COMMIT_SECONDS;
	pthread_mutex_lock(&tree->ending_lock);
	while (!tree->ended &&
	       pthread_cond_timedwait(&tree->ending, &tree->ending_lock,
				      &until) != ETIMEDOUT)
		;
	ended = tree->ended;
	pthread_mutex_unlock(&tree->ending_lock);
	return !ended;
}

static void *commit_often(void *arg)
{
	struct tree *tree = arg;
	struct reader *reader;

	while (wait_a_while(tree)) {
		reader = reader_take(&tree->readers);
		commits_commit(&tree->commits);
		reader_return(&tree->readers, reader);
	}
	return NULL;
}

void tree_start_committer(struct tree *tree)
{
	/* a kernel does that by itself */
	if (tree->guest)
		return;
	tree->committing = !pthread_create(&tree->committer, NULL,
					   commit_often, tree);
}

static void end_committer(struct tree *tree)
{
	if (!tree->committing)
		return;
	pthread_mutex_lock(&tree->ending_lock);
	tree->ended = true;
	pthread_cond_signal(&tree->ending);
	pthread_mutex_unlock(&tree->ending_lock);
	pthread_join(tree->committer, NULL);
}

/* Nobody has anything open any more. */
static void free_nameless(struct tree *tree)
{
	struct known *known = &tree->known;
	size_t i;

	for (i = 0; i < known->room; i++)
		if (known->table[i].ino && known->table[i].nameless)
			edit_free_inode(tree->edit, known->table[i].ino);
	known_free(known);
}

int tree_end_writing(struct tree *tree)
{
	struct edit *edit = tree->edit;
	int r;

	if (tree->guest) {
		readers_end(&tree->readers);
		known_free(&tree->known);
		return edit_close(edit);
	}
	end_committer(tree);
	if (edit->commits && !commits_ready(&tree->commits))
		free_nameless(tree);
	r = commits_end(&tree->commits);
	if (r < 0)
		msg_error(edit->view.disk.name, "not all could be written "
			  "(%s); run imgtool fsck --repair", fs_strerror(r));
	readers_end(&tree->readers);
	return edit_close(edit) ?: r < 0 ? -1 : 0;
}

int tree_begin_change(fuse_req_t req, struct reader **reader)
{
	const struct fuse_ctx *who = fuse_req_ctx(req);
	struct tree *tree = tree_of(req);

	*reader = reader_take(&tree->readers);
	edit_set_now(tree->edit);
	tree->edit->uid = who->uid;
	tree->edit->gid = who->gid;
	tree->edit->umask = who->umask;
	return tree->guest ? 0 : commits_ready(&tree->commits);
}

void tree_end_change(fuse_req_t req, struct reader *reader)
{
	reader_return(&tree_of(req)->readers, reader);
}
