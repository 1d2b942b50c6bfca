/* SPDX-License-Identifier: GPL-2.0 */
/* What the reader of container images shares with who finds them out. */
#ifndef IMGTOOL_SOURCE_CONTAINER_H
#define IMGTOOL_SOURCE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/* TEXT has SIZE bytes and a NUL behind them. NULL: it is not JSON. */
struct json_object *container_parse(const char *text, size_t size);

/* The member KEY of an object if it has the type, or NULL. */
struct json_object *container_get(struct json_object *object, const char *key,
				  enum json_type type);

/* The name of the file with the blob that DESCRIPTOR is of, "blobs/sha256/0123..."
 * or, FLAT, "0123...", or of the manifest that it is of; in new memory, or NULL. */
char *container_blob(struct json_object *descriptor, bool flat);
char *container_manifest(struct json_object *descriptor, bool flat);

#endif
