/* SPDX-License-Identifier: GPL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uuid/uuid.h>

#include "imgtool/finish.h"
#include "imgtool/msg.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/xattr.h"

/* The name space of our identities (a version 4 uuid made for this). */
static const uint8_t name_space[16] = {
	0x5b, 0x0e, 0x8d, 0x3c, 0x61, 0x77, 0x4f, 0x0a,
	0x9d, 0x52, 0xe8, 0x14, 0xb6, 0x2f, 0xc9, 0x70,
};

static int add_lost_found(struct tree *tree)
{
	struct entry *e = tree_lookup(tree, tree->root, "lost+found", 10);
	struct inode *inode;

	if (e && !S_ISDIR(e->inode->mode))
		return msg_error("lost+found", "a source has it as something "
				 "else than a directory; use --exclude "
				 "/lost+found");
	if (e)
		return 0;
	inode = inode_new(S_IFDIR | 0700);
	inode->made = true;
	tree_put(tree, tree->root, "lost+found", 10, inode);
	return 0;
}

/* The latest modification that is not in the future. */
static int64_t newest(const struct tree *tree)
{
	int64_t now = time(NULL), latest = 1, sec;
	const struct inode *inode = tree->root;
	const struct entry *e = NULL;

	do {
		sec = inode_stamp(inode, STAMP_MODIFIED).sec;
		if (!inode->made && sec > latest && sec <= now)
			latest = sec;
		e = tree_next(tree, e);
		inode = e ? e->inode : NULL;
	} while (e);
	return latest;
}

static void set_made_times(struct tree *tree, int64_t sec)
{
	struct inode *inode = tree->root;
	struct stamp time = { .sec = sec };
	const struct entry *e = NULL;

	do {
		if (inode->made)
			inode_set_times(inode, time);
		e = tree_next(tree, e);
		inode = e ? e->inode : NULL;
	} while (e);
}

/* state = SHA-1 of state and data, cut to a uuid. */
static void mix(uint8_t state[16], const void *data, size_t size)
{
	uint8_t next[16];

	uuid_generate_sha1(next, state, data, size);
	memcpy(state, next, 16);
}

static void mix_inode(uint8_t state[16], const struct inode *inode)
{
	struct stamp time = inode_stamp(inode, STAMP_MODIFIED);
	const struct xattr *x;
	char text[200];
	int n;

	n = snprintf(text, sizeof(text), "%o %u %u %u %llu %lld.%09u",
		     inode->mode, inode->uid, inode->gid, inode->nlink,
		     S_ISDIR(inode->mode) ? 0ULL :
		     (unsigned long long)inode->size,
		     (long long)time.sec, time.nsec);
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		n += snprintf(text + n, sizeof(text) - n, " %u:%u",
			      inode->major, inode->minor);
	mix(state, text, n);
	if (S_ISLNK(inode->mode))
		mix(state, inode->target, inode->size);
	for (x = inode_xattrs(inode); x; x = x->next) {
		mix(state, &x->space, 1);
		mix(state, x->name, x->length);
		mix(state, x->value, x->size);
	}
}

/* Names and attributes of everything; contents only by size and time. */
static void mix_tree(uint8_t state[16], const struct tree *tree)
{
	const struct entry *e;
	char *path;

	mix_inode(state, tree->root);
	for (e = tree_next(tree, NULL); e; e = tree_next(tree, e)) {
		path = tree_path(e);
		mix(state, path, strlen(path));
		free(path);
		mix_inode(state, e->inode);
	}
}

void tree_uuid(struct tree *tree, const struct identity_options *options,
	       uint8_t uuid[16])
{
	if (options->set_uuid) {
		memcpy(uuid, options->uuid, 16);
		return;
	}
	tree_sort(tree);
	memcpy(uuid, name_space, 16);
	if (options->seed)
		mix(uuid, options->seed, strlen(options->seed));
	else
		mix_tree(uuid, tree);
}

int tree_finish(struct tree *tree, const struct identity_options *options,
		struct volume_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	if (add_lost_found(tree) < 0)
		return -1;
	tree_sort(tree);
	identity->time = options->set_time ? options->time : newest(tree);
	set_made_times(tree, identity->time);
	memcpy(identity->uuid, name_space, 16);
	if (options->seed)
		mix(identity->uuid, options->seed, strlen(options->seed));
	else
		mix_tree(identity->uuid, tree);
	memcpy(identity->hash_seed, identity->uuid, 16);
	mix(identity->hash_seed, "hash seed", 9);
	if (options->set_uuid)
		memcpy(identity->uuid, options->uuid, 16);
	if (options->label)
		memcpy(identity->label, options->label,
		       strnlen(options->label, sizeof(identity->label)));
	return 0;
}
