/* SPDX-License-Identifier: GPL-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/xattrblock.h"
#include "imgtool/msg.h"
#include "imgtool/tree/xattr.h"

#define BUCKETS 4096

static_assert(XATTR_BODY_SIZE == INODE_SIZE - EXT2_GOOD_OLD_INODE_SIZE -
	      INODE_EXTRA_SIZE, "on disk");

/* Entries grow from the front, values from the back, zeros between. */
struct area {
	uint8_t *base; /* value offsets count from here */
	size_t front, back;
};

static size_t space_needed(const struct xattr *x)
{
	return EXT2_EXT_ATTR_LEN(x->length) + EXT2_EXT_ATTR_SIZE(x->size);
}

/* Add an attribute if it fits; four zero bytes must stay behind entries. */
static bool add(struct area *area, const struct xattr *x)
{
	struct ext2_ext_attr_entry *entry = (void *)(area->base + area->front);

	if (space_needed(x) + 4 > area->back - area->front)
		return false;
	area->front += EXT2_EXT_ATTR_LEN(x->length);
	area->back -= EXT2_EXT_ATTR_SIZE(x->size);
	entry->e_name_len = x->length;
	entry->e_name_index = x->space;
	entry->e_value_offs = x->size ? area->back : 0;
	entry->e_value_size = x->size;
	memcpy(EXT2_EXT_ATTR_NAME(entry), x->name, x->length);
	memcpy(area->base + area->back, x->value, x->size);
	entry->e_hash = ext2fs_ext_attr_hash_entry(entry,
						   area->base + area->back);
	return true;
}

int xattrs_encode(const struct xattr *list, bool use_body, uint8_t *body,
		  uint8_t *block)
{
	struct ext2_ext_attr_header *header = (void *)block;
	struct area in_body = { body + 4, 0, XATTR_BODY_SIZE - 4 };
	struct area in_block = { block, sizeof(*header), BLOCK_SIZE };
	uint32_t magic = EXT2_EXT_ATTR_MAGIC;

	memset(body, 0, XATTR_BODY_SIZE);
	memset(block, 0, BLOCK_SIZE);
	for (; list; list = list->next)
		if (!(use_body && add(&in_body, list)) && !add(&in_block, list))
			return -1;
	if (in_body.front)
		memcpy(body, &magic, 4);
	if (in_block.front == sizeof(*header))
		return 0;
	header->h_magic = magic;
	header->h_blocks = 1;
	header->h_refcount = 1;
	ext2fs_ext_attr_block_rehash(header, (void *)(block + in_block.front));
	return 1;
}

static bool same_lists(const struct xattr *a, const struct xattr *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (a->space != b->space || a->length != b->length ||
		    a->size != b->size || memcmp(a->name, b->name, a->length) ||
		    memcmp(a->value, b->value, a->size))
			return false;
	return !a && !b;
}

static uint64_t hash_bytes(const uint8_t *data, size_t size)
{
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < size; i++)
		h = (h ^ data[i]) * 0x100000001b3;
	return h ^ h >> 32;
}

/* A block with these attributes that can take one more user, or NULL. */
static struct xattr_block *find_block(struct volume *volume,
				      const struct inode *inode, uint64_t hash)
{
	struct xattr_block *b;
	size_t i;

	if (!volume->xattr_buckets)
		volume->xattr_buckets = mem_zalloc(BUCKETS * sizeof(size_t));
	for (i = volume->xattr_buckets[hash % BUCKETS]; i; i = b->next) {
		b = &volume->xattr_blocks[i - 1];
		if (b->hash == hash && b->users < EXT2_EXT_ATTR_REFCOUNT_MAX &&
		    same_lists(inode_xattrs(b->owner), inode_xattrs(inode)))
			return b;
	}
	return NULL;
}

static struct xattr_block *new_block(struct volume *volume,
				     const struct inode *inode, uint64_t hash)
{
	size_t *bucket = &volume->xattr_buckets[hash % BUCKETS];
	struct xattr_block *b;

	volume->xattr_blocks = mem_grow(volume->xattr_blocks,
					volume->xattr_block_count,
					&volume->xattr_block_capacity,
					sizeof(*volume->xattr_blocks));
	b = &volume->xattr_blocks[volume->xattr_block_count++];
	b->owner = inode;
	b->hash = hash;
	b->users = 0;
	b->block = alloc_contiguous(&volume->alloc, 1);
	b->next = *bucket;
	*bucket = volume->xattr_block_count;
	return b;
}

int xattrs_place(struct volume *volume, struct inode *inode)
{
	uint8_t body[XATTR_BODY_SIZE], data[BLOCK_SIZE];
	struct xattr_block *b;
	uint64_t hash;
	char *path;
	int r;

	r = xattrs_encode(inode_xattrs(inode), volume->profile->journal, body, data);
	if (r < 0) {
		path = tree_name(volume->tree, inode);
		msg_error(path, "its extended attributes do not fit the 4 KiB "
			  "that ext4 has for them");
		free(path);
	}
	if (r <= 0)
		return r;
	hash = hash_bytes(data, sizeof(data));
	b = find_block(volume, inode, hash);
	if (!b)
		b = new_block(volume, inode, hash);
	b->users++;
	inode_extra(inode)->xattr_block = b->block;
	return 0;
}

int xattrs_write(struct volume *volume)
{
	struct ext2_ext_attr_header *header;
	uint8_t body[XATTR_BODY_SIZE];
	const struct xattr_block *b;
	uint8_t *data;
	size_t i;

	for (i = 0; i < volume->xattr_block_count; i++) {
		b = &volume->xattr_blocks[i];
		data = output_reserve(volume->out, b->block << BLOCK_BITS,
				      BLOCK_SIZE);
		if (!data)
			return -1;
		xattrs_encode(inode_xattrs(b->owner), volume->profile->journal,
			      body, data);
		header = (void *)data;
		header->h_refcount = b->users;
		if (ext2fs_ext_attr_block_csum_set(volume->fs,
						   b->owner->number, b->block,
						   header))
			return msg_error(volume->out->name,
				"an attribute block got no checksum");
	}
	return 0;
}
