/* SPDX-License-Identifier: GPL-2.0 */
/* Times and owners as people write them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imgtool/edit/session.h"
#include "imgtool/msg.h"

/* ---------------------------------------------------------------- times */

/* Digits behind a dot, as nanoseconds; more than nine are cut. */
static const char *take_fraction(const char *p, uint32_t *nsec)
{
	uint32_t unit = 100000000;

	*nsec = 0;
	if (*p != '.' && *p != ',')
		return p;
	if (!isdigit((unsigned char)*++p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++, unit /= 10)
		*nsec += (*p - '0') * unit;
	return p;
}

static int parse_seconds(const char *text, struct fs_time *time)
{
	char *end;
	const char *rest;
	bool negative = *text == '-';

	if (!isdigit((unsigned char)text[negative]))
		return -EINVAL;
	errno = 0;
	time->sec = strtoll(text, &end, 10);
	rest = take_fraction(end, &time->nsec);
	if (errno || !rest || *rest)
		return -EINVAL;
	/* -1.25 is 0.75 behind -2 */
	if (negative && time->nsec) {
		time->sec--;
		time->nsec = 1000000000 - time->nsec;
	}
	return 0;
}

/* "Z", "+HH:MM", "+HHMM", "+HH" or nothing; seconds east of UTC. */
static int parse_zone(const char *p, int *east)
{
	int hours = 0, minutes = 0, n = 0, sign = *p == '-' ? -1 : 1;

	*east = 0;
	p += *p == ' ';
	if (!*p || !strcmp(p, "Z") || !strcmp(p, "UTC"))
		return 0;
	if (*p != '+' && *p != '-')
		return -EINVAL;
	sign = *p == '-' ? -1 : 1;
	if (!(sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) == 2 && n == 5) &&
	    !(sscanf(p + 1, "%2d%2d%n", &hours, &minutes, &n) == 2 && n == 4) &&
	    !(sscanf(p + 1, "%2d%n", &hours, &n) == 1 && n == 2))
		return -EINVAL;
	if (p[1 + n] || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	*east = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int when_parse(const char *text, struct fs_time *when)
{
	static const char *const forms[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d %H:%M", "%Y-%m-%d",
	};
	const char *rest = NULL;
	struct tm tm;
	size_t i;
	int east;

	if (*text == '@')
		return parse_seconds(text + 1, when);
	for (i = 0; !rest && i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		rest = strptime(text, forms[i], &tm);
	}
	if (rest)
		rest = take_fraction(rest, &when->nsec);
	if (!rest || parse_zone(rest, &east) < 0)
		return -EINVAL;
	when->sec = (int64_t)timegm(&tm) - east;
	return 0;
}

/* --------------------------------------------------------------- owners */

/* The third field of the line of FILE that begins with NAME: or -1. */
static int64_t look_up(struct session *session, const char *file,
		       const char *name, size_t length)
{
	struct fs *fs = &session->edit.view.fs;
	size_t room = 1 << 20;
	char *text = mem_zalloc(room + 1), *line, *next, *field, *end;
	int64_t id = -1;
	uint64_t ino;
	ssize_t n = -1;

	if (fs_resolve(fs, file, true, &ino) == 0)
		n = fs_read(fs, ino, 0, text, room);
	for (line = text; n > 0 && line && id < 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (strncmp(line, name, length) || line[length] != ':')
			continue;
		field = strchr(line + length + 1, ':');
		if (!field || !isdigit((unsigned char)field[1]))
			continue;
		id = strtoll(field + 1, &end, 10);
		if (*end != ':' || id >= UINT32_MAX)
			id = -1;
	}
	free(text);
	return id;
}

static int find_id(struct session *session, const char *file, const char *text,
		   size_t length, int64_t *id)
{
	char *name = mem_dup(text, length + 1), *end;

	name[length] = 0;
	*id = isdigit((unsigned char)*name) ? strtoll(name, &end, 10) : -1;
	if (*id < 0 || *end)
		*id = look_up(session, file, name, length);
	else if (*id >= UINT32_MAX)
		*id = -1;
	if (*id < 0)
		msg_error(name, "is neither a number nor in the image's %s",
			  file);
	free(name);
	return *id < 0 ? -1 : 0;
}

int owner_find(struct session *session, const char *text, int64_t *uid,
	       int64_t *gid)
{
	size_t n = strcspn(text, ":");
	const char *group = text[n] ? text + n + 1 : "";

	*uid = *gid = -1;
	if (n && find_id(session, "/etc/passwd", text, n, uid) < 0)
		return -1;
	if (*group && find_id(session, "/etc/group", group, strlen(group),
			      gid) < 0)
		return -1;
	return 0;
}
