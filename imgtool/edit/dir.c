/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directories: their entries, by the library. It keeps a hash index where an
 * entry can be added in it, and else drops the index, which is only slower.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/edit/copy.h"
#include "imgtool/edit/acl.h"
#include "imgtool/edit/direct.h"
#include "imgtool/msg.h"

/* A directory block, and a path of new extent blocks down to it. */
#define ENTRY_BLOCKS 8

static int count_entry(void *context, const char *name, uint64_t ino)
{
	return 0;
}

/* Nothing in DIR leads the library astray. */
static int check_dir(struct edit *edit, uint64_t dir)
{
	int r;

	if (edit->checked[dir % EDIT_CHECKED] == dir)
		return 0;
	r = edit_check_map(edit, dir) ?:
	    fs_readdir(&edit->view.fs, dir, count_entry, NULL);
	if (r == 0)
		edit->checked[dir % EDIT_CHECKED] = dir;
	return r;
}

static void forget_checked(struct edit *edit, uint64_t dir)
{
	if (edit->checked[dir % EDIT_CHECKED] == dir)
		edit->checked[dir % EDIT_CHECKED] = 0;
}

bool edit_last_name(const char *path, char name[FS_NAME_LONGEST + 1])
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/';)
		start--;
	*name = 0;
	if (end - start > FS_NAME_LONGEST)
		return true; /* looking it up will say that it is too long */
	memcpy(name, path + start, end - start);
	name[end - start] = 0;
	return *name && strcmp(name, ".") && strcmp(name, "..");
}

int edit_find_in(struct edit *edit, uint64_t dir, const char *name,
		 struct edit_where *where)
{
	struct fs *fs = &edit->view.fs;
	int r;

	memset(where, 0, sizeof(*where));
	where->dir = dir;
	snprintf(where->name, sizeof(where->name), "%s", name);
	r = fs_lookup(fs, dir, name, &where->ino);
	if (r == -ENOENT)
		return 0;
	return r ?: fs_stat(fs, where->ino, &where->attr);
}

int edit_find(struct edit *edit, const char *path, struct edit_where *where)
{
	struct fs *fs = &edit->view.fs;
	char name[FS_NAME_LONGEST + 1], *parent;
	uint64_t dir;
	size_t n;
	int r;

	memset(where, 0, sizeof(*where));
	if (!edit_last_name(path, name)) {
		r = fs_resolve(fs, *path ? path : "/", true, &where->ino);
		return r ?: fs_stat(fs, where->ino, &where->attr);
	}
	if (!*name)
		return -ENAMETOOLONG;
	parent = mem_strdup(path);
	for (n = strlen(parent); parent[n - 1] == '/';)
		n--;
	parent[n - strlen(name)] = 0;
	r = fs_resolve(fs, *parent ? parent : "/", true, &dir);
	free(parent);
	return r ?: edit_find_in(edit, dir, name, where);
}

static int file_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	}
	return EXT2_FT_UNKNOWN;
}

/* The entries of DIR have changed, and its links by LINKS subdirectories. */
static int touch_dir(struct edit *edit, uint64_t dir, int links)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, dir, &inode);

	if (r < 0)
		return r;
	/* Feature dir_nlink: 1 are too many to count, and stay so. */
	if (inode.i_links_count > 1)
		inode.i_links_count += links;
	if (inode.i_links_count >= EXT2_LINK_MAX)
		inode.i_links_count = 1;
	edit_set_time(edit, &inode, EDIT_MTIME, &edit->now);
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, dir, &inode);
}

static int check_in(struct edit *edit, uint64_t dir)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, dir, &inode);

	if (r == 0 && !S_ISDIR(inode.i_mode))
		r = -ENOTDIR;
	return r ?: check_dir(edit, dir);
}

static int begin_in(struct edit *edit, uint64_t dir)
{
	return check_in(edit, dir) ?: edit_begin(edit);
}

int edit_add_name(struct edit *edit, uint64_t dir, const char *name,
		  uint64_t ino, uint32_t mode)
{
	errcode_t err;
	int r = begin_in(edit, dir) ?: edit_reserve(edit, ENTRY_BLOCKS);

	if (r < 0)
		return r;
	err = ext2fs_link(edit->lib, dir, name, ino, file_type(mode));
	if (err == EXT2_ET_DIR_NO_SPACE) {
		edit->ext->ino = 0;
		r = edit_make_index(edit, dir);
		if (r < 0)
			return r;
		err = r ? ext2fs_expand_dir(edit->lib, dir) : 0;
		if (!err)
			err = ext2fs_link(edit->lib, dir, name, ino,
					  file_type(mode));
	}
	edit->ext->ino = 0;
	return edit_from_library(err) ?: touch_dir(edit, dir, 0);
}

struct changing {
	const char *name; /* ".." counts as a name */
	uint32_t ino;
	int type;
	bool filetype, done;
};

static int change_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *e,
			int offset, int blocksize, char *buf, void *context)
{
	struct changing *c = context;
	size_t n = ext2fs_dirent_name_len(e);

	if (n != strlen(c->name) || memcmp(e->name, c->name, n))
		return 0;
	e->inode = c->ino;
	if (c->filetype)
		ext2fs_dirent_set_file_type(e, c->type);
	c->done = true;
	return DIRENT_CHANGED | DIRENT_ABORT;
}

static int change_name(struct edit *edit, uint64_t dir, const char *name,
		       uint64_t ino, uint32_t mode)
{
	struct changing c = {
		.name = name, .ino = ino, .type = file_type(mode),
		.filetype = ext2fs_has_feature_filetype(edit->lib->super),
	};
	errcode_t err;
	int r = begin_in(edit, dir);

	if (r < 0)
		return r;
	err = ext2fs_dir_iterate2(edit->lib, dir, 0, NULL, change_entry, &c);
	edit->ext->ino = 0;
	return err ? edit_from_library(err) : c.done ? 0 : -EUCLEAN;
}

int edit_replace_name(struct edit *edit, uint64_t dir, const char *name,
		      uint64_t ino, uint32_t mode)
{
	return change_name(edit, dir, name, ino, mode) ?:
	       touch_dir(edit, dir, 0);
}

static int remove_entry(struct edit *edit, uint64_t dir, const char *name)
{
	int r = begin_in(edit, dir);

	if (r < 0)
		return r;
	r = edit_from_library(ext2fs_unlink(edit->lib, dir, name, 0, 0));
	edit->ext->ino = 0;
	return r;
}

int edit_remove_name(struct edit *edit, uint64_t dir, const char *name)
{
	return remove_entry(edit, dir, name) ?: touch_dir(edit, dir, 0);
}

/* May DIR get another subdirectory? */
static int check_links(struct edit *edit, uint64_t dir)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, dir, &inode);

	if (r == 0 && inode.i_links_count >= EXT2_LINK_MAX - 1 &&
	    !ext2fs_has_feature_dir_nlink(edit->lib->super))
		r = -EMLINK;
	return r;
}

/* The library has made directory INO in DIR, of which it counted a link. */
static int finish_mkdir(struct edit *edit, uint64_t dir,
			const struct ext2_inode_large *parent, uint32_t mode,
			uint64_t ino)
{
	struct ext2_inode_large inode;
	bool setgid = parent->i_mode & S_ISGID;
	enum edit_time t;
	int r;

	/* touch_dir() counts */
	r = edit_store(edit, dir, parent) ?: edit_load(edit, ino, &inode);
	if (r < 0)
		return r;
	inode.i_mode = S_IFDIR | (mode & 07777) | (setgid ? S_ISGID : 0);
	edit_set_owner(&inode, edit->uid,
		       setgid ? inode_gid(*parent) : edit->gid);
	for (t = EDIT_ATIME; t <= EDIT_CRTIME; t++)
		edit_set_time(edit, &inode, t, &edit->now);
	return edit_store(edit, ino, &inode) ?: touch_dir(edit, dir, 1);
}

int edit_make_dir(struct edit *edit, uint64_t dir, const char *name,
		  uint32_t mode, uint64_t *ino)
{
	struct ext2_inode_large parent;
	ext2_ino_t number;
	errcode_t err;
	int r = check_in(edit, dir) ?: check_links(edit, dir);

	if (r == 0)
		r = edit_begin(edit) ?: edit_reserve(edit, 1 + ENTRY_BLOCKS) ?:
		    edit_load(edit, dir, &parent);
	if (r < 0)
		return r;
	err = ext2fs_new_inode(edit->lib, dir, S_IFDIR, NULL, &number);
	if (!err)
		err = ext2fs_mkdir(edit->lib, dir, number, NULL);
	if (err)
		return edit_from_library(err);
	edit->ext->ino = 0;
	*ino = number;
	return finish_mkdir(edit, dir, &parent, mode, number) ?:
	       edit_add_name(edit, dir, name, number, S_IFDIR);
}

int direct_mkdir(struct edit *edit, uint64_t dir, const char *name,
		 uint32_t mode, uint64_t *ino)
{
	int r = edit_reserve(edit, 8) ?:
		edit_make_dir(edit, dir, name, mode, ino);

	if (r < 0)
		return r;
	r = acl_inherit(edit, dir, *ino, S_IFDIR | (mode & 07777));
	if (r < 0)
		direct_rmdir(edit, dir, name, *ino);
	return r;
}

static int any_entry(void *context, const char *name, uint64_t ino)
{
	return 1;
}

static int check_empty(struct edit *edit, uint64_t ino)
{
	int r = fs_readdir(&edit->view.fs, ino, any_entry, NULL);

	return r > 0 ? -ENOTEMPTY : r;
}

int direct_rmdir(struct edit *edit, uint64_t dir, const char *name, uint64_t ino)
{
	int r = check_in(edit, ino) ?: check_empty(edit, ino);

	if (r == 0)
		r = remove_entry(edit, dir, name) ?: touch_dir(edit, dir, -1);
	if (r < 0)
		return r;
	forget_checked(edit, ino);
	return edit_drop_last(edit, ino);
}

struct clearing {
	struct edit *edit;
	int dirs; /* that were removed */
	int err;
};

static int clear_inode(struct clearing *c, uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = interrupted() ? -EINTR : edit_load(c->edit, ino, &inode);

	if (r < 0 || !S_ISDIR(inode.i_mode))
		return r ?: edit_drop_link(c->edit, ino);
	r = check_in(c->edit, ino) ?: check_empty(c->edit, ino) ?:
	    edit_free_inode(c->edit, ino);
	forget_checked(c->edit, ino);
	c->dirs += r == 0;
	return r;
}

/* What the entry leads to goes first; the block is written after that. */
static int clear_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *e,
		       int offset, int blocksize, char *buf, void *context)
{
	struct clearing *c = context;
	size_t n = ext2fs_dirent_name_len(e);

	/* (ENTRY counts wrongly in inline data) */
	if (n <= 2 && !memcmp(e->name, "..", n))
		return 0;
	c->err = clear_inode(c, e->inode);
	if (c->err < 0)
		return DIRENT_ABORT;
	e->inode = 0;
	return DIRENT_CHANGED;
}

int direct_clear_dir(struct edit *edit, uint64_t dir)
{
	struct clearing c = { .edit = edit };
	errcode_t err;
	int r = begin_in(edit, dir);

	if (r < 0)
		return r;
	err = ext2fs_dir_iterate2(edit->lib, dir, 0, NULL, clear_entry, &c);
	edit->ext->ino = 0;
	r = touch_dir(edit, dir, -c.dirs);
	return c.err < 0 ? c.err : err ? edit_from_library(err) : r;
}

int direct_unlink(struct edit *edit, uint64_t dir, const char *name,
		  uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r == 0 && S_ISDIR(inode.i_mode))
		r = -EISDIR;
	return r ?: edit_remove_name(edit, dir, name) ?:
		    edit_drop_link(edit, ino);
}

int direct_hard_link(struct edit *edit, uint64_t dir, const char *name,
		     uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	if (inode.i_links_count >= EXT2_LINK_MAX)
		return -EMLINK;
	r = edit_add_name(edit, dir, name, ino, inode.i_mode);
	if (r < 0)
		return r;
	inode.i_links_count++;
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}

/* ------------------------------------------------------------- renaming */

int direct_check_outside(struct edit *edit, uint64_t dir, uint64_t ancestor)
{
	uint32_t steps, most = edit->lib->super->s_inodes_count;
	ext2_ino_t up = dir;
	int r;

	for (steps = 0; steps < most; steps++) {
		if (up == ancestor)
			return -EINVAL;
		if (up == EXT2_ROOT_INO)
			return 0;
		forget_checked(edit, up);
		r = check_in(edit, up) ?:
		    edit_from_library(ext2fs_lookup(edit->lib, up, "..", 2,
						    NULL, &up));
		if (r < 0)
			return r;
	}
	return -EUCLEAN;
}

/* TO exists: may FROM take its place? */
static int check_replacing(struct edit *edit, const struct edit_where *from,
			   const struct edit_where *to)
{
	if (!S_ISDIR(to->attr.mode))
		return S_ISDIR(from->attr.mode) ? -ENOTDIR : 0;
	if (!S_ISDIR(from->attr.mode))
		return -EISDIR;
	return check_empty(edit, to->ino);
}

static int set_place(struct edit *edit, const struct edit_where *from,
		     const struct edit_where *to)
{
	if (to->ino)
		return edit_replace_name(edit, to->dir, to->name, from->ino,
					 from->attr.mode);
	return edit_add_name(edit, to->dir, to->name, from->ino,
			     from->attr.mode);
}

/* INO stands at another place: the time of that. */
static int touch_inode(struct edit *edit, uint64_t ino)
{
	struct ext2_inode_large inode;
	int r = edit_load(edit, ino, &inode);

	if (r < 0)
		return r;
	edit_set_time(edit, &inode, EDIT_CTIME, &edit->now);
	return edit_store(edit, ino, &inode);
}

/* FROM stands at its new place: what that means for the links. */
static int finish_rename(struct edit *edit, const struct edit_where *from,
			 const struct edit_where *to)
{
	bool dir = S_ISDIR(from->attr.mode);
	int r = 0;

	if (dir && from->dir != to->dir)
		r = change_name(edit, from->ino, "..", to->dir, S_IFDIR);
	if (r == 0)
		r = remove_entry(edit, from->dir, from->name) ?:
		    touch_dir(edit, from->dir, dir ? -1 : 0);
	/* of two directories in one place, one is gone */
	if (r == 0 && dir && !to->ino)
		r = touch_dir(edit, to->dir, 1);
	if (r == 0 && to->ino && dir)
		forget_checked(edit, to->ino);
	if (r == 0 && to->ino)
		r = dir ? edit_drop_last(edit, to->ino) :
			  edit_drop_link(edit, to->ino);
	return r ?: touch_inode(edit, from->ino);
}

/* What A was stands where B is. */
static int put_at(struct edit *edit, const struct edit_where *a,
		  const struct edit_where *b)
{
	bool dir = S_ISDIR(a->attr.mode);
	int r = change_name(edit, b->dir, b->name, a->ino, a->attr.mode);

	if (r == 0 && dir && a->dir != b->dir)
		r = change_name(edit, a->ino, "..", b->dir, S_IFDIR);
	if (r == 0)
		r = touch_dir(edit, b->dir,
			      dir - S_ISDIR(b->attr.mode));
	return r ?: touch_inode(edit, a->ino);
}

int edit_exchange(struct edit *edit, const struct edit_where *a,
		  const struct edit_where *b)
{
	bool a_dir = S_ISDIR(a->attr.mode), b_dir = S_ISDIR(b->attr.mode);
	struct ext2_inode_large inode;
	int r = edit_load(edit, a->ino, &inode) ?:
		edit_load(edit, b->ino, &inode);

	if (r < 0 || a->ino == b->ino)
		return r;
	if (a_dir)
		r = edit_check_outside(edit, b->dir, a->ino);
	if (r == 0 && b_dir)
		r = edit_check_outside(edit, a->dir, b->ino);
	if (r == 0 && a_dir != b_dir && a->dir != b->dir)
		r = check_links(edit, a_dir ? b->dir : a->dir);
	return r ?: put_at(edit, a, b) ?: put_at(edit, b, a);
}

int direct_rename(struct edit *edit, const struct edit_where *from,
		  const struct edit_where *to)
{
	bool dir = S_ISDIR(from->attr.mode);
	struct ext2_inode_large inode;
	int r = edit_load(edit, from->ino, &inode);

	if (r < 0)
		return r;
	if (from->ino == to->ino)
		return from->dir == to->dir && !strcmp(from->name, to->name) ?
		       0 : edit_unlink(edit, from->dir, from->name, from->ino);
	if (dir)
		r = edit_check_outside(edit, to->dir, from->ino);
	if (r == 0 && dir && from->dir != to->dir && !to->ino)
		r = check_links(edit, to->dir);
	if (r == 0 && to->ino)
		r = edit_load(edit, to->ino, &inode) ?:
		    check_replacing(edit, from, to);
	return r ?: set_place(edit, from, to) ?: finish_rename(edit, from, to);
}
