/* SPDX-License-Identifier: GPL-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "imgtool/cow/findings.h"
#include "imgtool/msg.h"

static const char *const severities[] = { "note", "warning", "error" };

struct finding *found(struct check *check, enum severity severity,
		      const char *code, const char *text, ...)
{
	struct finding *f;
	va_list ap;

	check->list = mem_grow(check->list, check->count, &check->capacity,
			       sizeof(*check->list));
	f = &check->list[check->count++];
	*f = (struct finding){ .code = code, .severity = severity };
	va_start(ap, text);
	if (vasprintf(&f->text, text, ap) < 0)
		f->text = NULL;
	va_end(ap);
	return f;
}

static int status_of(const struct check *check)
{
	int status = CHECK_CLEAN;
	size_t i;

	for (i = 0; i < check->count; i++)
		if (check->list[i].severity != FOUND_NOTE)
			status |= check->list[i].repaired ? CHECK_REPAIRED :
							    CHECK_LEFT;
	return status;
}

static void print_text(const struct check *check,
		       const struct cow_report *report)
{
	size_t i;

	for (i = 0; i < check->count; i++) {
		const struct finding *f = &check->list[i];

		printf("%s: %s: ", severities[f->severity], f->code);
		view_print_name(f->text ?: "");
		puts(f->repaired ? " (repaired)" : "");
	}
	if (report)
		printf("%" PRIu64 " of %" PRIu64 " sectors are in the file\n",
		       report->set, report->sectors);
	if (!status_of(check))
		puts("clean");
}

static void print_json(const struct check *check,
		       const struct cow_report *report)
{
	struct json json = { .out = stdout };
	size_t i;

	json_begin(&json, NULL, '{');
	json_string(&json, "file", check->file);
	json_number(&json, "status", (uint64_t)status_of(check));
	json_begin(&json, "findings", '[');
	for (i = 0; i < check->count; i++) {
		const struct finding *f = &check->list[i];

		json_begin(&json, NULL, '{');
		json_string(&json, "code", f->code);
		json_string(&json, "severity", severities[f->severity]);
		json_string(&json, "text", f->text ?: "");
		json_bool(&json, "repaired", f->repaired);
		json_end(&json, '}');
	}
	json_end(&json, ']');
	if (report) {
		json_number(&json, "sectors", report->sectors);
		json_number(&json, "sectors_set", report->set);
		json_number(&json, "sectors_lost", report->lost);
		json_number(&json, "reclaimable", report->garbage);
	}
	json_end(&json, '}');
	json_done(&json);
}

int findings_print(struct check *check, const struct cow_report *report,
		   bool json)
{
	if (json)
		print_json(check, report);
	else
		print_text(check, report);
	return status_of(check);
}

void findings_free(struct check *check)
{
	while (check->count)
		free(check->list[--check->count].text);
	free(check->list);
	check->list = NULL;
}
