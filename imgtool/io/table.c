/* SPDX-License-Identifier: GPL-2.0 */
#include <endian.h>
#include <string.h>

#include <uuid/uuid.h>

#include "imgtool/io/swap.h"
#include "imgtool/io/table.h"
#include "imgtool/msg.h"

#define SECTOR 512
#define MARGIN (1 << 20)
#define ENTRIES 128
#define ENTRY_SIZE 128
#define ENTRY_SECTORS (ENTRIES * ENTRY_SIZE / SECTOR)
#define MBR_TYPE_LINUX 0x83
#define MBR_TYPE_SWAP 0x82
#define MBR_TYPE_GPT 0xee

struct gpt_header {
	char signature[8];
	uint32_t revision, size, crc, reserved;
	uint64_t self, other, first, last;
	uint8_t disk[16];
	uint64_t entries;
	uint32_t entry_count, entry_size, entries_crc;
} __attribute__((packed));

struct gpt_entry {
	uint8_t type[16], id[16];
	uint64_t first, last, flags;
	uint16_t name[36];
} __attribute__((packed));

/* "Linux filesystem", 0FC63DAF-8483-4772-8E79-3D69D8477DE4 as it is stored. */
static const uint8_t linux_type[16] = {
	0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
	0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
};

/* "Linux swap", 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F. */
static const uint8_t swap_type[16] = {
	0x6d, 0xfd, 0x57, 0x06, 0xab, 0xa4, 0xc4, 0x43,
	0x84, 0xe5, 0x09, 0x33, 0xc8, 0x4b, 0x4f, 0x4f,
};

uint64_t table_before(const struct table *table)
{
	return table->kind == TABLE_NONE ? 0 : MARGIN + table->swap;
}

uint64_t table_after(const struct table *table)
{
	return table->kind == TABLE_GPT ? MARGIN : 0;
}

void table_swap_uuid(uint8_t swap[16], const uint8_t uuid[16])
{
	uuid_generate_sha1(swap, uuid, "swap", 4);
}

static uint32_t crc32(const void *data, size_t size)
{
	const uint8_t *p = data, *end = p + size;
	uint32_t crc = ~0U;
	int i;

	for (; p < end; p++) {
		crc ^= *p;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* An identity for WHAT, the first half in the byte order of GPT. */
static void make_id(uint8_t id[16], const uint8_t uuid[16], const char *what)
{
	uint8_t big[16];
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6,
					   8, 9, 10, 11, 12, 13, 14, 15 };
	int i;

	uuid_generate_sha1(big, uuid, what, strlen(what));
	for (i = 0; i < 16; i++)
		id[i] = big[order[i]];
}

static void put32(uint8_t *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, 4);
}

/* A partition in a slot of an mbr. What does not fit into its fields is cut to
 * the most they can say. */
static void put_slot(uint8_t *slot, uint8_t type, uint64_t first,
		     uint64_t count)
{
	static const uint8_t no_chs[3] = { 0xfe, 0xff, 0xff };

	slot[4] = type;
	memcpy(slot + 1, first == 1 ? (const uint8_t[]){ 0, 2, 0 } : no_chs,
	       3);
	memcpy(slot + 5, no_chs, 3);
	put32(slot + 8, first);
	put32(slot + 12, count > UINT32_MAX ? UINT32_MAX : count);
}

static int write_protective(struct output *out, uint64_t count)
{
	uint8_t sector[SECTOR] = { 0 };

	put_slot(sector + 446, MBR_TYPE_GPT, 1, count);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	return output_write(out, 0, sector, SECTOR);
}

static int write_mbr(struct output *out, const struct table *table,
		     uint64_t bytes, uint32_t id)
{
	uint8_t sector[SECTOR] = { 0 };

	put32(sector + 440, id);
	put_slot(sector + 446, MBR_TYPE_LINUX, table_before(table) / SECTOR,
		 bytes / SECTOR);
	if (table->swap)
		put_slot(sector + 462, MBR_TYPE_SWAP, MARGIN / SECTOR,
			 table->swap / SECTOR);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	return output_write(out, 0, sector, SECTOR);
}

static int write_header(struct output *out, struct gpt_header *h,
			uint64_t self, uint64_t other, uint64_t entries)
{
	uint8_t sector[SECTOR] = { 0 };

	h->self = htole64(self);
	h->other = htole64(other);
	h->entries = htole64(entries);
	h->crc = 0;
	h->crc = htole32(crc32(h, sizeof(*h)));
	memcpy(sector, h, sizeof(*h));
	return output_write(out, self * SECTOR, sector, SECTOR);
}

static void put_entry(struct gpt_entry *e, const uint8_t type[16],
		      uint64_t from, uint64_t bytes)
{
	memcpy(e->type, type, 16);
	e->first = htole64(from / SECTOR);
	e->last = htole64((from + bytes) / SECTOR - 1);
}

static int write_gpt(struct output *out, const struct table *table,
		     uint64_t sectors, uint64_t bytes, const uint8_t uuid[16])
{
	static struct gpt_entry entries[ENTRIES];
	uint64_t last = sectors - 1;
	struct gpt_header h = {
		.signature = "EFI PART",
		.revision = htole32(0x10000),
		.size = htole32(sizeof(h)),
		.first = htole64(2 + ENTRY_SECTORS),
		.last = htole64(last - ENTRY_SECTORS - 1),
		.entry_count = htole32(ENTRIES),
		.entry_size = htole32(ENTRY_SIZE),
	};
	uint64_t second = last - ENTRY_SECTORS;

	memset(entries, 0, sizeof(entries));
	put_entry(&entries[0], linux_type, table_before(table), bytes);
	make_id(entries[0].id, uuid, "partition 1");
	if (table->swap) {
		put_entry(&entries[1], swap_type, MARGIN, table->swap);
		make_id(entries[1].id, uuid, "partition 2");
	}
	make_id(h.disk, uuid, "disk");
	h.entries_crc = htole32(crc32(entries, sizeof(entries)));
	if (write_protective(out, last) < 0 ||
	    write_header(out, &h, 1, last, 2) < 0 ||
	    output_write(out, 2 * SECTOR, entries, sizeof(entries)) < 0 ||
	    output_write(out, second * SECTOR, entries, sizeof(entries)) < 0)
		return -1;
	return write_header(out, &h, last, 1, second);
}

int table_check(const struct output *out, const struct table *table,
		uint64_t bytes)
{
	if (table->kind != TABLE_MBR ||
	    (bytes + table->swap) / SECTOR <= UINT32_MAX)
		return 0;
	return msg_error(out->name, "would be larger than the 2 TiB "
			 "that an mbr can have; use --partition gpt");
}

static int write_swap(struct output *out, const struct table *table,
		      const uint8_t uuid[16])
{
	uint8_t header[SWAP_HEADER], id[16];

	if (!table->swap)
		return 0;
	table_swap_uuid(id, uuid);
	swap_header(header, table->swap, id);
	return output_write(out, MARGIN, header, sizeof(header));
}

int table_write(struct output *out, const struct table *table, uint64_t bytes,
		const uint8_t uuid[16])
{
	uint64_t total = bytes + table_before(table) + table_after(table);
	uint8_t id[16];
	uint32_t number;

	if (table->kind == TABLE_NONE)
		return 0;
	if (output_set_base(out, 0) < 0 || output_resize(out, total) < 0 ||
	    write_swap(out, table, uuid) < 0)
		return -1;
	if (table->kind == TABLE_GPT)
		return write_gpt(out, table, total / SECTOR, bytes, uuid);
	make_id(id, uuid, "disk");
	memcpy(&number, id, 4);
	return write_mbr(out, table, bytes, le32toh(number));
}
