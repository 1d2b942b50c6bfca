/* SPDX-License-Identifier: GPL-2.0 */
/* The superblock. */
#include <stdio.h>
#include <string.h>

#include <e2p/e2p.h>
#include <uuid/uuid.h>

#include "imgtool/msg.h"
#include "imgtool/view/ext.h"
#include "imgtool/view/info.h"

#define FEATURES_MOST 96

static void report_uuid(struct report *r, const struct ext2_super_block *sb)
{
	char text[40];

	uuid_unparse_lower(sb->s_uuid, text);
	report_string(r, "uuid", text);
}

static void report_label(struct report *r, const struct ext2_super_block *sb)
{
	char label[sizeof(sb->s_volume_name) + 1] = "";

	memcpy(label, sb->s_volume_name, sizeof(sb->s_volume_name));
	if (*label)
		report_string(r, "label", label);
}

static void report_features(struct report *r,
			    const struct ext2_super_block *sb)
{
	const uint32_t bits[] = { sb->s_feature_compat,
				  sb->s_feature_incompat,
				  sb->s_feature_ro_compat };
	const int kinds[] = { E2P_FEATURE_COMPAT, E2P_FEATURE_INCOMPAT,
			      E2P_FEATURE_RO_INCOMPAT };
	char names[FEATURES_MOST][32];
	const char *words[FEATURES_MOST];
	size_t n = 0;
	int i, bit;

	for (i = 0; i < 3; i++) {
		for (bit = 0; bit < 32; bit++) {
			if (!(bits[i] >> bit & 1))
				continue;
			snprintf(names[n], sizeof(names[n]), "%s",
				 e2p_feature2string(kinds[i], 1U << bit));
			words[n] = names[n];
			n++;
		}
	}
	report_words(r, "features", words, n);
}

static void report_state(struct report *r, const struct ext2_super_block *sb)
{
	const char *state = "clean";

	if (sb->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER)
		state = "needs recovery";
	else if (sb->s_state & EXT2_ERROR_FS)
		state = "has errors";
	else if (!(sb->s_state & EXT2_VALID_FS))
		state = "not unmounted";
	report_string(r, "state", state);
}

void info_names(struct report *r, struct disk *disk)
{
	char label[256], uuid[64];

	disk_names(disk, label, uuid);
	if (*label)
		report_string(r, "label", label);
	if (*uuid)
		report_string(r, "uuid", uuid);
}

int info_fs(struct report *r, struct fs *fs, const char *name, bool list)
{
	const struct ext2_super_block *sb = ext_super(fs);
	struct fs_usage u;
	int err = fs_usage(fs, &u);

	report_string(r, "type", fs->type);
	if (sb) {
		report_label(r, sb);
		report_uuid(r, sb);
		report_state(r, sb);
		report_features(r, sb);
	} else {
		info_names(r, fs->disk);
	}
	if (err < 0)
		return fs_error(fs, name, err);
	report_number(r, "block_size", u.block_size);
	report_bytes(r, "size", u.blocks * u.block_size);
	report_bytes(r, "free", u.free_blocks * u.block_size);
	report_number(r, "inodes", u.inodes);
	report_number(r, "inodes_free", u.free_inodes);
	return info_system(r, fs, name, list);
}
