/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extended attributes: in the inode, in a block of their own, and values in
 * inodes of their own. POSIX ACLs are turned into the form of getxattr(2).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include <ext2fs/ext2_ext_attr.h>

#include "imgtool/msg.h"
#include "imgtool/view/ext.h"

#define VALUE_LONGEST 65536
/* Far beyond what fits into an inode and the largest block. */
#define XATTRS_MOST 8192

struct xattr_area {
	const uint8_t *entries, *end; /* where entries may stand */
	const uint8_t *base;	      /* what value offsets count from */
};

/* The loaded inode's own area; false: it has none. */
static bool inode_area(struct ext *ext, struct xattr_area *area)
{
	size_t start = EXT2_GOOD_OLD_INODE_SIZE +
		       ext->inode.large.i_extra_isize;
	uint32_t magic;

	if (ext->inode_size <= EXT2_GOOD_OLD_INODE_SIZE || start % 4 ||
	    start + 4 > ext->inode_size)
		return false;
	memcpy(&magic, ext->inode.bytes + start, 4);
	if (ext2fs_le32_to_cpu(magic) != EXT2_EXT_ATTR_MAGIC)
		return false;
	area->entries = area->base = ext->inode.bytes + start + 4;
	area->end = ext->inode.bytes + ext->inode_size;
	return true;
}

/* The next entry of AREA at AT: 1, 0 at the end, -EUCLEAN. */
static int next_entry(const struct xattr_area *area, const uint8_t *at,
		      const struct ext2_ext_attr_entry **entry)
{
	const struct ext2_ext_attr_entry *e = (const void *)at;

	if (area->end - at < 4 || !*(const uint32_t *)at)
		return 0;
	if ((size_t)(area->end - at) < sizeof(*e) ||
	    (size_t)(area->end - at) < EXT2_EXT_ATTR_LEN(e->e_name_len))
		return -EUCLEAN;
	*entry = e;
	return 1;
}

static int entry_value(const struct xattr_area *area,
		       const struct ext2_ext_attr_entry *e,
		       const uint8_t **value)
{
	size_t room = area->end - area->base;

	if (e->e_value_size > VALUE_LONGEST || e->e_value_offs > room ||
	    e->e_value_size > room - e->e_value_offs)
		return -EUCLEAN;
	*value = area->base + e->e_value_offs;
	return 0;
}

int ext_inline_rest(struct ext *ext, const uint8_t **data, size_t *size)
{
	const struct ext2_ext_attr_entry *e;
	struct xattr_area area;
	const uint8_t *at;
	int r;

	*size = 0;
	*data = NULL;
	if (!inode_area(ext, &area))
		return 0;
	for (at = area.entries; (r = next_entry(&area, at, &e)) > 0;
	     at += EXT2_EXT_ATTR_LEN(e->e_name_len)) {
		if (e->e_name_index != 7 || e->e_name_len != 4 ||
		    memcmp(EXT2_EXT_ATTR_NAME(e), "data", 4))
			continue;
		*size = e->e_value_size;
		return e->e_value_inum ? -EUCLEAN :
		       entry_value(&area, e, data);
	}
	return r;
}

static const char *prefix_of(unsigned int index)
{
	static const char *const prefixes[] = {
		NULL, "user.", "system.posix_acl_access",
		"system.posix_acl_default", "trusted.", NULL, "security.",
		"system.", "system.richacl",
	};

	return index < sizeof(prefixes) / sizeof(*prefixes) ? prefixes[index] :
	       NULL;
}

/* ext4's form: version 1, entries of 4 or 8 bytes. Linux': version 2, 8. */
static int convert_acl(const uint8_t *from, size_t size, uint8_t *to,
		       size_t *used)
{
	static const uint8_t none[4] = { 0xff, 0xff, 0xff, 0xff };
	size_t at = 4, n;

	if (size < 4 || from[0] != 1 || from[1] || from[2] || from[3])
		return -EUCLEAN;
	memcpy(to, "\2\0\0\0", 4);
	for (*used = 4; at < size; at += n, *used += 8) {
		if (size - at < 4)
			return -EUCLEAN;
		/* users and groups that are named have an id */
		n = from[at] == 2 || from[at] == 8 ? 8 : 4;
		if (size - at < n)
			return -EUCLEAN;
		memcpy(to + *used, from + at, 4);
		memcpy(to + *used + 4, n == 8 ? from + at + 4 : none, 4);
	}
	return 0;
}

static int give(const struct ext2_ext_attr_entry *e, const uint8_t *value,
		fs_xattr_fn *fn, void *context)
{
	const char *prefix = prefix_of(e->e_name_index);
	char name[512];
	uint8_t *acl;
	size_t n;
	int r;

	if (!prefix)
		return 0;
	n = strlen(prefix);
	memcpy(name, prefix, n);
	memcpy(name + n, EXT2_EXT_ATTR_NAME(e), e->e_name_len);
	name[n + e->e_name_len] = 0;
	if (strlen(name) != n + e->e_name_len)
		return -EUCLEAN;
	if (!strcmp(name, "system.data"))
		return 0;
	if (e->e_name_index != 2 && e->e_name_index != 3)
		return fn(context, name, value, e->e_value_size);
	acl = mem_alloc(2 * (size_t)e->e_value_size + 16);
	r = convert_acl(value, e->e_value_size, acl, &n);
	if (r == 0)
		r = fn(context, name, acl, n);
	free(acl);
	return r;
}

/* A value in an inode of its own: read it as a file. */
static int give_big(struct fs *fs, const struct ext2_ext_attr_entry *e,
		    fs_xattr_fn *fn, void *context)
{
	struct ext *ext = fs->private;
	uint8_t *value;
	ssize_t n;
	int r;

	if (e->e_value_size > VALUE_LONGEST)
		return -EUCLEAN;
	r = ext_load(ext, e->e_value_inum);
	if (r < 0)
		return r;
	if (!(ext->inode.large.i_flags & EXT4_EA_INODE_FL))
		return -EUCLEAN;
	value = mem_alloc(e->e_value_size);
	n = fs->ops->read(fs, e->e_value_inum, 0, value, e->e_value_size);
	r = n < 0 ? n : n == (ssize_t)e->e_value_size ? 0 : -EUCLEAN;
	if (r == 0)
		r = give(e, value, fn, context);
	free(value);
	return r;
}

static int give_area(struct fs *fs, const struct xattr_area *area,
		     fs_xattr_fn *fn, void *context)
{
	const struct ext2_ext_attr_entry *e;
	const uint8_t *at, *value;
	int r, count = 0;

	for (at = area->entries; (r = next_entry(area, at, &e)) > 0;
	     at += EXT2_EXT_ATTR_LEN(e->e_name_len)) {
		if (++count > XATTRS_MOST)
			return -EUCLEAN;
		if (e->e_value_inum) {
			r = give_big(fs, e, fn, context);
		} else {
			r = entry_value(area, e, &value);
			if (r == 0)
				r = give(e, value, fn, context);
		}
		if (r)
			return r;
	}
	return r;
}

static int give_block(struct fs *fs, uint64_t number, fs_xattr_fn *fn,
		      void *context)
{
	struct ext *ext = fs->private;
	size_t bs = ext->fs->blocksize;
	uint8_t *block = mem_alloc(bs);
	const struct ext2_ext_attr_header *h = (const void *)block;
	struct xattr_area area = { block + sizeof(*h), block + bs, block };
	int r = ext_read_block(ext, number, block);

	if (r == 0 && (ext2fs_le32_to_cpu(h->h_magic) != EXT2_EXT_ATTR_MAGIC ||
		       h->h_blocks != 1))
		r = -EUCLEAN;
	if (r == 0)
		r = give_area(fs, &area, fn, context);
	free(block);
	return r;
}

int ext_xattrs(struct fs *fs, uint64_t ino, fs_xattr_fn *fn, void *context)
{
	struct ext *ext = fs->private;
	struct xattr_area area;
	uint8_t *copy;
	size_t size;
	uint64_t block;
	int r = ext_load(ext, ino);

	if (r < 0)
		return r;
	block = ext->inode.large.i_file_acl |
		(uint64_t)ext->inode.large.osd2.linux2.l_i_file_acl_high << 32;
	if (inode_area(ext, &area)) {
		/* FN, and values in inodes, may load other inodes */
		size = area.end - area.entries;
		copy = mem_dup(area.entries, size);
		area = (struct xattr_area){ copy, copy + size, copy };
		r = give_area(fs, &area, fn, context);
		free(copy);
	}
	if (r == 0 && block)
		r = give_block(fs, block, fn, context);
	return r;
}
