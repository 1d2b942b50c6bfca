/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which features an image may have: what the oldest system that must read it
 * (its kernel, and its e2fsck) knows. Profiles are in imgtool.1.
 */
#ifndef IMGTOOL_EXT4_PROFILE_H
#define IMGTOOL_EXT4_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

struct profile {
	const char *fs; /* "ext4" and so on */
	bool journal;
	bool extents;	/* else block maps; also flex_bg, huge_file ... */
	bool bits64;
	bool checksums; /* metadata_csum; else uninit_bg, if there are extents */
	uint64_t file_longest;
	uint32_t links_most;
};

/* What there is if nobody asks for anything else. */
extern const struct profile profile_default;

/*
 * Find a profile: FS or NAME may be NULL. Returns NULL if there is none, with
 * *PROBLEM set.
 */
const struct profile *profile_find(const char *fs, const char *name,
				   const char **problem);

#endif
