/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying out of an image, to the host. The image is hostile, and somebody
 * else may be writing to the target directory:
 *
 * - a name with a slash, "." or ".." is refused (the reader does, too);
 * - directories are entered by descriptor, never through a symlink;
 * - everything is made under a temporary name, exclusively, and renamed over
 *   what is there, which is never opened;
 * - a hard link is made to what was made here, found by descriptor again, and
 *   checked to be the same inode.
 *
 * What a symlink in the image leads to is text, and is copied as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "imgtool/edit/copy.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"

#define CHUNK (1 << 20)

/* What has been made and has more names: its place below the target. */
struct made {
	char **names; /* down from the target; ends with NULL */
	dev_t device;
	ino_t ino;
};

struct level {
	int fd;
	char *name; /* in the level above */
	bool fresh;
};

struct to_host {
	char *path; /* of the target, for messages */
	struct level *levels;
	size_t capacity;
	size_t depth; /* of the node at hand: levels[0] to [depth] are open */
	struct made *made;
	size_t made_count, made_capacity;
	uint8_t *buffer;
	unsigned long serial;
	mode_t umask;
	bool told_xattrs; /* the warning has been printed */
};

static struct to_host *host_of(const struct copy *copy)
{
	return copy->sink->private;
}

static int failed(const struct copy_node *node, int err, const char *what)
{
	msg_errno(node->path, err, "%s", what);
	return err == ENOSPC || err == EDQUOT || err == EROFS ? -2 : -1;
}

static bool is_safe(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") &&
	       !strchr(name, '/');
}

static void temporary_name(struct to_host *to, char name[64])
{
	snprintf(name, 64, ".imgtool-%d-%lu", getpid(), to->serial++);
}

/* ------------------------------------------------------------ attributes */

struct attribute_target {
	struct to_host *to;
	const struct copy_node *node;
	int fd;		  /* of a file or directory; -1: */
	const char *path; /* of anything else: through /proc */
};

static int set_xattr(void *context, const char *name, const void *value,
		     size_t size)
{
	struct attribute_target *target = context;
	int r;

	if (!copy_keeps_xattr(name))
		return 0;
	r = target->fd >= 0 ? fsetxattr(target->fd, name, value, size, 0) :
			      lsetxattr(target->path, name, value, size, 0);
	if (r && !target->to->told_xattrs) {
		target->to->told_xattrs = true;
		msg_warning(target->node->path, "%s and maybe other attributes "
			    "cannot be kept here: %s", name, strerror(errno));
	}
	return 0;
}

static void fill_times(const struct fs_attr *attr, struct timespec times[2])
{
	times[0].tv_sec = attr->atime.sec;
	times[0].tv_nsec = attr->atime.nsec;
	times[1].tv_sec = attr->mtime.sec;
	times[1].tv_nsec = attr->mtime.nsec;
}

/*
 * Owner, mode, attributes, times of the file or directory FD. Without root no
 * owner can be given away: then without set-id bits, as cp(1).
 */
static int set_attributes(struct copy *copy, const struct copy_node *node,
			  int fd)
{
	struct attribute_target target = { host_of(copy), node, fd, NULL };
	uint32_t mode = node->attr.mode & 07777;
	struct timespec times[2];
	int r;

	if (!copy->preserve)
		return 0;
	if (fchown(fd, node->attr.uid, node->attr.gid)) {
		if (errno != EPERM && errno != EINVAL)
			return failed(node, errno, "owner");
		mode &= 0777;
	}
	r = node->source->xattrs(node, set_xattr, &target);
	if (r < 0)
		return fs_error(node->source->fs, node->path, r);
	fill_times(&node->attr, times);
	if (fchmod(fd, mode) || futimens(fd, times))
		return failed(node, errno, "mode and times");
	return 0;
}

/*
 * The same for NAME in DIRFD, which cannot be opened and has just been made,
 * with its mode.
 */
static int set_attributes_at(struct copy *copy, const struct copy_node *node,
			     int dirfd, const char *name)
{
	char *path = mem_printf("/proc/self/fd/%d/%s", dirfd, name);
	struct attribute_target target = { host_of(copy), node, -1, path };
	struct timespec times[2];
	int r;

	if (fchownat(dirfd, name, node->attr.uid, node->attr.gid,
		     AT_SYMLINK_NOFOLLOW) && errno != EPERM && errno != EINVAL) {
		free(path);
		return failed(node, errno, "owner");
	}
	r = node->source->xattrs(node, set_xattr, &target);
	free(path);
	if (r < 0)
		return fs_error(node->source->fs, node->path, r);
	fill_times(&node->attr, times);
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW))
		return failed(node, errno, "times");
	return 0;
}

/* --------------------------------------------------------------- contents */

static int write_all(int fd, const uint8_t *data, size_t length, off_t at)
{
	ssize_t n;

	for (; length; data += n, length -= n, at += n) {
		n = at < 0 ? write(fd, data, length) :
			     pwrite(fd, data, length, at);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
		at -= at < 0 ? n : 0;
	}
	return 0;
}

static int copy_range(const struct copy_node *node, int fd, uint8_t *buffer,
		      uint64_t at, uint64_t end)
{
	ssize_t n;
	int r;

	for (; at < end; at += n) {
		n = end - at < CHUNK ? end - at : CHUNK;
		n = node->source->read(node, at, buffer, n);
		if (n <= 0)
			return fs_error(node->source->fs, node->path,
					n < 0 ? n : -EUCLEAN);
		r = write_all(fd, buffer, n, at);
		if (r < 0)
			return failed(node, -r, "copy cannot be written");
		if (interrupted()) {
			msg_error(node->path, "interrupted");
			return -2;
		}
	}
	return 0;
}

/* Only what is data: the rest stays a hole. */
static int copy_data(struct to_host *to, const struct copy_node *node, int fd)
{
	uint64_t at, start, end;
	int r;

	for (at = 0; at < node->attr.size; at = end) {
		r = node->source->data(node, at, &start, &end);
		if (r < 0)
			return fs_error(node->source->fs, node->path, r);
		if (start >= node->attr.size || end <= start)
			break;
		r = copy_range(node, fd, to->buffer, start, end);
		if (r < 0)
			return r;
	}
	if (ftruncate(fd, node->attr.size))
		return failed(node, errno, "copy cannot be written");
	return 0;
}

int copy_to_stream(struct view *view, int fd, const char *name)
{
	uint8_t *buffer = mem_alloc(CHUNK);
	uint64_t at = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = fs_read(&view->fs, view->ino, at, buffer,
				      CHUNK)) != 0) {
		if (n < 0)
			r = fs_error(&view->fs, view_name(view, view->path), n);
		else if ((r = write_all(fd, buffer, n, -1)) < 0)
			r = msg_errno(name, -r, "cannot be written");
		else
			progress_add((uint64_t)n);
		at += n > 0 ? n : 0;
	}
	free(buffer);
	return r;
}

/* ------------------------------------------------------------------ files */

/* The permissions of a new file: those of a file that it takes the place of. */
static mode_t find_mode(const struct to_host *to, const struct copy_node *node,
			int dirfd)
{
	struct stat st;

	if (!fstatat(dirfd, node->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISREG(st.st_mode))
		return st.st_mode & 07777;
	return node->attr.mode & 0777 & ~to->umask;
}

static int make_file(struct copy *copy, const struct copy_node *node,
		     int dirfd, const char *name)
{
	struct to_host *to = host_of(copy);
	mode_t mode = find_mode(to, node, dirfd);
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
			O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return failed(node, errno, "copy cannot be made");
	r = copy_data(to, node, fd);
	if (r == 0 && fchmod(fd, mode))
		r = failed(node, errno, "mode");
	if (r == 0)
		r = set_attributes(copy, node, fd);
	if (close(fd) && r == 0)
		r = failed(node, errno, "copy cannot be written");
	return r;
}

static int make_other(struct copy *copy, const struct copy_node *node,
		      int dirfd, const char *name)
{
	struct to_host *to = host_of(copy);
	char target[FS_LINK_LONGEST + 1];
	uint32_t mode = node->attr.mode;
	int r;

	if (S_ISLNK(mode)) {
		r = node->source->readlink(node, target);
		if (r < 0)
			return fs_error(node->source->fs, node->path, r);
		r = symlinkat(target, dirfd, name);
	} else {
		umask(copy->preserve ? 0 : to->umask);
		r = mknodat(dirfd, name, mode & (S_IFMT | 0777),
			    makedev(node->attr.major, node->attr.minor));
		umask(to->umask);
	}
	if (r)
		return failed(node, errno, S_ISCHR(mode) || S_ISBLK(mode) ?
			      "device cannot be made" : "copy cannot be made");
	return copy->preserve ? set_attributes_at(copy, node, dirfd, name) : 0;
}

/* A copy of the list of names down to NODE. */
static char **name_path(const struct to_host *to, const struct copy_node *node)
{
	char **names = mem_zalloc((node->depth + 2) * sizeof(char *));
	size_t i;

	for (i = 0; i < node->depth; i++)
		names[i] = mem_strdup(to->levels[i + 1].name);
	names[i] = mem_strdup(node->name);
	return names;
}

static void remember(struct copy *copy, const struct copy_node *node,
		     int dirfd)
{
	struct to_host *to = host_of(copy);
	struct made *made;
	struct stat st;

	if (!copy->links || node->attr.nlink < 2 ||
	    fstatat(dirfd, node->name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	to->made = mem_grow(to->made, to->made_count, &to->made_capacity,
			    sizeof(struct made));
	made = &to->made[to->made_count++];
	*made = (struct made){ name_path(to, node), st.st_dev, st.st_ino };
	copy->last_id = to->made_count;
}

/* Give the finished copy its name. */
static int finish(const struct copy_node *node, int dirfd, const char *name)
{
	if (!renameat(dirfd, name, dirfd, node->name))
		return 0;
	return failed(node, errno, "cannot take the place of what is there");
}

static int sink_add(struct copy *copy, const struct copy_node *node)
{
	struct to_host *to = host_of(copy);
	int dirfd = to->levels[node->depth].fd, r;
	char name[64];

	if (!is_safe(node->name))
		return msg_error(node->path, "has a name that leads out of "
				 "its directory");
	temporary_name(to, name);
	r = S_ISREG(node->attr.mode) ? make_file(copy, node, dirfd, name) :
				       make_other(copy, node, dirfd, name);
	r = r ?: finish(node, dirfd, name);
	if (r == 0)
		remember(copy, node, dirfd);
	else
		unlinkat(dirfd, name, 0);
	return r;
}

/* ------------------------------------------------------------- hard links */

/* The directory that MADE is in: by descriptors, down from the target. */
static int open_parent(const struct to_host *to, const struct made *made)
{
	int fd = dup(to->levels[0].fd), next;
	char **name;

	for (name = made->names; fd >= 0 && name[1]; name++) {
		next = **name ? openat(fd, *name, O_RDONLY | O_DIRECTORY |
				       O_NOFOLLOW | O_CLOEXEC) : dup(fd);
		close(fd);
		fd = next;
	}
	return fd;
}

static const char *last_of(const struct made *made)
{
	char **name = made->names;

	while (name[1])
		name++;
	return *name;
}

static int make_link(const struct to_host *to, const struct made *made,
		     int dirfd, const char *name)
{
	int parent = open_parent(to, made), r;
	struct stat st;

	if (parent < 0)
		return -errno;
	r = linkat(parent, last_of(made), dirfd, name, 0) ? -errno : 0;
	close(parent);
	if (r == 0 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		r = -errno;
	if (r == 0 && (st.st_dev != made->device || st.st_ino != made->ino))
		r = -ESTALE;
	return r;
}

static int sink_link(struct copy *copy, const struct copy_node *node,
		     uint64_t id)
{
	struct to_host *to = host_of(copy);
	int dirfd = to->levels[node->depth].fd, r;
	char name[64];

	if (!is_safe(node->name))
		return msg_error(node->path, "has a name that leads out of "
				 "its directory");
	temporary_name(to, name);
	r = make_link(to, &to->made[id - 1], dirfd, name);
	/* no links here, or somebody else was faster: a copy, then */
	if (r < 0) {
		unlinkat(dirfd, name, 0);
		return sink_add(copy, node);
	}
	r = finish(node, dirfd, name);
	/* renaming to another name of the same file does nothing */
	unlinkat(dirfd, name, 0);
	return r;
}

/* ------------------------------------------------------------ directories */

static int open_directory(const struct copy_node *node, int dirfd, bool *fresh)
{
	int fd;

	*fresh = !mkdirat(dirfd, node->name, 0700);
	if (!*fresh && errno != EEXIST)
		return failed(node, errno, "directory cannot be made");
	fd = openat(dirfd, node->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ELOOP || errno == ENOTDIR)
		return msg_error(node->path, "is a directory, and what is at "
				 "its place is none");
	return failed(node, errno, "directory cannot be opened");
}

static int sink_enter(struct copy *copy, const struct copy_node *node)
{
	struct to_host *to = host_of(copy);
	struct level level = { .fresh = false };

	if (*node->name && !is_safe(node->name))
		return msg_error(node->path, "has a name that leads out of "
				 "its directory");
	level.fd = *node->name ?
		   open_directory(node, to->levels[node->depth].fd,
				  &level.fresh) :
		   dup(to->levels[node->depth].fd);
	if (level.fd < 0)
		return level.fd;
	level.name = mem_strdup(node->name);
	to->levels = mem_grow(to->levels, node->depth + 1, &to->capacity,
			      sizeof(struct level));
	to->levels[node->depth + 1] = level;
	to->depth = node->depth + 1;
	return 0;
}

static int sink_leave(struct copy *copy, const struct copy_node *node)
{
	struct to_host *to = host_of(copy);
	struct level *level = &to->levels[node->depth + 1];
	int r = 0;

	if (level->fresh &&
	    fchmod(level->fd, node->attr.mode & 0777 & ~to->umask))
		r = failed(node, errno, "mode");
	if (r == 0)
		r = set_attributes(copy, node, level->fd);
	close(level->fd);
	free(level->name);
	to->depth = node->depth;
	return r;
}

struct copy_sink *sink_host_new(int dirfd, const char *path)
{
	struct copy_sink *sink = mem_zalloc(sizeof(*sink));
	struct to_host *to = mem_zalloc(sizeof(*to));

	to->path = mem_strdup(path);
	to->levels = mem_grow(NULL, 0, &to->capacity, sizeof(struct level));
	to->levels[0] = (struct level){ .fd = dirfd };
	to->buffer = mem_alloc(CHUNK);
	to->umask = umask(0);
	umask(to->umask);
	*sink = (struct copy_sink){ sink_enter, sink_leave, sink_add,
				    sink_link, to };
	return sink;
}

void sink_host_free(struct copy_sink *sink)
{
	struct to_host *to = sink->private;
	char **name;
	size_t i;

	/* after an end half-way, more than the first are open */
	for (i = 0; i <= to->depth; i++) {
		close(to->levels[i].fd);
		free(to->levels[i].name);
	}
	for (i = 0; i < to->made_count; i++) {
		for (name = to->made[i].names; *name; name++)
			free(*name);
		free(to->made[i].names);
	}
	free(to->made);
	free(to->levels);
	free(to->buffer);
	free(to->path);
	free(to);
	free(sink);
}
