/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/image/container.h"
#include "imgtool/msg.h"
#include "ubd/host/lock.h"

static int lock(const struct disk *disk)
{
	char holder[64];

	/* Where the host has no locks, nobody else has one either. */
	if (lock_image(disk->fd, disk->writable, holder, sizeof(holder)) !=
	    -EAGAIN)
		return 0;
	return msg_error(disk->name, "is in use by %s", holder);
}

static int find_size(struct disk *disk)
{
	struct stat st;

	if (fstat(disk->fd, &st))
		return msg_errno(disk->name, errno, "cannot be looked at");
	disk->file_size = disk->allocated = st.st_size;
	if (S_ISREG(st.st_mode))
		disk->allocated = (uint64_t)st.st_blocks * 512;
	else if (S_ISDIR(st.st_mode))
		return msg_error(disk->name, "is a directory, not an image");
	else if (!S_ISBLK(st.st_mode))
		return msg_error(disk->name, "is neither a file nor a block "
				 "device");
	else if (ioctl(disk->fd, BLKGETSIZE64, &disk->file_size))
		return msg_errno(disk->name, errno, "its size is not known");
	else
		disk->allocated = disk->file_size;
	if (!disk->file_size)
		return msg_error(disk->name, "is empty");
	return 0;
}

int disk_open(struct disk *disk, const char *file, bool write)
{
	int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY |
		    O_NONBLOCK;

	memset(disk, 0, sizeof(*disk));
	disk->name = mem_strdup(file);
	disk->writable = write;
	disk->fd = open(file, flags);
	if (disk->fd < 0) {
		msg_errno(file, errno, write ? "cannot be opened for writing" :
			  "cannot be opened");
	} else if (find_size(disk) == 0 && lock(disk) == 0 &&
		   container_open(disk) == 0) {
		disk->size = disk->file_size;
		if (disk_find_partitions(disk) == 0)
			return 0;
	}
	disk_close(disk);
	return -1;
}

static bool in_range(const struct disk *disk, uint64_t offset, uint64_t length)
{
	return offset <= disk->size && length <= disk->size - offset;
}

int disk_read(struct disk *disk, uint64_t offset, void *data, size_t length)
{
	ssize_t n;

	if (!in_range(disk, offset, length))
		return -EIO;
	if (disk->image)
		return container_read(disk, disk->offset + offset, data, length);
	for (; length; length -= n, offset += n, data = (char *)data + n) {
		n = pread(disk->fd, data, length, disk->offset + offset);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

int disk_write(struct disk *disk, uint64_t offset, const void *data,
	       size_t length)
{
	ssize_t n;

	if (!in_range(disk, offset, length))
		return -EIO;
	if (disk->image)
		return container_write(disk, disk->offset + offset, data, length);
	for (; length; length -= n, offset += n, data = (char *)data + n) {
		n = pwrite(disk->fd, data, length, disk->offset + offset);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

int disk_zero(struct disk *disk, uint64_t offset, uint64_t length)
{
	static const char zeros[65536];
	size_t n;
	int r = 0;

	if (!in_range(disk, offset, length))
		return -EIO;
	if (disk->image)
		return container_zero(disk, disk->offset + offset, length);
	if (length && !fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE |
				 FALLOC_FL_KEEP_SIZE, disk->offset + offset,
				 length))
		return 0;
	for (; length && !r; length -= n, offset += n) {
		n = length < sizeof(zeros) ? length : sizeof(zeros);
		r = disk_write(disk, offset, zeros, n);
	}
	return r;
}

int disk_sync(struct disk *disk)
{
	if (disk->image)
		return container_sync(disk);
	return fdatasync(disk->fd) ? -errno : 0;
}

void disk_release(struct disk *disk)
{
	container_close(disk);
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}

void disk_close(struct disk *disk)
{
	disk_release(disk);
	free(disk->name);
	free(disk->partitions);
	memset(disk, 0, sizeof(*disk));
	disk->fd = -1;
}
