/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One description, for a person or as JSON. For a person it is lines of
 * "key: value", indented; what is in an array begins with a dash.
 */
#ifndef IMGTOOL_VIEW_REPORT_H
#define IMGTOOL_VIEW_REPORT_H

#include "imgtool/view/view.h"

struct report {
	bool json;
	struct json out;
	int depth; /* of objects and arrays in the text */
	bool dash; /* the next line begins an element */
};

/* KEY: NULL in an array. BRACKET is { or [ when it begins, } or ] when it
 * ends. */
void report_begin(struct report *report, const char *key, char bracket);
void report_end(struct report *report, const char *key, char bracket);

void report_string(struct report *report, const char *key, const char *value);
void report_number(struct report *report, const char *key, uint64_t value);
/* A number of bytes. */
void report_bytes(struct report *report, const char *key, uint64_t value);
void report_bool(struct report *report, const char *key, bool value);
/* An array of words: between words there is a blank in the text. */
void report_words(struct report *report, const char *key,
		  const char *const *words, size_t count);

#endif
