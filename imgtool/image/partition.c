/* SPDX-License-Identifier: GPL-2.0 */
/* What is on a disk: libblkid knows tables and file systems, we choose. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <blkid/blkid.h>

#include "imgtool/image/disk.h"
#include "imgtool/msg.h"

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ?: "");
}

/* The file system in a range of the file; "" if there is none we know. */
static void find_fs(const struct disk *disk, uint64_t offset, uint64_t size,
		    char fs[32])
{
	blkid_probe probe = blkid_new_probe();
	const char *type = NULL;

	*fs = 0;
	if (!probe)
		return;
	if (!blkid_probe_set_device(probe, disk->fd, offset, size) &&
	    !blkid_probe_enable_superblocks(probe, 1) &&
	    !blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) &&
	    blkid_do_safeprobe(probe) == 0 &&
	    !blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
		copy(fs, 32, type);
	blkid_free_probe(probe);
}

static void add_partition(struct disk *disk, blkid_partition from)
{
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
	find_fs(disk, p->offset, p->size, p->fs);
	disk->partition_count++;
}

static void read_table(struct disk *disk, blkid_partlist list)
{
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
			add_partition(disk, p);
	}
}

void disk_find_partitions(struct disk *disk)
{
	blkid_probe probe;
	blkid_partlist list;

	find_fs(disk, 0, disk->file_size, disk->fs);
	if (*disk->fs && strcmp(disk->fs, "vfat"))
		return;
	probe = blkid_new_probe();
	if (!probe)
		return;
	if (!blkid_probe_set_device(probe, disk->fd, 0, disk->file_size) &&
	    !blkid_probe_enable_partitions(probe, 1) &&
	    (list = blkid_probe_get_partitions(probe)))
		read_table(disk, list);
	blkid_free_probe(probe);
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
	const struct partition *p, *found = NULL;
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
