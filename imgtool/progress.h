/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on standard error that tells how far long work is: shown from its
 * second second on, if that is a terminal, and gone at the end.
 */
#ifndef IMGTOOL_PROGRESS_H
#define IMGTOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Begin. WHAT must stay valid; nothing is shown with --quiet. */
void progress_begin(const char *what);

/* Cheap enough to be called for each piece. OF 0: not known. */
void progress_show(uint64_t done, uint64_t of);

/* The same by adding up: so many bytes in all, then so many more. Nothing
 * happens where nothing was begun. */
void progress_expect(uint64_t of);
void progress_add(uint64_t bytes);

/* A message comes: the line makes room for it. */
void progress_hide(void);

/* The line goes away. */
void progress_end(void);

#endif
