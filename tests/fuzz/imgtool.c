// SPDX-License-Identifier: GPL-2.0
/*
 * What imgtool reads, made of any bytes, by the verbs themselves. FUZZ_KIND says
 * what an input is:
 *
 *	source	a tar, an image of containers or anything else to build from
 *	table	a device table to build from
 *	mtree	a manifest to build from, beside the folder fuzz-contents
 *	layout	the files of an OCI layout's folder, with LAYOUT_LINE between
 *	flat	the same of what skopeo writes to dir:
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
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "imgtool/edit/session.h"
#include "imgtool/image/target.h"
#include "imgtool/size.h"
#include "imgtool/verb.h"

#define WORDS_MOST 64
#define LAYOUT_LINE "\n=====\n"
#define HANGS_AFTER 300 /* seconds: no input takes one */

unsigned long fuzz_accepted;
bool fuzz_even;

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

/* What a build takes makes an image that can be looked into. */
static void try_build(const char *source)
{
	unlink("fuzz-built");
	if (call_verb("build", "-q", source, "-o", "fuzz-built", NULL))
		return;
	fuzz_accepted++;
	if (call_verb("find", "--json", "fuzz-built:/", NULL))
		abort();
}

static void try_mtree(const unsigned char *data, size_t size)
{
	write_input("fuzz-contents/fuzz-mtree", data, size);
	try_build("mtree:fuzz-contents/fuzz-mtree");
}

/* The first part is the file NAME, the others are blobs in FOLDER whose digests
 * are the hexadecimal digits, each 64 times, with ENDING behind those that begin
 * like JSON. */
static void write_parts(const char *folder, const char *name,
			const char *ending, const unsigned char *data,
			size_t size)
{
	const unsigned char *end;
	char path[160], digits[65];
	int part;

	snprintf(path, sizeof(path), "%s", name);
	for (part = 0; part < 17; part++, data = end + strlen(LAYOUT_LINE)) {
		end = memmem(data, size, LAYOUT_LINE, strlen(LAYOUT_LINE));
		if (part) {
			memset(digits, "0123456789abcdef"[part - 1], 64);
			digits[64] = 0;
			snprintf(path, sizeof(path), "%s/%s%s", folder, digits,
				 size && *data == '{' ? ending : "");
		}
		write_input(path, data, end ? (size_t)(end - data) : size);
		if (!end)
			break;
		size -= (size_t)(end - data) + strlen(LAYOUT_LINE);
	}
}

/* The index or docker's manifest, and blobs. */
static void try_layout(const unsigned char *data, size_t size)
{
	mkdir("fuzz-layout", 0700);
	mkdir("fuzz-layout/blobs", 0700);
	mkdir("fuzz-layout/blobs/sha256", 0700);
	write_input("fuzz-layout/oci-layout", NULL, 0);
	unlink("fuzz-layout/index.json");
	unlink("fuzz-layout/manifest.json");
	write_parts("fuzz-layout/blobs/sha256", size && *data == '[' ?
		    "fuzz-layout/manifest.json" : "fuzz-layout/index.json", "",
		    data, size);
	try_build("oci:fuzz-layout");
}

/* The manifest, and blobs. If it is none, it is a folder. */
static void try_flat(const unsigned char *data, size_t size)
{
	mkdir("fuzz-flat", 0700);
	write_input("fuzz-flat/version", NULL, 0);
	write_parts("fuzz-flat", "fuzz-flat/manifest.json", ".manifest.json",
		    data, size);
	try_build("fuzz-flat");
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
		fuzz_even = strchr("mlfo", *kind);
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
	case 'm': try_mtree(data, size); break;
	case 'l': try_layout(data, size); break;
	case 'f': try_flat(data, size); break;
	case 'i': try_image(data, size); break;
	default: try_options(data, size); break;
	}
	alarm(0);
	fflush(stdout);
	dup2(saved, 1);
	return 0;
}
