/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One file that has an image's plain bytes: DIR/disk, or mounted over a file.
 *
 * Only the kernel writes to it, so it may keep what it knows; what programs
 * write comes to us at once, and is on the host's disk once fsync or close
 * has returned. The size never changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <linux/falloc.h>

#include "imgtool/mount/bytes.h"
#include "imgtool/mount/mount.h"
#include "imgtool/msg.h"

#define NAME "disk"
#define NODE 2 /* of the file in the directory */

struct raw {
	struct bytes bytes;
	bool is_dir; /* the root is a directory with the file in it */
	bool writable;
};

static struct raw *raw_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static void get_stat(const struct raw *raw, fuse_ino_t node, struct stat *st)
{
	const struct stat *image = &raw->bytes.st;
	mode_t mode = image->st_mode & (raw->writable ? 0666 : 0444);

	memset(st, 0, sizeof(*st));
	st->st_ino = node;
	st->st_uid = image->st_uid;
	st->st_gid = image->st_gid;
	st->st_atim = image->st_atim;
	st->st_mtim = image->st_mtim;
	st->st_ctim = image->st_ctim;
	st->st_blksize = 65536;
	if (raw->is_dir && node == FUSE_ROOT_ID) {
		st->st_mode = S_IFDIR | (mode & 0444) | (mode & 0444) >> 2;
		st->st_nlink = 2;
		return;
	}
	st->st_mode = S_IFREG | mode;
	st->st_nlink = 1;
	st->st_size = raw->bytes.size;
	st->st_blocks = (raw->bytes.size + 511) / 512;
}

static void raw_init(void *context, struct fuse_conn_info *conn)
{
	conn->want |= conn->capable & (FUSE_CAP_ASYNC_READ |
				       FUSE_CAP_PARALLEL_DIROPS);
	conn->want &= ~(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_SPLICE_READ |
			FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static void raw_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .entry_timeout = MOUNT_TIMEOUT,
					  .attr_timeout = MOUNT_TIMEOUT };

	if (!strcmp(name, NAME)) {
		entry.ino = NODE;
		get_stat(raw_of(req), NODE, &entry.attr);
	}
	fuse_reply_entry(req, &entry);
}

static void raw_getattr(fuse_req_t req, fuse_ino_t node,
			struct fuse_file_info *info)
{
	struct stat st;

	get_stat(raw_of(req), node, &st);
	fuse_reply_attr(req, &st, MOUNT_TIMEOUT);
}

/* Times may be set, to no effect; the rest is what it is. */
static void raw_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr,
			int set, struct fuse_file_info *info)
{
	struct stat st;

	get_stat(raw_of(req), node, &st);
	if (set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		fuse_reply_err(req, EPERM);
	else if ((set & FUSE_SET_ATTR_SIZE) && attr->st_size != st.st_size)
		fuse_reply_err(req, EINVAL);
	else
		fuse_reply_attr(req, &st, MOUNT_TIMEOUT);
}

static void raw_nosys(fuse_req_t req, fuse_ino_t node,
		      struct fuse_file_info *info)
{
	fuse_reply_err(req, ENOSYS);
}

static void raw_readdir(fuse_req_t req, fuse_ino_t node, size_t size,
			off_t off, struct fuse_file_info *info)
{
	static const char *const names[] = { ".", "..", NAME };
	char buffer[512];
	size_t used = 0, n;
	struct stat st;

	for (; off < 3; off++, used += n) {
		get_stat(raw_of(req), off == 2 ? NODE : FUSE_ROOT_ID, &st);
		n = fuse_add_direntry(req, buffer + used, sizeof(buffer) - used,
				      names[off], &st, off + 1);
		if (used + n > size)
			break;
	}
	fuse_reply_buf(req, buffer, used);
}

/* How much of a range is inside. */
static size_t clip(const struct raw *raw, size_t size, off_t off)
{
	u64 left = raw->bytes.size;

	left = (u64)off < left ? left - off : 0;
	return size < left ? size : left;
}

static void raw_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t off,
		     struct fuse_file_info *info)
{
	struct raw *raw = raw_of(req);
	char *buffer, *data;
	int r;

	size = clip(raw, size, off);
	if (!size) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	r = bytes_read(&raw->bytes, size, off, &buffer, &data);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, data, size);
	free(buffer);
}

static void raw_write(fuse_req_t req, fuse_ino_t node, const char *data,
		      size_t size, off_t off, struct fuse_file_info *info)
{
	struct raw *raw = raw_of(req);
	int r;

	size = clip(raw, size, off);
	/* like a block device */
	r = size ? bytes_write(&raw->bytes, data, size, off) : -ENOSPC;
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_write(req, size);
}

static void raw_flush(fuse_req_t req, fuse_ino_t node,
		      struct fuse_file_info *info)
{
	struct raw *raw = raw_of(req);

	fuse_reply_err(req, raw->writable ? -bytes_flush(&raw->bytes) :
		       ENOSYS);
}

static void raw_fsync(fuse_req_t req, fuse_ino_t node, int datasync,
		      struct fuse_file_info *info)
{
	struct raw *raw = raw_of(req);

	fuse_reply_err(req, raw->writable ? -bytes_flush(&raw->bytes) : 0);
}

static void raw_fallocate(fuse_req_t req, fuse_ino_t node, int mode, off_t off,
			  off_t length, struct fuse_file_info *info)
{
	struct raw *raw = raw_of(req);
	bool punch = mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	u64 left = (u64)off < raw->bytes.size ? raw->bytes.size - off : 0;

	if (!punch && (mode | FALLOC_FL_KEEP_SIZE) !=
		      (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)) {
		fuse_reply_err(req, EOPNOTSUPP);
		return;
	}
	if (!punch && !(mode & FALLOC_FL_KEEP_SIZE) && (u64)length > left) {
		fuse_reply_err(req, ENOSPC);
		return;
	}
	if ((u64)length < left)
		left = length;
	fuse_reply_err(req, -bytes_zero(&raw->bytes, off, left, !punch));
}

static void raw_ioctl(fuse_req_t req, fuse_ino_t node, unsigned int cmd,
		      void *arg, struct fuse_file_info *info,
		      unsigned int flags, const void *in, size_t in_size,
		      size_t room)
{
	mount_ioctl(req, cmd, room);
}

static const struct fuse_lowlevel_ops raw_ops = {
	.init = raw_init,
	.lookup = raw_lookup,
	.getattr = raw_getattr,
	.setattr = raw_setattr,
	.open = raw_nosys,
	.opendir = raw_nosys,
	.readdir = raw_readdir,
	.read = raw_read,
	.write = raw_write,
	.flush = raw_flush,
	.fsync = raw_fsync,
	.ioctl = raw_ioctl,
	.fallocate = raw_fallocate,
};

int mount_raw(struct mount_how *how, const char *file)
{
	struct raw raw = { .writable = how->writable };
	struct stat st;
	int r;

	if (mount_look(how->point, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return msg_error(how->point, "is neither a directory nor a "
				 "file");
	raw.is_dir = S_ISDIR(st.st_mode);
	if (bytes_open(&raw.bytes, file, how->writable, how->any_backing) < 0)
		return -1;
	r = mount_serve(how, &raw_ops, &raw);
	if (how->writable && bytes_flush(&raw.bytes) < 0)
		r = msg_error(file, "not everything was written to the disk");
	bytes_close(&raw.bytes);
	return r;
}
