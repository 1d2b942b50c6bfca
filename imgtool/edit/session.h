/* SPDX-License-Identifier: GPL-2.0 */
/* What the verbs that edit share. */
#ifndef IMGTOOL_EDIT_SESSION_H
#define IMGTOOL_EDIT_SESSION_H

#include "imgtool/edit/edit.h"
#include "imgtool/mode.h"

/* The image of the operand at hand. It stays open while operands are in the
 * same one. */
struct session {
	struct edit edit;
	bool open;
	const char *exact; /* --image */
	char *path;	   /* of the operand */
	int status;	   /* -1: something was reported */
};

/* Open the image of OPERAND; its path is in session->path. -1: reported. */
int session_use(struct session *session, const char *operand);

/* Is OPERAND in the image that is open? Reports if not. */
int session_same(struct session *session, const char *operand);

/* An error of an edit_...() on PATH is reported and remembered. */
void session_failed(struct session *session, const char *path, int err);

/* Close what is open. Returns the exit status. */
int session_end(struct session *session);

/* What PATH names, through symlinks if FOLLOW; it must exist. */
int session_find(struct session *session, const char *path, bool follow,
		 struct edit_where *where);

/* view_walk() from PATH, which is WHERE. -1: reported. */
int session_walk(struct session *session, const char *path,
		 const struct edit_where *where, const struct walk *walk);

/* "@SECONDS", "2024-05-06 07:08:09.5", with T for the blank, Z or a zone as
 * +01:00 (else UTC), or the date alone. 0 or -EINVAL. */
int when_parse(const char *text, struct fs_time *time);

/*
 * "USER", "USER:GROUP", ":GROUP": numbers, or names of the image's /etc/passwd
 * and /etc/group. What is not given is -1. Returns 0 or -1: reported.
 */
int owner_find(struct session *session, const char *text, int64_t *uid,
	       int64_t *gid);

#endif
