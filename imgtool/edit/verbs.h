/* SPDX-License-Identifier: GPL-2.0 */
/* The verbs that edit images. */
#ifndef IMGTOOL_EDIT_VERBS_H
#define IMGTOOL_EDIT_VERBS_H

#include "imgtool/verb.h"

int verb_cp(int argc, char **argv);
extern const struct verb_option verb_cp_options[];
int verb_mkdir(int argc, char **argv);
extern const struct verb_option verb_mkdir_options[];
int verb_rm(int argc, char **argv);
extern const struct verb_option verb_rm_options[];
int verb_mv(int argc, char **argv);
extern const struct verb_option verb_mv_options[];
int verb_ln(int argc, char **argv);
extern const struct verb_option verb_ln_options[];
int verb_chmod(int argc, char **argv);
extern const struct verb_option verb_chmod_options[];
int verb_chown(int argc, char **argv);
extern const struct verb_option verb_chown_options[];
int verb_touch(int argc, char **argv);
extern const struct verb_option verb_touch_options[];
int verb_truncate(int argc, char **argv);
extern const struct verb_option verb_truncate_options[];
int verb_edit(int argc, char **argv);
extern const struct verb_option verb_edit_options[];
int verb_setfattr(int argc, char **argv);
extern const struct verb_option verb_setfattr_options[];

#endif
