// SPDX-License-Identifier: GPL-2.0
/*
 * What imgtool reads, made of any bytes, by the verbs themselves. FUZZ_KIND says
 * what an input is:
 *
 *	source	a tar, an image of containers or anything else to build from
 *	table	a device table to build from
 *	image	a disk, looked into by the verbs that read
 *	options	words for every verb's options, and values for what parses them
 *
 * Verbs end by themselves, whatever they say; that they write nowhere else is
 * for other tests.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "imgtool/edit/session.h"
#include "imgtool/image/target.h"
#include "imgtool/size.h"
#include "imgtool/verb.h"

#define WORDS_MOST 64
#define HANGS_AFTER 300 /* seconds: no input takes one */

unsigned long fuzz_accepted;

static char **words;
static int word_count;

static int call_verb(const char *name, ...)
{
	char *argv[8] = { (char *)name, NULL };
	const struct verb *verb = verb_find(name);
	va_list ap;
	int argc = 1;

	va_start(ap, name);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	return verb->function(argc, argv);
}

static void write_input(const char *file, const unsigned char *data,
			size_t size)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void try_source(const unsigned char *data, size_t size)
{
	write_input("fuzz-source", data, size);
	fuzz_accepted += !call_verb("build", "-q", "--dry-run", "fuzz-source",
				   NULL);
}

static void try_table(const unsigned char *data, size_t size)
{
	write_input("fuzz-table", data, size);
	fuzz_accepted += !call_verb("build", "-q", "--dry-run",
				   "table:fuzz-table", NULL);
}

static void try_image(const unsigned char *data, size_t size)
{
	write_input("fuzz-image", data, size);
	fuzz_accepted += !call_verb("find", "--json", "fuzz-image:/", NULL);
	call_verb("tree", "fuzz-image:/", NULL);
	call_verb("stat", "fuzz-image:/dir/link", NULL);
	call_verb("info", "--json", "fuzz-image", NULL);
	call_verb("df", "fuzz-image", NULL);
}

/* Every verb's table with these words; nothing is done. */
static void try_verbs(void)
{
	const struct verb *verb;
	struct verb_args args;
	const char *value;
	char **copy;
	int i, c;

	for (verb = verbs; verb->name; verb++) {
		copy = calloc((size_t)word_count + 2, sizeof(*copy));
		copy[0] = (char *)verb->name;
		for (i = 0; i < word_count; i++)
			copy[i + 1] = words[i];
		verb_args_start(&args, word_count + 1, copy, 0);
		while ((c = verb_args_next(&args, &value)) > 0)
			;
		fuzz_accepted += !c;
		free(copy);
	}
}

static void try_values(const char *text)
{
	struct target target;
	struct fs_time time;
	uint64_t size;
	uint32_t mode;
	int64_t seconds;

	size_parse(text, &size);
	epoch_parse(text, &seconds);
	when_parse(text, &time);
	mode_parse(text, 0644, &mode);
	if (!target_parse(&target, text, true))
		target_free(&target);
}

static void try_options(const unsigned char *data, size_t size)
{
	char *text = calloc(1, size + 1), *list[WORDS_MOST], *at, *end;
	int i;

	memcpy(text, data, size);
	words = list;
	word_count = 0;
	for (at = text; at < text + size && word_count < WORDS_MOST;
	     at = end + 1) {
		end = memchr(at, '\n', (size_t)(text + size - at)) ?:
		      text + size;
		*end = 0;
		list[word_count++] = at;
	}
	try_verbs();
	for (i = 0; i < word_count; i++)
		try_values(list[i]);
	free(text);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *kind;
	static int saved;

	if (!kind) {
		kind = getenv("FUZZ_KIND") ?: "source";
		saved = dup(1);
	}
	/* what verbs say is of no use here */
	fflush(stdout);
	if (!freopen("/dev/null", "w", stdout) || (!getenv("FUZZ_LOUD") &&
	    !freopen("/dev/null", "w", stderr)))
		abort();
	alarm(HANGS_AFTER);
	switch (*kind) {
	case 's': try_source(data, size); break;
	case 't': try_table(data, size); break;
	case 'i': try_image(data, size); break;
	default: try_options(data, size); break;
	}
	alarm(0);
	fflush(stdout);
	dup2(saved, 1);
	return 0;
}
