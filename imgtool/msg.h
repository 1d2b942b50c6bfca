/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages to the person at the terminal, and memory that is always there.
 *
 * A function that fails says so once, where it knows the most, and returns
 * -1: "-1: reported" in the headers. Callers pass the -1 on in silence.
 *
 * Every message is one line. Objects are often names that came out of an
 * archive or an image, so control characters are written as \ooo.
 */
#ifndef IMGTOOL_MSG_H
#define IMGTOOL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The verb that messages begin with from now on; NULL for none. */
void msg_set_verb(const char *verb);

/* The verb set last, or NULL. */
const char *msg_verb(void);

/* No warnings (errors are always printed). */
void msg_set_quiet(void);
bool msg_is_quiet(void);

/* "imgtool: VERB: OBJECT: reason" on stderr. Returns -1. OBJECT may be NULL. */
int msg_error(const char *object, const char *reason, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of errno value ERR behind it. */
int msg_errno(const char *object, int err, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));

/* "imgtool: VERB: OBJECT: warning: reason", unless quiet. */
void msg_warning(const char *object, const char *reason, ...)
	__attribute__((format(printf, 2, 3)));

/* TEXT, in new memory, with what could move a terminal's cursor, and all that is
 * in ALSO, as \ooo. */
char *msg_visible(const char *text, const char *also);

/* Memory or a message and exit(1). SIZE 0 gives a valid pointer. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
char *mem_strdup(const char *s);
void *mem_dup(const void *data, size_t size);

/*
 * Make room for one more element behind COUNT elements of SIZE bytes, where
 * *CAPACITY are allocated; doubles. Returns the array.
 */
void *mem_grow(void *array, size_t count, size_t *capacity, size_t size);

/* printf into new memory. */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
