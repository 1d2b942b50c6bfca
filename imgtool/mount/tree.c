/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of files of an image: what does not change it.
 *
 * A node's number is its inode's, but for the root, which FUSE calls 1: what
 * FUSE calls nodes that way never are inode 1, which holds bad blocks, nor the
 * root once more below itself. open and opendir answer ENOSYS where nothing
 * can change, and the kernel does them by itself from then on, with all of its
 * caches.
 *
 * All readers of a file system in an engine share its guest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/fs.h>

#include "imgtool/engine/change.h"
#include "imgtool/engine/engine.h"
#include "imgtool/image/target.h"
#include "imgtool/mount/tree.h"
#include "imgtool/msg.h"

static struct timespec to_timespec(const struct fs_time *t)
{
	return (struct timespec){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

int tree_stat(struct fs *fs, uint64_t ino, struct stat *st)
{
	struct fs_usage usage = { .block_size = 4096 };
	struct fs_attr attr;
	int r = fs_stat(fs, ino, &attr);

	if (r < 0)
		return r;
	fs_usage(fs, &usage);
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = attr.mode;
	st->st_nlink = attr.nlink;
	st->st_uid = attr.uid;
	st->st_gid = attr.gid;
	st->st_size = attr.size;
	st->st_blocks = attr.blocks;
	st->st_blksize = usage.block_size;
	if (S_ISCHR(attr.mode) || S_ISBLK(attr.mode))
		st->st_rdev = makedev(attr.major, attr.minor);
	st->st_atim = to_timespec(&attr.atime);
	st->st_mtim = to_timespec(&attr.mtime);
	st->st_ctim = to_timespec(&attr.ctime);
	return 0;
}

/*
 * How long the kernel may believe attributes. Of a directory that may change, not
 * at all: what a listing of its parent says comes late where it changes meanwhile,
 * and the kernel, which notices that for files, would keep it.
 */
double tree_attr_timeout(const struct tree *tree, const struct stat *st)
{
	return tree->edit && S_ISDIR(st->st_mode) ? 0 : MOUNT_TIMEOUT;
}

/* What a directory says is behind one of its names. */
int tree_entry(struct tree *tree, struct fs *fs, uint64_t ino,
	       struct fuse_entry_param *entry)
{
	int r;

	memset(entry, 0, sizeof(*entry));
	if (ino == tree->root || ino == FUSE_ROOT_ID)
		return -EUCLEAN;
	r = tree_stat(fs, ino, &entry->attr);
	if (r < 0)
		return r;
	if (tree->edit)
		known_add(&tree->known, ino);
	entry->ino = ino;
	/* (a name may go under another spelling of it) */
	entry->entry_timeout = tree->any_case ? 0 : MOUNT_TIMEOUT;
	entry->attr_timeout = tree_attr_timeout(tree, &entry->attr);
	return 0;
}

static void tree_init(void *context, struct fuse_conn_info *conn)
{
	struct tree *tree = context;

	conn->want |= conn->capable & (FUSE_CAP_READDIRPLUS |
				       FUSE_CAP_CACHE_SYMLINKS |
				       FUSE_CAP_PARALLEL_DIROPS |
				       FUSE_CAP_ASYNC_READ);
	conn->want &= ~(FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_AUTO_INVAL_DATA |
			FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
			FUSE_CAP_SPLICE_MOVE);
	if (tree->edit)
		tree_start_committer(tree);
	/* a default ACL counts instead of the umask, which is applied here */
	if (tree->edit)
		conn->want |= conn->capable & FUSE_CAP_DONT_MASK;
	/* A truncation is one, not a part of opening; we take no rights away
	 * by ourselves. */
	conn->want &= ~(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_HANDLE_KILLPRIV |
			FUSE_CAP_WRITEBACK_CACHE);
	/* The image's ACLs say who may, if anybody but us can ask. */
	if (tree->shared)
		conn->want |= conn->capable & FUSE_CAP_POSIX_ACL;
}

static void tree_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	struct fuse_entry_param entry;
	const char *spelling;
	struct dir *dir;
	uint64_t ino;
	int r = strlen(name) > FS_NAME_LONGEST ? -ENAMETOOLONG :
		dir_take(&tree->dirs, &reader->fs, inode_of(tree, parent),
			 &dir);

	if (r == 0) {
		r = tree_find(tree, dir, name, &ino, &spelling);
		dir_return(&tree->dirs, dir);
	}
	if (r == 0) {
		r = tree_entry(tree, &reader->fs, ino, &entry);
	} else if (r == -ENOENT) {
		/* known not to be there */
		entry = (struct fuse_entry_param){
			.entry_timeout = tree->any_case ? 0 : MOUNT_TIMEOUT };
		r = 0;
	}
	reader_return(&tree->readers, reader);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_entry(req, &entry);
}

static void tree_getattr(fuse_req_t req, fuse_ino_t node,
			 struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	struct stat st;
	int r = tree_stat(&reader->fs, inode_of(tree, node), &st);

	reader_return(&tree->readers, reader);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_attr(req, &st, tree_attr_timeout(tree, &st));
}

static void tree_readlink(fuse_req_t req, fuse_ino_t node)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	char target[FS_LINK_LONGEST + 1];
	int r = fs_readlink(&reader->fs, inode_of(tree, node), target);

	reader_return(&tree->readers, reader);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_readlink(req, target);
}

static void tree_nosys(fuse_req_t req, fuse_ino_t node,
		       struct fuse_file_info *info)
{
	fuse_reply_err(req, ENOSYS);
}

void tree_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off,
	       struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	char *buffer = reader_buffer(reader, size);
	ssize_t n = fs_read(&reader->fs, inode_of(tree, node), off, buffer,
			    size);

	if (n < 0)
		fuse_reply_err(req, -n);
	else
		fuse_reply_buf(req, buffer, n);
	reader_return(&tree->readers, reader);
}

/* Entry NUMBER of a directory, for a page that is being filled: its size, 0
 * if there are no more. */
static size_t put_entry(fuse_req_t req, struct fs *fs, const struct dir *dir,
			size_t number, bool plus, char *to, size_t room)
{
	struct tree *tree = tree_of(req);
	struct fuse_entry_param entry = { 0 };
	const char *name;
	size_t size;

	if (number < 2) {
		name = number ? ".." : ".";
		/* a parent's number is of no use to anybody */
		entry.attr.st_ino = number ? 0xffffffff : dir->ino;
		entry.attr.st_mode = S_IFDIR;
	} else {
		const struct dir_entry *e = &dir->entries[number - 2];

		name = dir->names + e->name;
		/* One that is damaged shows its name, and fails when used. */
		if (!plus || tree_entry(tree, fs, e->ino, &entry) < 0) {
			memset(&entry, 0, sizeof(entry));
			entry.attr.st_ino = e->ino;
		}
	}
	if (!plus)
		return fuse_add_direntry(req, to, room, name, &entry.attr,
					 number + 1);
	size = fuse_add_direntry_plus(req, to, room, name, &entry, number + 1);
	if (size > room && entry.ino)
		known_forget(&tree->known, entry.ino, 1);
	return size;
}

static void read_names(fuse_req_t req, fuse_ino_t node, size_t size, off_t off,
		       bool plus, const struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	char *buffer = reader_buffer(reader, size);
	size_t used = 0, n;
	struct dir *dir;
	int r = 0;

	if (tree->edit)
		dir = (struct dir *)info->fh;
	else
		r = dir_take(&tree->dirs, &reader->fs, inode_of(tree, node),
			     &dir);
	if (r == 0) {
		for (; (uint64_t)off < dir->count + 2; off++, used += n) {
			n = 0;
			if (off > 1 && !dir->entries[off - 2].ino)
				continue;
			n = put_entry(req, &reader->fs, dir, off, plus,
				      buffer + used, size - used);
			if (n > size - used)
				break;
		}
		if (!used)
			r = dir->error;
		if (!tree->edit)
			dir_return(&tree->dirs, dir);
	}
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, buffer, used);
	reader_return(&tree->readers, reader);
}

static void tree_readdir(fuse_req_t req, fuse_ino_t node, size_t size,
			 off_t off, struct fuse_file_info *info)
{
	read_names(req, node, size, off, false, info);
}

static void tree_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size,
			     off_t off, struct fuse_file_info *info)
{
	read_names(req, node, size, off, true, info);
}

static void tree_statfs(fuse_req_t req, fuse_ino_t node)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	struct fs_usage usage = { 0 };
	struct statvfs st = { .f_namemax = FS_NAME_LONGEST };
	int r = fs_usage(&reader->fs, &usage);

	reader_return(&tree->readers, reader);
	st.f_bsize = st.f_frsize = usage.block_size;
	st.f_blocks = usage.blocks;
	st.f_bfree = st.f_bavail = usage.free_blocks;
	st.f_files = usage.inodes;
	st.f_ffree = st.f_favail = usage.free_inodes;
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_statfs(req, &st);
}

/* The names of all attributes, or the value of one. */
struct xattrs {
	uint8_t *data;
	size_t size;
};

static int list_xattr(void *context, const char *name, const void *value,
		      size_t size)
{
	struct xattrs *x = context;
	size_t n = strlen(name) + 1;
	uint8_t *all = mem_alloc(x->size + n);

	if (x->size)
		memcpy(all, x->data, x->size);
	memcpy(all + x->size, name, n);
	free(x->data);
	x->data = all;
	x->size += n;
	return 0;
}

static void reply_xattr(fuse_req_t req, fuse_ino_t node, const char *name,
			size_t size)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	uint64_t ino = inode_of(tree, node);
	struct xattrs x = { NULL, 0 };
	int r = name ? fs_xattr(&reader->fs, ino, name, &x.data, &x.size) :
		       fs_xattrs(&reader->fs, ino, list_xattr, &x);

	reader_return(&tree->readers, reader);
	if (r == 0 && name)
		r = -ENODATA;
	if (r >= 0 && size && x.size > size)
		r = -ERANGE;
	if (r < 0)
		fuse_reply_err(req, -r);
	else if (!size)
		fuse_reply_xattr(req, x.size);
	else
		fuse_reply_buf(req, (char *)x.data, x.size);
	free(x.data);
}

static void tree_getxattr(fuse_req_t req, fuse_ino_t node, const char *name,
			  size_t size)
{
	reply_xattr(req, node, name, size);
}

static void tree_listxattr(fuse_req_t req, fuse_ino_t node, size_t size)
{
	reply_xattr(req, node, NULL, size);
}

static int seek(struct fs *fs, uint64_t ino, off_t *off, int whence)
{
	struct fs_attr attr;
	uint64_t start, end;
	int r = fs_stat(fs, ino, &attr);

	if (r < 0)
		return r;
	if (*off < 0 || (uint64_t)*off >= attr.size)
		return -ENXIO;
	r = fs_data(fs, ino, *off, &start, &end);
	if (r < 0)
		return r;
	if (whence == SEEK_DATA && start >= attr.size)
		return -ENXIO;
	if (whence == SEEK_DATA)
		*off = start;
	else if (start <= (uint64_t)*off)
		*off = end;
	return 0;
}

static void tree_lseek(fuse_req_t req, fuse_ino_t node, off_t off, int whence,
		       struct fuse_file_info *info)
{
	struct tree *tree = tree_of(req);
	struct reader *reader;
	int r;

	if (whence != SEEK_DATA && whence != SEEK_HOLE) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	reader = reader_take(&tree->readers);
	r = seek(&reader->fs, inode_of(tree, node), &off, whence);
	reader_return(&tree->readers, reader);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_lseek(req, off);
}

/* What lsattr shows, of ext4. */
#define FLAGS_VISIBLE 0x725bdfff

static void reply_flags(fuse_req_t req, fuse_ino_t node)
{
	struct tree *tree = tree_of(req);
	struct reader *reader = reader_take(&tree->readers);
	struct fs_attr attr;
	uint32_t flags;
	int r = fs_stat(&reader->fs, inode_of(tree, node), &attr);

	reader_return(&tree->readers, reader);
	flags = attr.flags & FLAGS_VISIBLE;
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_ioctl(req, 0, &flags, sizeof(flags));
}

static void tree_ioctl(fuse_req_t req, fuse_ino_t node, unsigned int cmd,
		       void *arg, struct fuse_file_info *info,
		       unsigned int flags, const void *in, size_t in_size,
		       size_t room)
{
	if (cmd == (unsigned int)FS_IOC_GETFLAGS && room >= sizeof(uint32_t))
		reply_flags(req, node);
	else
		mount_ioctl(req, cmd, room);
}

static const struct fuse_lowlevel_ops tree_ops = {
	.init = tree_init,
	.lookup = tree_lookup,
	.getattr = tree_getattr,
	.readlink = tree_readlink,
	.open = tree_nosys,
	.opendir = tree_nosys,
	.read = tree_read,
	.readdir = tree_readdir,
	.readdirplus = tree_readdirplus,
	.statfs = tree_statfs,
	.getxattr = tree_getxattr,
	.listxattr = tree_listxattr,
	.lseek = tree_lseek,
	.ioctl = tree_ioctl,
};

void tree_reply(fuse_req_t req, int r)
{
	/* who may was asked before: this is an immutable file */
	fuse_reply_err(req, r == -EACCES ? EPERM : r < 0 ? -r : 0);
}

static int open_target(struct target *target, const char *operand)
{
	if (target_parse(target, operand, true) < 0)
		return -1;
	if (target->path) {
		msg_error(operand, "the whole file system is mounted; leave "
			  "out :%s", target->path);
		target_free(target);
		return -1;
	}
	return 0;
}

/* 1: the process that was made for it serves the mount. -1: reported. */
static int open_to_read(struct tree *tree, struct mount_how *how,
			const struct target *target)
{
	struct disk *disk = &tree->of_readers;
	int r = disk_open(disk, target->file, false) ?:
		disk_choose(disk, target->partition);

	if (r == 0 && engine_wanted(disk) && !how->foreground &&
	    !mount_go_ahead(how, &r))
		return r ?: 1;
	return r ?: readers_start(&tree->readers, disk);
}

/* Is it one for a guest? -1: reported. */
static int look_for_engine(const struct target *target)
{
	struct disk disk;
	int r = disk_open(&disk, target->file, false) ?:
		disk_choose(&disk, target->partition);

	if (r == 0)
		r = engine_wanted(&disk);
	disk_close(&disk);
	return r;
}

/* 1: the process that was made for it serves the mount. -1: reported. */
static int open_to_write(struct tree *tree, struct mount_how *how,
			 struct target *target)
{
	int guest = look_for_engine(target), r;
	const char *type;

	if (guest < 0)
		return -1;
	if (guest && !how->foreground && !mount_go_ahead(how, &r))
		return r ?: 1;
	tree->edit = mem_zalloc(sizeof(*tree->edit));
	if (edit_open(tree->edit, target) == 0) {
		type = tree->edit->view.fs.type;
		tree->guest = engine_is(&tree->edit->view.fs);
		tree->any_case = tree->guest && (!strcmp(type, "vfat") ||
						 !strcmp(type, "exfat"));
		return tree_start_writing(tree);
	}
	free(tree->edit);
	tree->edit = NULL;
	return -1;
}

/* The image, as the tree of OPERAND is opened. 1: see above. -1: reported. */
static int open_tree(struct tree *tree, struct mount_how *how,
		     const char *operand)
{
	struct target target;
	int r;

	tree->of_readers.fd = -1;
	if (open_target(&target, operand) < 0)
		return -1;
	r = how->writable ? open_to_write(tree, how, &target) :
			    open_to_read(tree, how, &target);
	target_free(&target);
	return r;
}

static int close_tree(struct tree *tree)
{
	int r = tree->edit ? tree_end_writing(tree) : 0;

	if (!tree->edit) {
		readers_end(&tree->readers);
		disk_close(&tree->of_readers);
	}
	free(tree->edit);
	free(tree);
	return r;
}

static int serve(struct mount_how *how, struct tree *tree)
{
	struct fuse_lowlevel_ops ops = tree_ops;
	int r;

	if (tree->edit) {
		tree_add_names(&ops);
		tree_add_changes(&ops);
		tree_add_data(&ops);
	}
	if (tree->guest)
		tree_add_guest(&ops);
	dirs_start(&tree->dirs);
	tree->root = tree->readers.idle->fs.root;
	tree->shared = mount_is_shared(how);
	r = mount_serve(how, &ops, tree);
	dirs_end(&tree->dirs);
	return r;
}

int mount_tree(struct mount_how *how, const char *operand)
{
	struct tree *tree;
	struct stat st;
	int r;

	if (mount_look(how->point, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return msg_error(how->point, "is not a directory");
	tree = mem_zalloc(sizeof(*tree));
	r = open_tree(tree, how, operand);
	if (r == 0)
		r = serve(how, tree);
	return close_tree(tree) ?: r < 0 ? -1 : 0;
}
