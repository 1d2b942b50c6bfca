/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on standard error that tells how far long work is: shown from its
 * second second on, if that is a terminal, and gone at the end.
 */
#ifndef IMGTOOL_PROGRESS_H
#define IMGTOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Begin. WHAT must stay valid; nothing is shown if quiet. */
void progress_begin(const char *what, bool quiet);

/* Cheap enough to be called for each piece. */
void progress_show(uint64_t done, uint64_t of);

/* Before the next message. */
void progress_end(void);

#endif
