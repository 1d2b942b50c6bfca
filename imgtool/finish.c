/* SPDX-License-Identifier: GPL-2.0 */
#include <assert.h>
#include <string.h>
#include <time.h>

#include <uuid/uuid.h>

#include "imgtool/finish.h"
#include "imgtool/msg.h"
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

/* Data of any length, mixed in blocks of one size but for the last. */
struct digest {
	uint8_t state[16];
	size_t used;
	uint8_t block[4096];
};

static void mix_block(struct digest *digest)
{
	mix(digest->state, digest->block, digest->used);
	digest->used = 0;
}

static void add(struct digest *digest, const void *data, size_t size)
{
	const uint8_t *from = data;
	size_t n;

	for (; size; from += n, size -= n) {
		n = sizeof(digest->block) - digest->used;
		n = size < n ? size : n;
		memcpy(digest->block + digest->used, from, n);
		digest->used += n;
		if (digest->used == sizeof(digest->block))
			mix_block(digest);
	}
}

/*
 * What is mixed of an entry: this, name, target, attributes. In the order of a
 * walk, the number of a directory's children says where everything is.
 */
struct entry_digest {
	int64_t sec;
	uint64_t size;
	uint32_t nsec, mode, uid, gid, nlink, major, minor, children, length,
		xattrs;
};

static_assert(sizeof(struct entry_digest) == 2 * 8 + 10 * 4, "no padding");

static uint32_t count_xattrs(const struct inode *inode)
{
	const struct xattr *x;
	uint32_t count = 0;

	for (x = inode_xattrs(inode); x; x = x->next)
		count++;
	return count;
}

static void add_xattrs(struct digest *digest, const struct inode *inode)
{
	const struct xattr *x;

	for (x = inode_xattrs(inode); x; x = x->next) {
		uint32_t sizes[] = { x->space, x->length, x->size };

		add(digest, sizes, sizeof(sizes));
		add(digest, x->name, x->length);
		add(digest, x->value, x->size);
	}
}

static void add_entry(struct digest *digest, const struct inode *inode,
		      const char *name, size_t length)
{
	struct stamp time = inode_stamp(inode, STAMP_MODIFIED);
	struct entry_digest e = {
		.sec = time.sec,
		.nsec = time.nsec,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.nlink = inode->nlink,
		.length = length,
		.xattrs = count_xattrs(inode),
	};

	if (S_ISDIR(inode->mode))
		e.children = inode->children;
	else
		e.size = inode->size;
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) {
		e.major = inode->major;
		e.minor = inode->minor;
	}
	add(digest, &e, sizeof(e));
	add(digest, name, length);
	if (S_ISLNK(inode->mode))
		add(digest, inode->target, inode->size);
	add_xattrs(digest, inode);
}

/* Names and attributes of everything; contents only by size and time. */
static void mix_tree(uint8_t state[16], const struct tree *tree)
{
	struct digest digest = { .used = 0 };
	const struct entry *e;

	memcpy(digest.state, state, 16);
	add_entry(&digest, tree->root, "", 0);
	for (e = tree_next(tree, NULL); e; e = tree_next(tree, e))
		add_entry(&digest, e->inode, e->name, e->length);
	mix_block(&digest);
	memcpy(state, digest.state, 16);
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
