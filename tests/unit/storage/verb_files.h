/* SPDX-License-Identifier: GPL-2.0 */
/* A folder with files that imgtool's verbs on COW files can work on, and what
 * they must show. */
#ifndef TESTS_UNIT_STORAGE_VERB_FILES_H
#define TESTS_UNIT_STORAGE_VERB_FILES_H

#include <stdbool.h>

#include <abi/types.h>

#define SECTOR	512u
#define SECTORS	203u			/* no whole number of map bytes */
#define BYTES	(SECTORS * SECTOR - 100)

enum files {
	FILES_COW,	/* cow over base; base2, which differs; was */
	FILES_DAMAGED,	/* cow has stray bits, and is too short */
	FILES_OLD,	/* cow is a V2, which has no bits for the last sectors */
};

/* Makes the folder, and goes there. */
void files_begin(void);
/* Removes it. */
void files_end(void);
/* All files anew, and no others; want[] is what cow shows. */
void files_make(enum files kind);

extern unsigned char want[SECTORS * SECTOR];

/* Does COW file `name`, opened as a kernel would, show that? Else why not. */
bool file_shows(const char *name, const char **why);
/* Has a file these bytes, and no more? */
bool file_is(const char *name, const void *bytes, u64 size);
bool file_exists(const char *name);
/* The files that should not be there, or NULL. */
const char *files_strange(void);
/* Is cow, or base, as files_make() left it? */
bool file_untouched(const char *name);

#endif
