/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The modules that the guest's kernel needs for a file system: which ones, and
 * where they are. A kernel in a build directory has them beside it, one that
 * was installed where `make install` puts them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/engine/engine.h"
#include "imgtool/msg.h"

/* ---- where ---- */

/* The release of a kernel, out of its banner: "Linux version 6.12.3 (". */
static char *find_release(const char *kernel)
{
	static const char banner[] = "Linux version ";
	int fd = open(kernel, O_RDONLY | O_CLOEXEC);
	const char *data = MAP_FAILED, *p, *end;
	char *release = NULL;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0)
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return NULL;
	end = data + st.st_size;
	for (p = data; !release; p++) {
		p = memmem(p, end - p, banner, strlen(banner));
		if (!p)
			break;
		p += strlen(banner);
		if (p < end && *p >= '0' && *p <= '9' &&
		    memchr(p, ' ', end - p))
			release = mem_printf("%.*s",
					     (int)strcspn(p, " \n%/"), p);
	}
	munmap((void *)data, st.st_size);
	return release;
}

/* modules.dep is there, so DIR is it. Takes DIR. */
static char *if_there(char *dir)
{
	char *file = mem_printf("%s/modules.dep", dir);
	bool there = !access(file, R_OK);

	free(file);
	if (there)
		return dir;
	free(dir);
	return NULL;
}

static char *find_folder(const char *kernel)
{
	const char *given = getenv("UMKIT_MODULES");
	char *release = find_release(kernel), *real = realpath(kernel, NULL);
	char *dir = NULL, *slash = real ? strrchr(real, '/') : NULL;

	if (release && given && *given)
		dir = if_there(mem_printf("%s/%s", given, release));
	if (slash)
		*slash = 0;
	if (release && slash && !dir)
		dir = if_there(mem_printf("%s/modules/lib/modules/%s", real,
					  release));
	if (release && slash && !dir)
		dir = if_there(mem_printf("%s/../lib/uml/modules/%s", real,
					  release));
	free(release);
	free(real);
	return dir;
}

/* ---- which ---- */

struct list {
	char **files;
	size_t count, capacity;
};

static void add(struct list *list, char *file)
{
	size_t i;

	for (i = 0; file && i < list->count; i++) {
		if (!strcmp(list->files[i], file)) {
			free(file);
			return;
		}
	}
	list->files = mem_grow(list->files, list->count, &list->capacity,
			       sizeof(*list->files));
	list->files[list->count++] = file;
}

/* Is FILE ("kernel/fs/xfs/xfs.ko") the module? */
static bool is_module(const char *file, const char *name)
{
	const char *base = strrchr(file, '/');
	size_t n = strlen(name);

	base = base ? base + 1 : file;
	return !strncmp(base, name, n) && !strcmp(base + n, ".ko");
}

/* A line of modules.dep: "FILE: NEEDS...", of which the last is needed first. */
static void add_line(struct list *list, const char *dir, char *line)
{
	char *names[64], *save, *word;
	int n = 0;

	for (word = strtok_r(line, ": \n", &save); word && n < 64;
	     word = strtok_r(NULL, ": \n", &save))
		names[n++] = word;
	while (n--)
		add(list, mem_printf("%s/%s", dir, names[n]));
}

/* The line of the module NAME in the list FILE of the folder, in new memory;
 * NULL: there is none. */
static char *find_line(const char *dir, const char *file, const char *name)
{
	char *path = mem_printf("%s/%s", dir, file), *line = NULL;
	FILE *f = fopen(path, "re");
	size_t room = 0, end;
	bool found = false;
	char c;

	free(path);
	while (f && !found && getline(&line, &room, f) > 0) {
		end = strcspn(line, ":\n");
		c = line[end];
		line[end] = 0;
		found = is_module(line, name);
		line[end] = c;
	}
	if (f)
		fclose(f);
	if (found)
		return line;
	free(line);
	return NULL;
}

static void add_module(struct list *list, const char *dir, const char *name)
{
	char *line = find_line(dir, "modules.dep", name);

	if (line)
		add_line(list, dir, line);
	free(line);
}

bool engine_modules_have(const char *kernel, const char *type)
{
	const struct engine_type *t = engine_find_type(type);
	char *dir = t ? find_folder(kernel) : NULL, *line = NULL;
	int last = 0;
	bool has;

	/* a kernel without modules has what it has */
	if (!dir)
		return true;
	while (last < 3 && t->modules[last + 1])
		last++;
	line = find_line(dir, "modules.dep", t->modules[last]) ?:
	       find_line(dir, "modules.builtin", t->modules[last]);
	has = line != NULL;
	free(line);
	free(dir);
	return has;
}

char **engine_modules(const char *kernel, const char *type)
{
	const struct engine_type *t = engine_find_type(type);
	struct list list = { .files = NULL };
	char *dir = t ? find_folder(kernel) : NULL;
	int i;

	for (i = 0; dir && i < 4 && t->modules[i]; i++)
		add_module(&list, dir, t->modules[i]);
	free(dir);
	add(&list, NULL);
	return list.files;
}
