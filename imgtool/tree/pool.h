/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for the many small things of a tree: no header in front of each, so
 * a million files need a fifth less. Who frees says how large it was. When
 * nothing is in use any more, all of it goes back.
 *
 * Under AddressSanitizer this is malloc(), so that mistakes are found.
 */
#ifndef IMGTOOL_TREE_POOL_H
#define IMGTOOL_TREE_POOL_H

#include <stddef.h>

/* SIZE bytes, all zero, aligned to 8. Never NULL. */
void *pool_alloc(size_t size);

char *pool_strdup(const char *text);

/* MEMORY may be NULL. */
void pool_free(void *memory, size_t size);
void pool_free_text(char *text);

#endif
