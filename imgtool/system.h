/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a tree lacks to be the root of a system: its name, a table of file
 * systems, swap, and what is to happen at the first boot.
 */
#ifndef IMGTOOL_SYSTEM_H
#define IMGTOOL_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "imgtool/finish.h"
#include "imgtool/io/table.h"
#include "imgtool/source/inject.h"

struct system {
	const char *hostname;
	const char *resolv_conf;
	const char *cloud_init;
	bool empty_machine_id, grow;
	uint64_t swap; /* bytes */
	char **entries; /* of fstab, as they will stand there */
	size_t entry_count, entry_capacity;
	bool has_root; /* one of them is for / */
};

/* Take the values of options. They return NULL, or what is wrong. */
const char *system_set_hostname(struct system *system, const char *name);
const char *system_set_resolv_conf(struct system *system, const char *policy);
const char *system_set_swap(struct system *system, const char *size);
const char *system_add_fstab(struct system *system, const char *entry);

/* Everything but fstab, as files that go over the sources; TABLE gets the swap
 * partition. Returns 0, or an exit status. */
int system_files(const struct system *system, struct table *table,
		 struct injections *files);

/*
 * /etc/fstab, if it is wanted: for the file system FS
 * of this tree, which must be complete but for that. It has to name the uuid,
 * which is set in IDENTITY.
 */
void system_fstab(const struct system *system, const struct table *table,
		  const char *fs, struct tree *tree,
		  struct identity_options *identity, struct injections *files);

void system_free(struct system *system);

#endif
