/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the host side: `what: object: reason`, one line, one write(2)
 * to stderr. No allocation, no stdio, no lock: may be used in signal handlers
 * and on guest kernel stacks.
 */
#ifndef UM_HOST_DIAG_H
#define UM_HOST_DIAG_H

#include "../abi/types.h"

/* A line being put together; what does not fit is cut off. */
struct diag_line {
	u32 len;
	char text[380];
};

/* Start, pieces, end. diag_end() adds the newline and writes the line. */
void diag_start(struct diag_line *l);
void diag_str(struct diag_line *l, const char *s);
void diag_dec(struct diag_line *l, u64 v);
void diag_hex(struct diag_line *l, u64 v);
/* A size in the largest unit that divides it: 512M, 3G, 4095K, 17. */
void diag_size(struct diag_line *l, u64 bytes);
void diag_end(struct diag_line *l);

/* `what: object: reason`; object and reason may be NULL. */
void diag_say(const char *what, const char *object, const char *reason);
/* The same with strerror(err) as reason. */
void diag_err(const char *what, const char *object, int err);

/* Text of an errno value, static and untranslated. */
const char *diag_strerror(int err);

/* Writes v in decimal with NUL into buf (at least 21 bytes); returns length. */
u32 diag_utoa(char *buf, u64 v);

#endif
