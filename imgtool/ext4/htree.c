/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash trees, written from the front: block 0 is the root index, then the
 * index nodes if one block does not hold all, then the leaves. The plan (which
 * entry begins which leaf) is made once to count blocks and again to write
 * them; it depends on names and the hash seed only.
 *
 * Leaves are left one eighth empty, so that the first new names do not split
 * every one of them.
 */
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/dir.h"
#include "imgtool/ext4/disk.h"
#include "imgtool/msg.h"

/* Index entries behind ".", ".." and dx_root_info; behind an empty entry. */
#define ROOT_OFFSET	 (12 + 12 + sizeof(struct ext2_dx_root_info))
#define NODE_OFFSET	 8

/* How much a leaf gets; checksums take some of its block. */
static uint32_t leaf_fill(const struct volume *volume)
{
	uint32_t room = BLOCK_SIZE;

	if (volume->profile->checksums)
		room -= sizeof(struct ext2_dir_entry_tail);
	return room - room / 8;
}

static size_t index_entries(const struct volume *volume, size_t offset)
{
	size_t room = BLOCK_SIZE - offset;

	if (volume->profile->checksums)
		room -= sizeof(struct ext2_dx_tail);
	return room / sizeof(struct ext2_dx_entry);
}

struct name {
	uint32_t hash, minor;
	const struct entry *entry;
};

struct leaf {
	uint32_t first; /* index of its first name */
	uint32_t hash;	/* what the index says of it */
};

struct plan {
	struct name *names;
	size_t count;
	struct leaf *leaves;
	size_t leaf_count, leaf_capacity;
	size_t nodes; /* 0: the root points to the leaves */
};

static int by_hash(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->minor != y->minor)
		return x->minor < y->minor ? -1 : 1;
	return strcmp(x->entry->name, y->entry->name);
}

static void hash_names(const struct volume *volume, const struct inode *dir,
		       struct plan *plan)
{
	const struct entry *e;
	uint32_t seed[4];
	struct name *n;

	memcpy(seed, volume->identity.hash_seed, sizeof(seed));
	plan->names = mem_alloc(dir->children * sizeof(*plan->names));
	for (e = dir->first; e; e = e->next) {
		n = &plan->names[plan->count++];
		n->entry = e;
		ext2fs_dirhash2(EXT2_HASH_HALF_MD4, e->name, e->length, NULL,
				0, seed, &n->hash, &n->minor);
	}
	qsort(plan->names, plan->count, sizeof(*plan->names), by_hash);
}

/* Where equal hashes go on in a further leaf, its index entry has bit 0. */
static void begin_leaf(struct plan *plan, size_t first)
{
	const struct name *n = &plan->names[first];
	struct leaf *leaf;

	plan->leaves = mem_grow(plan->leaves, plan->leaf_count,
				&plan->leaf_capacity, sizeof(*plan->leaves));
	leaf = &plan->leaves[plan->leaf_count++];
	leaf->first = first;
	leaf->hash = n->hash;
	if (first && n[-1].hash == n->hash)
		leaf->hash |= 1;
}

static void make_plan(const struct volume *volume, const struct inode *dir,
		      struct plan *plan)
{
	size_t per_node = index_entries(volume, NODE_OFFSET);
	uint32_t fill = leaf_fill(volume), used = fill + 1, size;
	size_t i;

	memset(plan, 0, sizeof(*plan));
	hash_names(volume, dir, plan);
	for (i = 0; i < plan->count; i++) {
		size = dirent_size(plan->names[i].entry->length);
		if (used + size > fill) {
			begin_leaf(plan, i);
			used = 0;
		}
		used += size;
	}
	if (plan->leaf_count > index_entries(volume, ROOT_OFFSET))
		plan->nodes = (plan->leaf_count + per_node - 1) / per_node;
}

static void free_plan(struct plan *plan)
{
	free(plan->names);
	free(plan->leaves);
}

uint32_t htree_blocks(const struct volume *volume, const struct inode *dir)
{
	struct plan plan;
	size_t blocks;

	make_plan(volume, dir, &plan);
	blocks = 1 + plan.nodes + plan.leaf_count;
	if (plan.nodes > index_entries(volume, ROOT_OFFSET))
		blocks = 0;
	free_plan(&plan);
	return blocks;
}

/* Index entries; the first has the table's sizes where others have a hash. */
static void fill_index(uint8_t *at, size_t limit, const struct leaf *leaves,
		       size_t count, size_t stride, uint32_t first_block)
{
	struct ext2_dx_countlimit *head = (void *)at;
	struct ext2_dx_entry *entry = (void *)at;
	size_t i;

	for (i = 0; i < count; i++) {
		entry[i].hash = leaves[i * stride].hash;
		entry[i].block = first_block + i;
	}
	head->limit = limit;
	head->count = count;
}

static int checksum(struct volume *volume, const struct inode *dir, void *data)
{
	if (ext2fs_dir_block_csum_set(volume->fs, dir->number, data))
		return msg_error(volume->out->name,
				 "an index block got no checksum");
	return 0;
}

static int write_root(struct volume *volume, const struct inode *dir,
		      const struct plan *plan)
{
	struct ext2_dx_root_info *info;
	struct ext2_dir_entry_2 *dotdot;
	size_t entries = index_entries(volume, ROOT_OFFSET);
	struct dir_block block;

	if (dir_block_begin(volume, &block, dir, 0) < 0)
		return -1;
	dir_block_add(&block, dir->number, ".", 1, S_IFDIR);
	dir_block_add(&block, dir_parent_number(dir), "..", 2, S_IFDIR);
	dotdot = (void *)(block.data + block.last);
	dotdot->rec_len = BLOCK_SIZE - block.last;
	info = (void *)(block.data + block.used);
	info->hash_version = EXT2_HASH_HALF_MD4;
	info->info_length = sizeof(*info);
	info->indirect_levels = plan->nodes ? 1 : 0;
	if (plan->nodes)
		fill_index(block.data + ROOT_OFFSET, entries,
			   plan->leaves, plan->nodes,
			   index_entries(volume, NODE_OFFSET), 1);
	else
		fill_index(block.data + ROOT_OFFSET, entries,
			   plan->leaves, plan->leaf_count, 1, 1);
	return checksum(volume, dir, block.data);
}

static int write_node(struct volume *volume, const struct inode *dir,
		      const struct plan *plan, size_t node)
{
	size_t entries = index_entries(volume, NODE_OFFSET);
	size_t first = node * entries;
	size_t count = plan->leaf_count - first;
	struct ext2_dir_entry_2 *empty;
	struct dir_block block;

	if (count > entries)
		count = entries;
	if (dir_block_begin(volume, &block, dir, 1 + node) < 0)
		return -1;
	empty = (void *)block.data;
	empty->rec_len = BLOCK_SIZE;
	fill_index(block.data + NODE_OFFSET, entries,
		   plan->leaves + first, count, 1, 1 + plan->nodes + first);
	return checksum(volume, dir, block.data);
}

static int write_leaf(struct volume *volume, const struct inode *dir,
		      const struct plan *plan, size_t leaf)
{
	size_t i = plan->leaves[leaf].first, end = plan->count;
	const struct entry *e;
	struct dir_block block;

	if (leaf + 1 < plan->leaf_count)
		end = plan->leaves[leaf + 1].first;
	if (dir_block_begin(volume, &block, dir, 1 + plan->nodes + leaf) < 0)
		return -1;
	for (; i < end; i++) {
		e = plan->names[i].entry;
		dir_block_add(&block, e->inode->number, e->name, e->length,
			      e->inode->mode);
	}
	return dir_block_finish(volume, &block, dir);
}

int htree_write(struct volume *volume, const struct inode *dir)
{
	struct plan plan;
	size_t i;
	int r;

	make_plan(volume, dir, &plan);
	r = write_root(volume, dir, &plan);
	for (i = 0; i < plan.nodes && r == 0; i++)
		r = write_node(volume, dir, &plan, i);
	for (i = 0; i < plan.leaf_count && r == 0; i++)
		r = write_leaf(volume, dir, &plan, i);
	free_plan(&plan);
	return r;
}
