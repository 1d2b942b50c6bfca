/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Only what has to change is changed: an entry, and of a GPT the headers and
 * the place of the second copy. Names, ids, attributes and boot code stay.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/check/retable.h"
#include "imgtool/msg.h"

#define SECTOR	    512u
#define BLOCK	    4096u
#define ENTRIES_MOST (1u << 20) /* bytes */
#define MBR_ENTRIES 446
#define MBR_SIZE    16

/* offsets in a header of a GPT */
enum {
	GPT_SIZE = 12, GPT_CRC = 16, GPT_SELF = 24, GPT_OTHER = 32,
	GPT_FIRST = 40, GPT_LAST = 48, GPT_TABLE = 72, GPT_COUNT = 80,
	GPT_ENTRY = 84, GPT_TABLE_CRC = 88, GPT_LEAST = 92
};

/* and in an entry */
enum { ENTRY_FIRST = 32, ENTRY_LAST = 40, ENTRY_LEAST = 128 };

struct gpt {
	uint8_t head[SECTOR];
	uint8_t *entries;
	uint32_t head_size, count, entry, bytes; /* bytes: whole sectors */
};

static uint32_t get_32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return le32toh(v);
}

static uint64_t get_64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return le64toh(v);
}

static void put_32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, 4);
}

static void put_64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, 8);
}

const struct partition *retable_last(const struct disk *disk)
{
	const struct partition *last = NULL, *p;
	size_t i;

	for (i = 0; i < disk->partition_count; i++) {
		p = &disk->partitions[i];
		/* (an extended one has no file system, and ends there, too) */
		if (!last || p->offset + p->size > last->offset + last->size ||
		    (p->offset + p->size == last->offset + last->size &&
		     !*last->fs))
			last = p;
	}
	if (strcmp(disk->table, "gpt") && strcmp(disk->table, "dos"))
		msg_error(disk->name, "has a table of partitions of type %s; "
			  "gpt and dos can be changed here", disk->table);
	else if (strncmp(last->fs, "ext", 3))
		msg_error(disk->name, "partition %u, the last one, has no "
			  "ext2, ext3 or ext4 file system", last->number);
	else if (!strcmp(disk->table, "dos") && last->number > 4)
		msg_error(disk->name, "partition %u, the last one, is in an "
			  "extended one, which cannot be changed here",
			  last->number);
	else
		return last;
	return NULL;
}

static uint32_t crc32(const uint8_t *p, size_t size)
{
	uint32_t crc = ~0U;
	int i;

	for (; size; p++, size--) {
		crc ^= *p;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool crc_fits(const uint8_t *data, size_t size, uint32_t crc)
{
	return crc32(data, size) == crc;
}

/* The first copy of the table, checked. gpt->entries is the caller's to free.
 * -1: reported */
static int read_gpt(const struct disk *disk, struct gpt *gpt)
{
	struct disk *from = (struct disk *)disk;
	uint8_t copy[SECTOR];
	uint64_t at;

	memset(gpt, 0, sizeof(*gpt));
	if (disk_read(from, SECTOR, gpt->head, SECTOR))
		return msg_error(disk->name, "its table cannot be read");
	gpt->head_size = get_32(gpt->head + GPT_SIZE);
	gpt->count = get_32(gpt->head + GPT_COUNT);
	gpt->entry = get_32(gpt->head + GPT_ENTRY);
	at = get_64(gpt->head + GPT_TABLE);
	if (memcmp(gpt->head, "EFI PART", 8) || gpt->head_size < GPT_LEAST ||
	    gpt->head_size > SECTOR || gpt->entry < ENTRY_LEAST ||
	    gpt->entry > 4096 || !gpt->count ||
	    gpt->count > ENTRIES_MOST / gpt->entry || at < 2 ||
	    at > disk->size / SECTOR)
		goto damaged;
	memcpy(copy, gpt->head, SECTOR);
	put_32(copy + GPT_CRC, 0);
	if (!crc_fits(copy, gpt->head_size, get_32(gpt->head + GPT_CRC)))
		goto damaged;
	gpt->bytes = (gpt->count * gpt->entry + SECTOR - 1) / SECTOR * SECTOR;
	gpt->entries = mem_zalloc(gpt->bytes);
	if (!disk_read(from, at * SECTOR, gpt->entries, gpt->bytes) &&
	    crc_fits(gpt->entries, (size_t)gpt->count * gpt->entry,
		     get_32(gpt->head + GPT_TABLE_CRC)))
		return 0;
damaged:
	free(gpt->entries);
	gpt->entries = NULL;
	return msg_error(disk->name, "the first copy of its GPT is damaged; "
			 "sgdisk or gdisk may repair it");
}

uint64_t retable_room(const struct disk *disk, const struct partition *part,
		      uint64_t size)
{
	uint64_t end = size, room;
	struct gpt gpt;

	if (!strcmp(disk->table, "gpt")) {
		if (read_gpt(disk, &gpt) < 0)
			return 0;
		end -= end < gpt.bytes + SECTOR ? end : gpt.bytes + SECTOR;
		free(gpt.entries);
	} else if (size / SECTOR > UINT32_MAX) {
		msg_error(disk->name, "would be larger than the 2 TiB that its "
			  "table can have");
		return 0;
	}
	room = end > part->offset ? (end - part->offset) / BLOCK * BLOCK : 0;
	if (!room)
		msg_error(disk->name, "partition %u would have no room left",
			  part->number);
	return room;
}

static int write_header(struct gpt *gpt, struct output *out, uint64_t self,
			uint64_t other, uint64_t table)
{
	put_64(gpt->head + GPT_SELF, self);
	put_64(gpt->head + GPT_OTHER, other);
	put_64(gpt->head + GPT_TABLE, table);
	put_32(gpt->head + GPT_CRC, 0);
	put_32(gpt->head + GPT_CRC, crc32(gpt->head, gpt->head_size));
	return output_write(out, self * SECTOR, gpt->head, SECTOR);
}

/* The entry for what begins at OFFSET, or NULL. */
static uint8_t *find_entry(struct gpt *gpt, uint64_t offset)
{
	static const uint8_t unused[16];
	uint32_t i;

	for (i = 0; i < gpt->count; i++) {
		uint8_t *e = gpt->entries + (size_t)i * gpt->entry;

		if (memcmp(e, unused, 16) &&
		    get_64(e + ENTRY_FIRST) == offset / SECTOR)
			return e;
	}
	return NULL;
}

static int write_gpt(const struct disk *disk, const struct partition *part,
		     struct output *out, uint64_t size, uint64_t room)
{
	uint64_t last = size / SECTOR - 1, second, table, old;
	struct gpt gpt;
	uint8_t *e;
	int r = -1;

	if (read_gpt(disk, &gpt) < 0)
		return -1;
	second = last - gpt.bytes / SECTOR;
	table = get_64(gpt.head + GPT_TABLE);
	old = get_64(gpt.head + GPT_OTHER);
	e = find_entry(&gpt, part->offset);
	if (!e) {
		msg_error(disk->name, "its table does not have partition %u",
			  part->number);
		goto out;
	}
	put_64(e + ENTRY_LAST, (part->offset + room) / SECTOR - 1);
	put_64(gpt.head + GPT_LAST, second - 1);
	put_32(gpt.head + GPT_TABLE_CRC,
	       crc32(gpt.entries, (size_t)gpt.count * gpt.entry));
	/* what looks like a second copy must not be left in the middle */
	if (old < last && old > part->offset / SECTOR + room / SECTOR - 1 &&
	    output_zero(out, old * SECTOR, SECTOR))
		goto out;
	if (output_write(out, table * SECTOR, gpt.entries, gpt.bytes) == 0 &&
	    output_write(out, second * SECTOR, gpt.entries, gpt.bytes) == 0 &&
	    write_header(&gpt, out, last, 1, second) == 0)
		r = write_header(&gpt, out, 1, last, table);
out:
	free(gpt.entries);
	return r;
}

/* The MBR: of a GPT, the entry that stands for all of the disk. */
static int write_mbr(const struct disk *disk, struct output *out,
		     unsigned int number, uint64_t sectors)
{
	uint8_t mbr[SECTOR], *e = mbr + MBR_ENTRIES + (number - 1) * MBR_SIZE;

	if (disk_read((struct disk *)disk, 0, mbr, SECTOR))
		return msg_error(disk->name, "its first sector cannot be read");
	put_32(e + 12, sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
	memset(e + 5, 0xff, 3);
	e[5] = 0xfe;
	return output_write(out, 0, mbr, SECTOR);
}

/* Which entry of the MBR protects a GPT; 0: none does alone. */
static unsigned int protective(const struct disk *disk)
{
	uint8_t mbr[SECTOR];
	unsigned int i;

	if (disk_read((struct disk *)disk, 0, mbr, SECTOR))
		return 0;
	for (i = 0; i < 4; i++)
		if (mbr[MBR_ENTRIES + i * MBR_SIZE + 4] == 0xee)
			return i + 1;
	return 0;
}

int retable_write(const struct disk *disk, const struct partition *part,
		  struct output *out, uint64_t size, uint64_t room)
{
	unsigned int number;

	if (output_resize(out, size))
		return -1;
	if (!strcmp(disk->table, "dos"))
		return write_mbr(disk, out, part->number, room / SECTOR);
	number = protective(disk);
	if (number && write_mbr(disk, out, number, size / SECTOR - 1))
		return -1;
	return write_gpt(disk, part, out, size, room);
}
