/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is on a disk: libblkid knows tables and file systems, we choose.
 *
 * libblkid wants a file. What is in a COW file is none, so it gets a sparse
 * copy in memory of the places where tables and superblocks are: the ends of
 * the disk and of every partition, and the chain of logical partitions. So one
 * parser judges every format. (What rests in memory is at most 320 KiB for
 * each of the partitions.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <blkid/blkid.h>

#include "imgtool/image/disk.h"
#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"

#define SECTOR 512
#define HEAD_BYTES (256 * 1024)
#define TAIL_BYTES (64 * 1024)
/* As many logical partitions as libblkid follows, and some. */
#define LOGICAL_MOST 128

struct probing {
	struct disk *disk;
	int fd; /* what libblkid reads */
};

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ?: "");
}

/* Make a range readable for libblkid. What can't be read is zeroes there. */
static void provide(struct probing *p, uint64_t offset, uint64_t length)
{
	static char buffer[HEAD_BYTES];

	if (!p->disk->image || offset >= p->disk->file_size)
		return;
	if (length > p->disk->file_size - offset)
		length = p->disk->file_size - offset;
	if (length > sizeof(buffer))
		length = sizeof(buffer);
	if (disk_read(p->disk, offset, buffer, length) < 0 ||
	    pwrite(p->fd, buffer, length, offset) < 0)
		return;
}

static void provide_ends(struct probing *p, uint64_t offset, uint64_t length)
{
	provide(p, offset, HEAD_BYTES);
	if (length > TAIL_BYTES)
		provide(p, offset + length - TAIL_BYTES, TAIL_BYTES);
}

/* The first entry of an extended partition in a sector with an MBR; 0: none. */
static uint32_t find_extended(const uint8_t *sector)
{
	const uint8_t *e;

	for (e = sector + 446; e < sector + 510; e += 16)
		if (e[4] == 0x05 || e[4] == 0x0f || e[4] == 0x85)
			return e[8] | e[9] << 8 | e[10] << 16 |
			       (uint32_t)e[11] << 24;
	return 0;
}

static void provide_logical(struct probing *p)
{
	uint8_t sector[SECTOR];
	uint64_t first, at;
	uint32_t next;
	int i;

	if (disk_read(p->disk, 0, sector, SECTOR) < 0)
		return;
	first = at = find_extended(sector);
	for (i = 0; at && i < LOGICAL_MOST; i++) {
		if (disk_read(p->disk, at * SECTOR, sector, SECTOR) < 0)
			return;
		provide(p, at * SECTOR, SECTOR);
		next = find_extended(sector);
		at = next ? first + next : 0;
	}
}

/* -1: reported */
static int start_probing(struct probing *p, struct disk *disk)
{
	struct rlimit most;

	p->disk = disk;
	p->fd = disk->fd;
	if (!disk->image)
		return 0;
	/* a file that is too long would be a signal */
	if (!getrlimit(RLIMIT_FSIZE, &most) && most.rlim_cur < disk->file_size)
		return msg_error(disk->name, "is larger than the limit for "
				 "files (ulimit -f)");
	p->fd = memfd_create("imgtool", MFD_CLOEXEC);
	if (p->fd < 0 || ftruncate(p->fd, disk->file_size)) {
		msg_errno(disk->name, errno, "no memory for its tables");
		if (p->fd >= 0)
			close(p->fd);
		return -1;
	}
	provide_ends(p, 0, disk->file_size);
	provide_logical(p);
	return 0;
}

static void get_value(blkid_probe probe, const char *name, char *to,
		      size_t size)
{
	const char *value;

	*to = 0;
	if (!blkid_probe_lookup_value(probe, name, &value, NULL))
		copy(to, size, value);
}

void disk_names(struct disk *disk, char label[256], char uuid[64])
{
	struct probing p;
	blkid_probe probe;

	*label = *uuid = 0;
	if (start_probing(&p, disk) < 0)
		return;
	probe = blkid_new_probe();
	if (probe) {
		provide_ends(&p, disk->offset, disk->size);
		if (!blkid_probe_set_device(probe, p.fd, disk->offset,
					    disk->size) &&
		    !blkid_probe_enable_superblocks(probe, 1) &&
		    !blkid_probe_set_superblocks_flags(probe,
						       BLKID_SUBLKS_LABEL |
						       BLKID_SUBLKS_UUID) &&
		    blkid_do_safeprobe(probe) == 0) {
			get_value(probe, "LABEL", label, 256);
			get_value(probe, "UUID", uuid, 64);
		}
		blkid_free_probe(probe);
	}
	if (p.fd != disk->fd)
		close(p.fd);
}

/* The file system in a range of the file; "" if there is none we know. */
static void find_fs(struct probing *p, uint64_t offset, uint64_t size,
		    char fs[32])
{
	blkid_probe probe = blkid_new_probe();
	const char *type = NULL;

	*fs = 0;
	if (!probe)
		return;
	provide_ends(p, offset, size);
	if (!blkid_probe_set_device(probe, p->fd, offset, size) &&
	    !blkid_probe_enable_superblocks(probe, 1) &&
	    !blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) &&
	    blkid_do_safeprobe(probe) == 0 &&
	    !blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
		copy(fs, 32, type);
	blkid_free_probe(probe);
}

static void add_partition(struct probing *probing, blkid_partition from)
{
	struct disk *disk = probing->disk;
	struct partition *p = &disk->partitions[disk->partition_count];
	uint64_t start = blkid_partition_get_start(from);
	uint64_t sectors = blkid_partition_get_size(from);
	uint64_t most = disk->file_size / 512;
	int number = blkid_partition_get_partno(from);

	memset(p, 0, sizeof(*p));
	if (number < 1 || start >= most || sectors > most - start || !sectors ||
	    blkid_partition_is_extended(from))
		return;
	p->number = number;
	p->offset = start * 512;
	p->size = sectors * 512;
	copy(p->type, sizeof(p->type), blkid_partition_get_type_string(from));
	if (!*p->type)
		snprintf(p->type, sizeof(p->type), "0x%02x",
			 blkid_partition_get_type(from));
	copy(p->name, sizeof(p->name), blkid_partition_get_name(from));
	find_fs(probing, p->offset, p->size, p->fs);
	disk->partition_count++;
}

static void read_table(struct probing *probing, blkid_partlist list)
{
	struct disk *disk = probing->disk;
	blkid_parttable table = blkid_partlist_get_table(list);
	int n = blkid_partlist_numof_partitions(list), i;

	if (table)
		copy(disk->table, sizeof(disk->table),
		     blkid_parttable_get_type(table));
	if (n <= 0)
		return;
	if (n > DISK_PARTITIONS_MOST)
		n = DISK_PARTITIONS_MOST;
	disk->partitions = mem_zalloc(n * sizeof(struct partition));
	for (i = 0; i < n; i++) {
		blkid_partition p = blkid_partlist_get_partition(list, i);

		if (p)
			add_partition(probing, p);
	}
}

/* Can a partition table be in what the file system does not use? Of vfat, it may
 * be what seems one; an ISO image is made so, to boot from other disks, too. */
static bool leaves_room(const char *fs)
{
	return !strcmp(fs, "vfat") || !strcmp(fs, "iso9660") ||
	       !strcmp(fs, "udf");
}

static void find_partitions(struct probing *p)
{
	struct disk *disk = p->disk;
	blkid_probe probe;
	blkid_partlist list;

	find_fs(p, 0, disk->file_size, disk->fs);
	if (*disk->fs && !leaves_room(disk->fs))
		return;
	probe = blkid_new_probe();
	if (!probe)
		return;
	if (!blkid_probe_set_device(probe, p->fd, 0, disk->file_size) &&
	    !blkid_probe_enable_partitions(probe, 1) &&
	    (list = blkid_probe_get_partitions(probe)))
		read_table(p, list);
	blkid_free_probe(probe);
}

int disk_find_partitions(struct disk *disk)
{
	struct probing p;

	if (start_probing(&p, disk) < 0)
		return -1;
	find_partitions(&p);
	if (p.fd != disk->fd)
		close(p.fd);
	return 0;
}

static int take(struct disk *disk, const struct partition *p)
{
	disk->offset = p->offset;
	disk->size = p->size;
	copy(disk->fs, sizeof(disk->fs), p->fs);
	return 0;
}

int disk_choose(struct disk *disk, unsigned int number)
{
	const struct partition *p, *found = NULL, *other = NULL;
	size_t i, n = 0;

	if (number && !disk->partition_count)
		return msg_error(disk->name, "has no partitions");
	if (!number && (*disk->fs || !disk->partition_count))
		return 0;
	for (i = 0; i < disk->partition_count; i++) {
		p = &disk->partitions[i];
		if (number && p->number == number)
			return take(disk, p);
		if (!number && !strncmp(p->fs, "ext", 3)) {
			found = p;
			n++;
		}
	}
	/* The rest counts where there is no ext: it may be the firmware's. */
	for (i = 0; !number && !found && i < disk->partition_count; i++) {
		p = &disk->partitions[i];
		if (engine_reads(p->fs)) {
			other = p;
			n++;
		}
	}
	found = found ?: other;
	if (number)
		return msg_error(disk->name, "has no partition %u; imgtool "
				 "info lists them", number);
	if (n == 1)
		return take(disk, found);
	return msg_error(disk->name, n ?
			 "has several partitions with a file system; name one "
			 "as IMG@N (imgtool info lists them)" :
			 "has no partition with a file system that can be "
			 "read; imgtool info lists them");
}
