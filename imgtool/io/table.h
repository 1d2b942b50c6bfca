/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A partition table around the file system: one partition that begins at
 * 1 MiB, and for GPT 1 MiB behind it with the second copy of the table.
 */
#ifndef IMGTOOL_IO_TABLE_H
#define IMGTOOL_IO_TABLE_H

#include "imgtool/io/output.h"

enum table_kind { TABLE_NONE, TABLE_GPT, TABLE_MBR };

/* Bytes in front of the file system, and those behind it. */
uint64_t table_before(enum table_kind kind);
uint64_t table_after(enum table_kind kind);

/* Can there be a table for BYTES bytes? Before anything is written. Returns 0,
 * or -1: reported. */
int table_check(const struct output *out, enum table_kind kind,
		uint64_t bytes);

/*
 * Write the table for a file system of BYTES bytes (a multiple of 512) with
 * this UUID, from which the ids of disk and partition are made. OUT has the
 * base table_before(); it is taken away here, and the length set.
 */
int table_write(struct output *out, enum table_kind kind, uint64_t bytes,
		const uint8_t uuid[16]);

#endif
