/* SPDX-License-Identifier: GPL-2.0 */
/* The verbs that look into images. */
#ifndef IMGTOOL_VIEW_VERBS_H
#define IMGTOOL_VIEW_VERBS_H

#include "imgtool/verb.h"

/* Options that several verbs have. */
enum {
	OPT_IMAGE = OPTION_LONG_ONLY + 100,
	OPT_JSON,
};

#define VIEW_OPTION_IMAGE                                                      \
	{ "image", OPT_IMAGE, "IMG",                                           \
	  "operands are paths in the file of exactly this name" }
#define VIEW_OPTION_JSON                                                       \
	{ "json", OPT_JSON, NULL, "print JSON" }

int verb_ls(int argc, char **argv);
extern const struct verb_option verb_ls_options[];
int verb_cat(int argc, char **argv);
extern const struct verb_option verb_cat_options[];
int verb_stat(int argc, char **argv);
extern const struct verb_option verb_stat_options[];
int verb_tree(int argc, char **argv);
extern const struct verb_option verb_tree_options[];
int verb_find_files(int argc, char **argv);
extern const struct verb_option verb_find_files_options[];
int verb_du(int argc, char **argv);
extern const struct verb_option verb_du_options[];
int verb_df(int argc, char **argv);
extern const struct verb_option verb_df_options[];
int verb_sum(int argc, char **argv);
extern const struct verb_option verb_sum_options[];
int verb_tar(int argc, char **argv);
extern const struct verb_option verb_tar_options[];
int verb_diff(int argc, char **argv);
extern const struct verb_option verb_diff_options[];
int verb_fsck(int argc, char **argv);
extern const struct verb_option verb_fsck_options[];
int verb_resize(int argc, char **argv);
extern const struct verb_option verb_resize_options[];
int verb_sparsify(int argc, char **argv);
extern const struct verb_option verb_sparsify_options[];
int verb_info(int argc, char **argv);
extern const struct verb_option verb_info_options[];

#endif
