/* SPDX-License-Identifier: GPL-2.0 */
/* From the interface to what is behind it. */
#include "imgtool/edit/edit.h"

int edit_begin(struct edit *edit)
{
	return edit->ops->begin(edit);
}

int edit_reserve(const struct edit *edit, uint64_t blocks)
{
	return edit->ops->reserve(edit, blocks);
}

int edit_new_file(struct edit *edit, uint64_t dir, const char *name,
		  uint32_t mode, uint32_t major, uint32_t minor, uint64_t *ino)
{
	return edit->ops->new_file(edit, dir, name, mode, major, minor, ino);
}

int edit_enter(struct edit *edit, uint64_t dir, const char *name, uint64_t ino)
{
	return edit->ops->enter(edit, dir, name, ino);
}

int edit_free_inode(struct edit *edit, uint64_t ino)
{
	return edit->ops->free_inode(edit, ino);
}

int edit_mkdir(struct edit *edit, uint64_t dir, const char *name, uint32_t mode,
	       uint64_t *ino)
{
	return edit->ops->mkdir(edit, dir, name, mode, ino);
}

int edit_rmdir(struct edit *edit, uint64_t dir, const char *name, uint64_t ino)
{
	return edit->ops->rmdir(edit, dir, name, ino);
}

int edit_clear_dir(struct edit *edit, uint64_t dir)
{
	return edit->ops->clear_dir(edit, dir);
}

int edit_unlink(struct edit *edit, uint64_t dir, const char *name, uint64_t ino)
{
	return edit->ops->unlink(edit, dir, name, ino);
}

int edit_hard_link(struct edit *edit, uint64_t dir, const char *name,
		   uint64_t ino)
{
	return edit->ops->hard_link(edit, dir, name, ino);
}

int edit_check_outside(struct edit *edit, uint64_t dir, uint64_t ancestor)
{
	return edit->ops->check_outside(edit, dir, ancestor);
}

int edit_rename(struct edit *edit, const struct edit_where *from,
		const struct edit_where *to)
{
	return edit->ops->rename(edit, from, to);
}

int edit_symlink(struct edit *edit, uint64_t dir, const char *name,
		 const char *target, uint64_t *ino)
{
	return edit->ops->symlink(edit, dir, name, target, ino);
}

int edit_truncate(struct edit *edit, uint64_t ino, uint64_t size)
{
	return edit->ops->truncate(edit, ino, size);
}

int edit_allocate(struct edit *edit, uint64_t ino, uint64_t offset,
		  uint64_t length)
{
	return edit->ops->allocate(edit, ino, offset, length);
}

int edit_write(struct edit *edit, uint64_t ino, uint64_t offset,
	       const void *data, size_t length)
{
	return edit->ops->write(edit, ino, offset, data, length);
}

int edit_set_size(struct edit *edit, uint64_t ino, uint64_t size)
{
	return edit->ops->set_size(edit, ino, size);
}

int edit_set_attr(struct edit *edit, uint64_t ino, const struct edit_attr *attr)
{
	return edit->ops->set_attr(edit, ino, attr);
}

int edit_set_xattr(struct edit *edit, uint64_t ino, const char *name,
		   const void *value, size_t size)
{
	return edit->ops->set_xattr(edit, ino, name, value, size);
}
