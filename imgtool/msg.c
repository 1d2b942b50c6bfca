/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/progress.h"

static const char *current_verb;
static bool quiet;

void msg_set_verb(const char *verb)
{
	current_verb = verb;
}

const char *msg_verb(void)
{
	return current_verb;
}

void msg_set_quiet(void)
{
	quiet = true;
}

bool msg_is_quiet(void)
{
	return quiet;
}

/* A control character, alone or in UTF-8 (U+0080 to U+009F, of which terminals
 * take one for escape and bracket). */
static bool is_control(unsigned char c, unsigned char before,
		       unsigned char behind)
{
	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && behind >= 0x80 && behind < 0xa0) ||
	       (before == 0xc2 && c >= 0x80 && c < 0xa0);
}

char *msg_visible(const char *text, const char *also)
{
	const char *p;
	char *out = mem_alloc(strlen(text) * 4 + 1), *to = out;

	for (p = text; *p; p++) {
		unsigned char c = *p;

		if (is_control(c, p > text ? p[-1] : 0, p[1]) ||
		    strchr(also, c)) {
			*to++ = '\\';
			*to++ = '0' + (c >> 6);
			*to++ = '0' + (c >> 3 & 7);
			*to++ = '0' + (c & 7);
		} else {
			*to++ = c;
		}
	}
	*to = 0;
	return out;
}

/* One write for the whole line, so that lines of several processes on one
 * terminal do not mix. */
static void put_line(const char *object, const char *kind, const char *reason)
{
	char *text, *safe, *line;

	text = mem_printf("imgtool: %s%s%s%s%s%s", current_verb ?: "",
			  current_verb ? ": " : "", object ?: "",
			  object ? ": " : "", kind, reason);
	safe = msg_visible(text, "");
	line = mem_printf("%s\n", safe);
	fflush(stdout);
	progress_hide();
	fputs(line, stderr);
	free(line);
	free(safe);
	free(text);
}

static char *vformat(const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0) {
		fputs("imgtool: out of memory\n", stderr);
		exit(1);
	}
	return text;
}

int msg_error(const char *object, const char *reason, ...)
{
	va_list ap;
	char *text;

	va_start(ap, reason);
	text = vformat(reason, ap);
	va_end(ap);
	put_line(object, "", text);
	free(text);
	return -1;
}

int msg_errno(const char *object, int err, const char *reason, ...)
{
	va_list ap;
	char *text, *all;

	va_start(ap, reason);
	text = vformat(reason, ap);
	va_end(ap);
	all = mem_printf("%s: %s", text, strerror(err));
	put_line(object, "", all);
	free(all);
	free(text);
	return -1;
}

void msg_warning(const char *object, const char *reason, ...)
{
	va_list ap;
	char *text;

	if (quiet)
		return;
	va_start(ap, reason);
	text = vformat(reason, ap);
	va_end(ap);
	put_line(object, "warning: ", text);
	free(text);
}

static void *check(void *p)
{
	if (!p) {
		fputs("imgtool: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return check(malloc(size ?: 1));
}

void *mem_zalloc(size_t size)
{
	return check(calloc(1, size ?: 1));
}

char *mem_strdup(const char *s)
{
	return check(strdup(s));
}

void *mem_dup(const void *data, size_t size)
{
	void *p = mem_alloc(size);

	if (size)
		memcpy(p, data, size);
	return p;
}

void *mem_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t more;

	if (count < *capacity)
		return array;
	more = *capacity ? *capacity * 2 : 4;
	array = check(reallocarray(array, more, size));
	*capacity = more;
	return array;
}

char *mem_printf(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vformat(format, ap);
	va_end(ap);
	return text;
}
