/* SPDX-License-Identifier: GPL-2.0 */
#include <inttypes.h>

#include "imgtool/size.h"
#include "imgtool/view/report.h"

static void put_key(struct report *r, const char *key)
{
	int i;

	for (i = r->dash; i < r->depth; i++)
		fputs("  ", stdout);
	if (r->dash)
		fputs("- ", stdout);
	r->dash = false;
	view_print_name(key);
	putchar(':');
}

void report_begin(struct report *r, const char *key, char bracket)
{
	if (r->json) {
		json_begin(&r->out, key, bracket);
		return;
	}
	if (key) {
		put_key(r, key);
		putchar('\n');
	} else {
		r->dash = r->depth > 0;
	}
	/* an element of an array is as deep as the array */
	r->depth += key != NULL;
}

void report_end(struct report *r, const char *key, char bracket)
{
	if (r->json)
		json_end(&r->out, bracket);
	else
		r->depth -= key != NULL;
}

void report_string(struct report *r, const char *key, const char *value)
{
	if (r->json) {
		json_string(&r->out, key, value);
		return;
	}
	put_key(r, key);
	putchar(' ');
	view_print_name(value);
	putchar('\n');
}

void report_number(struct report *r, const char *key, uint64_t value)
{
	if (r->json) {
		json_number(&r->out, key, value);
		return;
	}
	put_key(r, key);
	printf(" %" PRIu64 "\n", value);
}

void report_bytes(struct report *r, const char *key, uint64_t value)
{
	char text[16];

	if (r->json) {
		json_number(&r->out, key, value);
		return;
	}
	put_key(r, key);
	printf(" %" PRIu64 " (%s)\n", value, size_format(value, text));
}

void report_bool(struct report *r, const char *key, bool value)
{
	if (r->json)
		json_bool(&r->out, key, value);
	else
		report_string(r, key, value ? "yes" : "no");
}

void report_words(struct report *r, const char *key, const char *const *words,
		  size_t count)
{
	size_t i;

	if (r->json) {
		json_begin(&r->out, key, '[');
		for (i = 0; i < count; i++)
			json_string(&r->out, NULL, words[i]);
		json_end(&r->out, ']');
		return;
	}
	put_key(r, key);
	for (i = 0; i < count; i++) {
		if (*words[i])
			putchar(' ');
		view_print_name(words[i]);
	}
	putchar('\n');
}
