/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a source a container image? An OCI layout says so in a file. In what
 * `docker save` and the like write, and in skopeo's dir:, manifest.json names the
 * other files: it counts if it has the form and all the layers that it names are
 * there.
 *
 * Most archives are none, and that should be known soon. So looking ends at the
 * first file that no such archive is known to have before its manifest: one of
 * another kind, or one below the top that has neither a name of docker's nor the
 * ending of a layer or of JSON.
 */
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/at.h"
#include "imgtool/source/container.h"
#include "imgtool/source/reader.h"
#include "imgtool/source/store.h"
#include "imgtool/tree/path.h"

#define MANIFEST_MOST (8 << 20)
#define NAMES_MOST 100000

struct look {
	struct archive *archive;
	bool layout;	/* it says that it is an OCI layout */
	char *manifest; /* what manifest.json has, or NULL */
	size_t size;
	char **names; /* of files */
	size_t count, capacity;
};

static bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), m = strlen(with);

	return n > m && !strcmp(name + n - m, with);
}

/* Is it the name of a layer, or one beside them? */
static bool is_usual(const char *name)
{
	static const char *const endings[] = {
		".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".json",
	};
	size_t i;

	if (!strcmp(name, "VERSION") || !strcmp(name, "json"))
		return true;
	for (i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (ends(name, endings[i]))
			return true;
	return false;
}

static bool is_plausible(const char *path, struct archive_entry *entry)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (archive_entry_filetype(entry) == AE_IFDIR)
		return true;
	if (!strncmp(path, "blobs/", 6))
		return true;
	if (archive_entry_hardlink(entry) ||
	    archive_entry_filetype(entry) == AE_IFLNK)
		return is_usual(name);
	return archive_entry_filetype(entry) == AE_IFREG &&
	       (!slash || is_usual(name));
}

/* False: this is none. */
static bool take_manifest(struct look *look)
{
	ssize_t n;

	free(look->manifest); /* of several, the last one counts */
	look->manifest = mem_alloc(MANIFEST_MOST + 1);
	n = archive_read_data(look->archive, look->manifest, MANIFEST_MOST);
	if (n < 0 || n == MANIFEST_MOST)
		return false;
	look->manifest[n] = 0;
	look->size = n;
	return true;
}

static bool take(struct look *look, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	char path[PATH_LONGEST + 1];

	if (!name || path_normalise(name, path) || !is_plausible(path, entry))
		return false;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return true;
	if (look->count == NAMES_MOST)
		return false;
	look->names = mem_grow(look->names, look->count, &look->capacity,
			       sizeof(*look->names));
	look->names[look->count++] = mem_strdup(path);
	if (!strcmp(path, "oci-layout"))
		look->layout = true;
	if (!strcmp(path, "manifest.json"))
		return take_manifest(look);
	return true;
}

/* False: this is none, which may have been known before the end. */
static bool take_all(struct look *look)
{
	struct archive_entry *entry;
	int r;

	for (;;) {
		r = archive_read_next_header(look->archive, &entry);
		if (r == ARCHIVE_EOF)
			return true;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return false;
		if (!take(look, entry))
			return false;
	}
}

/* Has the source this file? */
typedef bool has_fn(const void *source, const char *name);

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names are sorted: a manifest may ask for millions. */
static bool has_name(const void *source, const char *name)
{
	const struct look *look = source;

	return bsearch(&name, look->names, look->count, sizeof(*look->names),
		       compare);
}

static bool has_layers(struct json_object *image, has_fn *has,
		       const void *source)
{
	struct json_object *layers, *layer;
	char path[PATH_LONGEST + 1];
	size_t i;

	layers = container_get(image, "Layers", json_type_array);
	if (!layers || !container_get(image, "Config", json_type_string))
		return false;
	for (i = 0; i < json_object_array_length(layers); i++) {
		layer = json_object_array_get_idx(layers, i);
		if (!json_object_is_type(layer, json_type_string) ||
		    path_normalise(json_object_get_string(layer), path) ||
		    !has(source, path))
			return false;
	}
	return true;
}

static bool is_list(struct json_object *images, has_fn *has, const void *source)
{
	size_t count = json_object_array_length(images), i;

	for (i = 0; i < count; i++)
		if (!has_layers(json_object_array_get_idx(images, i), has,
				source))
			return false;
	return count;
}

static bool has_blob(char *name, has_fn *has, const void *source)
{
	bool there = name && has(source, name);

	free(name);
	return there;
}

/* A manifest of skopeo's, with all its blobs, or an index with one of its
 * manifests: the others were not asked for. */
static bool is_flat(struct json_object *json, has_fn *has, const void *source)
{
	struct json_object *layers, *list;
	size_t i;

	if (!has(source, "version"))
		return false;
	layers = container_get(json, "layers", json_type_array);
	if (layers && container_get(json, "config", json_type_object)) {
		for (i = 0; i < json_object_array_length(layers); i++)
			if (!has_blob(container_blob(json_object_array_get_idx(
					layers, i), true), has, source))
				return false;
		return true;
	}
	list = container_get(json, "manifests", json_type_array);
	for (i = 0; list && i < json_object_array_length(list); i++)
		if (has_blob(container_manifest(json_object_array_get_idx(
				list, i), true), has, source))
			return true;
	return false;
}

/* Is it docker's or skopeo's, and what it names is there? */
static bool is_manifest(const char *text, size_t size, has_fn *has,
			const void *source)
{
	struct json_object *json = container_parse(text, size);
	bool is;

	if (json_object_is_type(json, json_type_array))
		is = is_list(json, has, source);
	else
		is = is_flat(json, has, source);
	json_object_put(json);
	return is;
}

static bool archive_is(struct archive *archive)
{
	struct look look = { .archive = archive };
	bool is = take_all(&look);

	if (is && !look.layout) {
		if (look.count)
			qsort(look.names, look.count, sizeof(*look.names), compare);
		is = look.manifest && is_manifest(look.manifest, look.size,
						  has_name, &look);
	}
	while (look.count)
		free(look.names[--look.count]);
	free(look.names);
	free(look.manifest);
	return is;
}

static bool has_file(const void *source, const char *name)
{
	return store_has(source, name);
}

/* What cannot be read is said when it is copied. */
static bool directory_is(const struct store *store)
{
	bool is = false;
	char *text;
	ssize_t n;
	int fd;

	if (store_has(store, "oci-layout") && store_has(store, "index.json"))
		return true;
	fd = at_open(store->source->fd, "manifest.json", 0);
	if (fd < 0)
		return false;
	text = mem_alloc(MANIFEST_MOST + 1);
	n = pread(fd, text, MANIFEST_MOST, 0);
	if (n >= 0 && n < MANIFEST_MOST) {
		text[n] = 0;
		is = is_manifest(text, n, has_file, store);
	}
	free(text);
	close(fd);
	return is;
}

int source_is_container(struct source *source, bool is_directory)
{
	struct store store = { .source = source, .spool = -1 };
	struct reader reader;
	int r;

	if (is_directory)
		return directory_is(&store);
	if (lseek(source->fd, 0, SEEK_SET) < 0)
		return 0;
	if (reader_open(&reader, source) < 0)
		return -1;
	r = archive_is(reader.archive);
	reader_close(&reader);
	lseek(source->fd, 0, SEEK_SET);
	return r;
}
