/* SPDX-License-Identifier: GPL-2.0 */
/* What a file or a file system is that is not read here, in plain words. */
#ifndef IMGTOOL_IMAGE_KIND_H
#define IMGTOOL_IMAGE_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* As many bytes as kind_of_file() looks at. */
#define KIND_HEAD 128

/* The format of a disk image that begins with these N bytes, as other programs
 * have them; NULL if it is none of those. */
const char *kind_of_file(const void *head, size_t n);

/* Does the file begin as a disk image that is read here, or as the disk of one
 * that says what it is: a COW file, a file system, a partition table? What is an
 * archive does not, whatever is stored in it. */
bool kind_is_disk(int fd);

/* What the file is called, if these N bytes are those of something that was
 * compressed, and NULL if not. A raw disk might begin with them as well. */
const char *kind_of_packed(const void *head, size_t n);

/* "a file system of type xfs", "swap space": what blkid calls TYPE. In memory
 * that is reused. */
const char *kind_of_contents(const char *type);

/* Reports that FILE is in the FORMAT of kind_of_file(). Returns -1. */
int kind_refuse(const char *file, const char *format);

#endif
