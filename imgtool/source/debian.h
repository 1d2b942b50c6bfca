/* SPDX-License-Identifier: GPL-2.0 */
/* A new Debian, by mmdebstrap, as a source. */
#ifndef IMGTOOL_SOURCE_DEBIAN_H
#define IMGTOOL_SOURCE_DEBIAN_H

#include <stddef.h>

#include "imgtool/source/source.h"

struct debian {
	const char *suite; /* NULL: none is wanted */
	const char *variant;
	const char **include, **mirrors;
	size_t include_count, include_capacity;
	size_t mirror_count, mirror_capacity;
};

/* Take the values of options. They return NULL, or what is wrong. */
const char *debian_set_suite(struct debian *debian, const char *suite);
const char *debian_set_variant(struct debian *debian, const char *variant);
const char *debian_add_include(struct debian *debian, const char *packages);
const char *debian_add_mirror(struct debian *debian, const char *mirror);

/* Run mmdebstrap and read what it writes. Returns 0, or -1: reported. */
int source_read_debian(struct import *import, const struct debian *debian);

void debian_free(struct debian *debian);

/* Below: between the files of source/. */

/*
 * The program that writes the source has closed its end of the pipe, or the
 * source is closed: wait for it. Returns 0, or -1: reported, it has failed.
 */
int source_end_program(struct source *source);

#endif
