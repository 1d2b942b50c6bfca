/* SPDX-License-Identifier: GPL-2.0 */
/* What the reader of container images shares with who finds them out. */
#ifndef IMGTOOL_SOURCE_CONTAINER_H
#define IMGTOOL_SOURCE_CONTAINER_H

#include <stddef.h>

#include <json-c/json.h>

/* TEXT has SIZE bytes and a NUL behind them. NULL: it is not JSON. */
struct json_object *container_parse(const char *text, size_t size);

/* The member KEY of an object if it has the type, or NULL. */
struct json_object *container_get(struct json_object *object, const char *key,
				  enum json_type type);

#endif
