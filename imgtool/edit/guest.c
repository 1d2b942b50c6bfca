/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing a file system as Linux does, in a guest that has it mounted
 * (engine/). The kernel keeps it whole: after a crash it is what its journal
 * makes of it, and without one what its fsck does. All is written and unmounted
 * before edit_close() returns.
 *
 * A file has its name from the start, and loses it when it cannot be filled.
 * Times of change are the guest's clock.
 *
 * What vfat and exfat do not have, Linux leaves out in silence or does "not
 * permit". Here it is said what that is; in copies it is left out.
 */
#include <assert.h>
#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/guest.h"
#include "imgtool/engine/change.h"
#include "imgtool/msg.h"

static struct fs *fs_of(struct edit *edit)
{
	return &edit->view.fs;
}

static bool is_fat(struct edit *edit)
{
	return !strcmp(fs_of(edit)->type, "vfat") ||
	       !strcmp(fs_of(edit)->type, "exfat");
}

/* The file system has no WHAT. */
static int lacks(struct edit *edit, const char *what)
{
	edit->lacks = what;
	return -EOPNOTSUPP;
}

/* The result of making something, of which vfat and exfat may have none. */
static int made(struct edit *edit, int r, const char *what)
{
	edit->lacks = NULL;
	if (r == -EINVAL && is_fat(edit))
		return lacks(edit, "such names");
	return r == -EACCES && what && is_fat(edit) ? lacks(edit, what) : r;
}

static int guest_begin(struct edit *edit)
{
	if (!edit->changed)
		interrupted_begin();
	edit->changed = true;
	return 0;
}

static int guest_close(struct edit *edit)
{
	return change_end(fs_of(edit));
}

static const char *guest_strerror(const struct edit *edit, int err)
{
	static char text[128];

	if (err == -EOPNOTSUPP && edit->lacks) {
		snprintf(text, sizeof(text), "the file system, %s, has no %s",
			 edit->view.fs.type, edit->lacks);
		return text;
	}
	switch (-err) {
	case EUCLEAN:
		return "the file system is damaged here";
	case EIO:
		return "the guest has failed";
	case EACCES:
		return "is immutable or append-only, or the file system has no "
		       "such thing";
	case EOPNOTSUPP:
		return "the file system has no such thing";
	case EINVAL:
		return "the file system does not take it";
	case EOVERFLOW:
		return "a number is too large for the file system";
	}
	return NULL;
}

/* The kernel says when it is full, and nothing is lost by it. */
static int guest_reserve(const struct edit *edit, uint64_t blocks)
{
	return 0;
}

static uint64_t new_mode(const struct edit *edit, uint32_t mode)
{
	return (uint64_t)edit->umask << 32 | mode;
}

static int guest_new_file(struct edit *edit, uint64_t dir, const char *name,
			  uint32_t mode, uint32_t major, uint32_t minor,
			  uint64_t *ino)
{
	struct client_request op = {
		.op = ENGINE_MKNOD, .offset = new_mode(edit, mode),
		.length = (uint64_t)major << 32 | minor,
	};

	int r = edit_begin(edit) ?: change_make(fs_of(edit), dir, name, &op,
						ino);

	if (r == 0)
		change_begin_file(fs_of(edit));
	return made(edit, r, S_ISREG(mode) ? NULL :
			     S_ISFIFO(mode) ? "fifos" :
			     S_ISSOCK(mode) ? "sockets" : "devices");
}

/* (it has it; now it is known whether it has what it should) */
static int guest_enter(struct edit *edit, uint64_t dir, const char *name,
		       uint64_t ino)
{
	return change_end_file(fs_of(edit));
}

static int guest_free_inode(struct edit *edit, uint64_t ino)
{
	change_end_file(fs_of(edit));
	return change_remove_inode(fs_of(edit), ino);
}

static int guest_mkdir(struct edit *edit, uint64_t dir, const char *name,
		       uint32_t mode, uint64_t *ino)
{
	struct client_request op = { .op = ENGINE_MKDIR,
				     .offset = new_mode(edit, mode) };

	return edit_begin(edit) ?:
	       made(edit, change_make(fs_of(edit), dir, name, &op, ino), NULL);
}

static int guest_rmdir(struct edit *edit, uint64_t dir, const char *name,
		       uint64_t ino)
{
	return edit_begin(edit) ?: change_remove(fs_of(edit), dir, name,
						 ENGINE_RMDIR);
}

static int guest_clear_dir(struct edit *edit, uint64_t dir)
{
	return edit_begin(edit) ?: change_clear(fs_of(edit), dir);
}

static int guest_unlink(struct edit *edit, uint64_t dir, const char *name,
			uint64_t ino)
{
	return edit_begin(edit) ?: change_remove(fs_of(edit), dir, name,
						 ENGINE_UNLINK);
}

static int guest_hard_link(struct edit *edit, uint64_t dir, const char *name,
			   uint64_t ino)
{
	return edit_begin(edit) ?:
	       made(edit, change_link(fs_of(edit), dir, name, ino),
		    "hard links");
}

static int guest_check_outside(struct edit *edit, uint64_t dir,
			       uint64_t ancestor)
{
	return change_check_outside(fs_of(edit), dir, ancestor);
}

/* (to rename(2), two names of one file are nothing to be done) */
static int guest_rename(struct edit *edit, const struct edit_where *from,
			const struct edit_where *to)
{
	if (from->ino == to->ino)
		return from->dir == to->dir && !strcmp(from->name, to->name) ?
		       0 : edit_unlink(edit, from->dir, from->name, from->ino);
	if (S_ISDIR(from->attr.mode) &&
	    edit_check_outside(edit, to->dir, from->ino) < 0)
		return -EINVAL;
	return edit_begin(edit) ?:
	       made(edit, change_rename(fs_of(edit), from->dir, from->name,
					to->dir, to->name, false), NULL);
}

static int guest_symlink(struct edit *edit, uint64_t dir, const char *name,
			 const char *target, uint64_t *ino)
{
	struct client_request op = { .op = ENGINE_SYMLINK, .data = target,
				     .data_size = strlen(target) };

	if (!*target)
		return -ENOENT;
	return edit_begin(edit) ?:
	       made(edit, change_make(fs_of(edit), dir, name, &op, ino),
		    "symlinks");
}

static int guest_truncate(struct edit *edit, uint64_t ino, uint64_t size)
{
	struct client_request op = { .op = ENGINE_TRUNCATE, .offset = size };
	struct fs_attr attr;
	int r = fs_stat(fs_of(edit), ino, &attr);

	if (r == 0 && !S_ISREG(attr.mode))
		r = S_ISDIR(attr.mode) ? -EISDIR : -EINVAL;
	if (r == 0 && size > INT64_MAX)
		r = -EFBIG;
	return r ?: edit_begin(edit) ?: change_inode(fs_of(edit), ino, &op);
}

static int guest_set_size(struct edit *edit, uint64_t ino, uint64_t size)
{
	if (size > INT64_MAX)
		return -EFBIG;
	return edit_begin(edit) ?: change_set_size(fs_of(edit), ino, size);
}

static int guest_allocate(struct edit *edit, uint64_t ino, uint64_t offset,
			  uint64_t length)
{
	return 0;
}

/* In whole blocks; edit_set_size() cuts off what is too much. */
static int guest_write(struct edit *edit, uint64_t ino, uint64_t offset,
		       const void *data, size_t length)
{
	struct client_request op = { .op = ENGINE_WRITE_AT };
	size_t n;
	int r = edit_begin(edit);

	for (; r == 0 && length; offset += n, length -= n,
	     data = (const char *)data + n) {
		n = length < ENGINE_DATA_MOST ? length : ENGINE_DATA_MOST;
		op.offset = offset;
		op.data = data;
		op.data_size = n;
		r = change_inode(fs_of(edit), ino, &op);
	}
	return r;
}

static struct engine_time to_time(const struct fs_time *t)
{
	return (struct engine_time){ .sec = t->sec, .nsec = t->nsec };
}

/* Owner and mode as vfat and exfat have them: root's, and 0755, or 0555 of a
 * file that is not to be written. */
static int fit_fat(struct edit *edit, uint64_t ino, struct engine_setattr *set,
		   bool lenient)
{
	struct fs_attr old;
	uint32_t mode = set->mode & 07777, fit;
	int r = fs_stat(fs_of(edit), ino, &old);

	if (r < 0)
		return r;
	if (set->set & ENGINE_SET_OWNER && (set->uid || set->gid) && !lenient)
		return lacks(edit, "owners");
	fit = mode & 0222 || S_ISDIR(old.mode) ? 0755 : 0555;
	if (set->set & ENGINE_SET_MODE && mode != fit && !lenient)
		return lacks(edit, S_ISDIR(old.mode) ?
				   "modes but 0755 of directories" :
				   "modes but 0755 and 0555");
	set->mode = fit;
	set->set &= ~ENGINE_SET_OWNER;
	if ((old.mode & 07777) == fit)
		set->set &= ~ENGINE_SET_MODE;
	return 0;
}

static int guest_set_attr(struct edit *edit, uint64_t ino,
			  const struct edit_attr *attr)
{
	struct engine_setattr set = {
		.set = attr->set & ~EDIT_SET_LENIENT, .mode = attr->mode, .uid = attr->uid,
		.gid = attr->gid, .atime = to_time(&attr->atime),
		.mtime = to_time(&attr->mtime),
	};
	struct client_request op = { .op = ENGINE_SETATTR, .data = &set,
				     .data_size = sizeof(set) };
	int r = edit_begin(edit);

	static_assert(EDIT_SET_MODE == ENGINE_SET_MODE &&
		      EDIT_SET_OWNER == ENGINE_SET_OWNER &&
		      EDIT_SET_ATIME == ENGINE_SET_ATIME &&
		      EDIT_SET_MTIME == ENGINE_SET_MTIME, "bits");
	if (r == 0 && is_fat(edit))
		r = fit_fat(edit, ino, &set, attr->set & EDIT_SET_LENIENT);
	return r ?: change_inode(fs_of(edit), ino, &op);
}

static int guest_set_xattr(struct edit *edit, uint64_t ino, const char *name,
			   const void *value, size_t size)
{
	struct engine_xattr head = { strlen(name), size };
	struct client_request op = { .op = ENGINE_DELXATTR, .data = name,
				     .data_size = strlen(name) };
	char *data = NULL;
	int r = edit_begin(edit);

	if (r < 0)
		return r;
	if (head.name_size > FS_NAME_LONGEST || size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (value) {
		op.op = ENGINE_SETXATTR;
		op.data_size = sizeof(head) + head.name_size + size;
		op.data = data = mem_alloc(op.data_size);
		memcpy(data, &head, sizeof(head));
		memcpy(data + sizeof(head), name, head.name_size);
		memcpy(data + sizeof(head) + head.name_size, value, size);
	}
	r = change_inode(fs_of(edit), ino, &op);
	free(data);
	return r != -EOPNOTSUPP ? r :
	       lacks(edit, is_fat(edit) ? "extended attributes" :
					  "attributes of this kind");
}

const struct edit_ops guest_ops = {
	.begin = guest_begin,
	.close = guest_close,
	.strerror = guest_strerror,
	.reserve = guest_reserve,
	.new_file = guest_new_file,
	.enter = guest_enter,
	.free_inode = guest_free_inode,
	.mkdir = guest_mkdir,
	.rmdir = guest_rmdir,
	.clear_dir = guest_clear_dir,
	.unlink = guest_unlink,
	.hard_link = guest_hard_link,
	.check_outside = guest_check_outside,
	.rename = guest_rename,
	.symlink = guest_symlink,
	.truncate = guest_truncate,
	.allocate = guest_allocate,
	.write = guest_write,
	.set_size = guest_set_size,
	.set_attr = guest_set_attr,
	.set_xattr = guest_set_xattr,
};
