/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Container images: an OCI image layout (index.json -> manifest -> layers) or
 * what `docker save` writes (manifest.json -> layers), or skopeo's dir: (manifest.json
 * is an OCI manifest, and blobs are named by their digests alone), as a directory or
 * an archive. Layers are archives, put over each other with their whiteouts.
 *
 * Not done: digests are not checked (sizes are), and the image's
 * configuration (command, environment) has no place in a disk.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/source/container.h"
#include "imgtool/source/source.h"
#include "imgtool/source/store.h"

#define LAYERS_MOST 500
#define INDEX_DEPTH 4
#define JSON_DEPTH 32

static int refuse(const struct store *store, const char *name,
		  const char *reason)
{
	char *object = mem_printf("%s: %s", store->source->name, name);

	msg_error(object, "%s", reason);
	free(object);
	return -1;
}

struct json_object *container_parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *json = NULL;

	if (tokener) {
		json = json_tokener_parse_ex(tokener, text, size + 1);
		json_tokener_free(tokener);
	}
	return json;
}

static struct json_object *parse(const struct store *store, const char *name)
{
	struct json_object *json;
	size_t size;
	char *text;

	text = store_read(store, name, &size);
	if (!text)
		return NULL;
	json = container_parse(text, size);
	free(text);
	if (!json)
		refuse(store, name, "is not valid JSON");
	return json;
}

struct json_object *container_get(struct json_object *object, const char *key,
				  enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

static const char *get_text(struct json_object *object, const char *key)
{
	struct json_object *text = container_get(object, key, json_type_string);

	return text ? json_object_get_string(text) : "";
}

char *container_blob(struct json_object *descriptor, bool flat)
{
	const char *digest = get_text(descriptor, "digest"), *p = digest;
	size_t algorithm;

	while (islower((unsigned char)*p) || isdigit((unsigned char)*p))
		p++;
	algorithm = p - digest;
	if (!algorithm || *p++ != ':' || strlen(p) < 32 ||
	    p[strspn(p, "0123456789abcdef")])
		return NULL;
	return flat ? mem_strdup(p) :
		      mem_printf("blobs/%.*s/%s", (int)algorithm, digest, p);
}

char *container_manifest(struct json_object *descriptor, bool flat)
{
	char *blob = container_blob(descriptor, flat), *name;

	if (!blob || !flat)
		return blob;
	name = mem_printf("%s.manifest.json", blob);
	free(blob);
	return name;
}

/* Read one layer. SIZE: what it must have; -1: not known. */
static int read_layer(struct import *import, const struct store *store,
		      const char *name, int64_t size)
{
	struct store_file file;
	struct source *layer;

	if (store_find(store, name, &file) < 0)
		return -1;
	layer = import_add_part(import, mem_printf("%s: %s",
						   store->source->name, name),
				file.fd, file.start, file.size);
	if (size >= 0 && (uint64_t)size != file.size)
		return refuse(store, name, "has not the size that the "
			      "manifest says");
	layer->complete = size >= 0 || store->spool >= 0;
	import->tree->layer++;
	return source_read_archive(import, layer);
}

static int read_blob_layer(struct import *import, const struct store *store,
			   struct json_object *descriptor)
{
	struct json_object *size = container_get(descriptor, "size", json_type_int);
	char *name = container_blob(descriptor, store->flat);
	int r;

	if (!name)
		return refuse(store, "manifest", "a layer has no valid digest");
	r = read_layer(import, store, name, size ? json_object_get_int64(size) :
					    -1);
	free(name);
	return r;
}

static int read_layers(struct import *import, const struct store *store,
		       struct json_object *layers)
{
	size_t count = json_object_array_length(layers), i;
	struct json_object *layer;
	int r = 0;

	if (count > LAYERS_MOST)
		return refuse(store, "manifest", "has more than 500 layers");
	for (i = 0; i < count && r == 0; i++) {
		layer = json_object_array_get_idx(layers, i);
		if (json_object_is_type(layer, json_type_string))
			r = read_layer(import, store,
				       json_object_get_string(layer), -1);
		else
			r = read_blob_layer(import, store, layer);
	}
	return r;
}

static bool is_for_us(struct json_object *descriptor, bool strict)
{
	struct json_object *platform;

	platform = container_get(descriptor, "platform", json_type_object);
	if (!platform)
		return !strict;
	if (!strict)
		return strcmp(get_text(platform, "os"), "unknown");
	return !strcmp(get_text(platform, "os"), "linux") &&
	       !strcmp(get_text(platform, "architecture"), "amd64");
}

/* The one manifest of an index that is meant, or NULL. */
static struct json_object *choose(struct json_object *manifests, bool strict)
{
	struct json_object *found = NULL, *m;
	size_t i;

	for (i = 0; i < json_object_array_length(manifests); i++) {
		m = json_object_array_get_idx(manifests, i);
		if (!is_for_us(m, strict))
			continue;
		if (found)
			return NULL;
		found = m;
	}
	return found;
}

/* An index or a manifest, which may be an index again. */
static int read_index(struct import *import, const struct store *store,
		      const char *name, unsigned int depth)
{
	struct json_object *json = parse(store, name), *list, *next;
	char *blob = NULL;
	int r = -1;

	if (!json)
		return -1;
	list = container_get(json, "layers", json_type_array);
	if (list) {
		r = read_layers(import, store, list);
	} else if (!(list = container_get(json, "manifests", json_type_array))) {
		refuse(store, name, "has neither layers nor manifests");
	} else if (!depth) {
		refuse(store, name, "indexes are nested too deep");
	} else {
		next = choose(list, false) ?: choose(list, true);
		blob = next ? container_manifest(next, store->flat) : NULL;
		if (!next)
			refuse(store, name, "does not hold exactly one image "
			       "for linux/amd64; save the one that is meant");
		else if (!blob)
			refuse(store, name, "a manifest has no valid digest");
		else
			r = read_index(import, store, blob, depth - 1);
	}
	free(blob);
	json_object_put(json);
	return r;
}

static int read_docker(struct import *import, const struct store *store,
		       struct json_object *json)
{
	struct json_object *layers;

	if (!json_object_is_type(json, json_type_array) ||
	    json_object_array_length(json) != 1)
		return refuse(store, "manifest.json", "does not hold exactly one "
			      "image; save the one that is meant");
	layers = container_get(json_object_array_get_idx(json, 0), "Layers",
			       json_type_array);
	if (!layers)
		return refuse(store, "manifest.json", "has no layers");
	return read_layers(import, store, layers);
}

/* docker's is a list of images; skopeo's is the manifest, or an index. */
static int read_manifest(struct import *import, struct store *store)
{
	struct json_object *json = parse(store, "manifest.json");
	const char *index = "manifest.json";
	int r = -1;

	if (!json)
		return -1;
	if (!json_object_is_type(json, json_type_object)) {
		r = read_docker(import, store, json);
	} else {
		if (store_has(store, "index.json"))
			index = "index.json";
		else
			store->flat = true;
		r = read_index(import, store, index, INDEX_DEPTH);
	}
	json_object_put(json);
	return r;
}

int source_read_container(struct import *import, struct source *source,
			  bool is_directory)
{
	struct store store;
	int r;

	if (store_open(&store, source, is_directory) < 0)
		return -1;
	import->layered = true;
	if (store_has(&store, "manifest.json"))
		r = read_manifest(import, &store);
	else if (store_has(&store, "index.json"))
		r = read_index(import, &store, "index.json", INDEX_DEPTH);
	else
		r = msg_error(source->name, "is not a container image: it has "
			      "neither index.json nor manifest.json");
	import->layered = false;
	store_close(&store);
	return r;
}
