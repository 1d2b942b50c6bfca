/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of a table in an SQLite database inside an image. Only what rpm's
 * database needs: no indexes, no write-ahead log, no text but bytes.
 */
#ifndef IMGTOOL_VIEW_SQLITE_H
#define IMGTOOL_VIEW_SQLITE_H

#include "imgtool/view/fs.h"

#define SQLITE_COLUMNS_MOST 8

struct sqlite_value {
	const uint8_t *data; /* of a text or blob; else NULL */
	size_t size;
	int64_t number; /* of an integer; else 0 */
};

/* COUNT columns of a row, of which at most SQLITE_COLUMNS_MOST are there. */
typedef int sqlite_row_fn(void *context, const struct sqlite_value *columns,
			  size_t count);

/*
 * Call FN for every row of TABLE, until it returns something else than 0,
 * which is returned. 0 or -errno: -EBADMSG is a damaged database, -ENODATA one
 * without the table.
 */
int sqlite_rows(struct fs *fs, uint64_t ino, const char *table,
		sqlite_row_fn *fn, void *context);

#endif
