/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A partition table around the file system, which is partition 1. In front of
 * it is 1 MiB, and then partition 2 for swap, if there is one, so that the file
 * system is the last and can grow; for GPT 1 MiB follows with the second copy
 * of the table.
 */
#ifndef IMGTOOL_IO_TABLE_H
#define IMGTOOL_IO_TABLE_H

#include "imgtool/io/output.h"

enum table_kind { TABLE_NONE, TABLE_GPT, TABLE_MBR };

struct table {
	enum table_kind kind;
	uint64_t swap; /* bytes of that partition, a multiple of 1 MiB; or 0 */
};

/* Bytes in front of the file system, and those behind it. */
uint64_t table_before(const struct table *table);
uint64_t table_after(const struct table *table);

/* Can there be a table for BYTES bytes? Before anything is written. Returns 0,
 * or -1: reported. */
int table_check(const struct output *out, const struct table *table,
		uint64_t bytes);

/*
 * Write the table, and the header of the swap space, for a file system of
 * BYTES bytes (a multiple of 512) with this UUID, from which the ids of disk,
 * partitions and swap space are made. OUT has the base table_before(); it is
 * taken away here, and the length set.
 */
int table_write(struct output *out, const struct table *table, uint64_t bytes,
		const uint8_t uuid[16]);

/* The id of the swap space on the disk with the file system UUID. */
void table_swap_uuid(uint8_t swap[16], const uint8_t uuid[16]);

#endif
