// SPDX-License-Identifier: GPL-2.0
/*
 * Who the command runs as. The image's own /etc/passwd and /etc/group are
 * read directly: the name service of a static C library would load the
 * image's shared libraries.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/agent/agent.h"

#define FIELDS 7

/* Split LINE at colons into up to FIELDS fields; returns how many. */
static int split(char *line, char **fields)
{
	int n = 0;

	line[strcspn(line, "\n")] = 0;
	while (n < FIELDS) {
		fields[n++] = line;
		line = strchr(line, ':');
		if (!line)
			break;
		*line++ = 0;
	}
	return n;
}

/* A decimal number that is all of S. */
static bool number(const char *s, uint32_t *value)
{
	char *end;
	unsigned long long n;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || *end || n >= UINT32_MAX)
		return false;
	*value = n;
	return true;
}

static void take_passwd(struct user *user, char **f)
{
	uint32_t id;

	if (number(f[2], &id))
		user->uid = id;
	if (number(f[3], &id))
		user->gid = id;
	snprintf(user->name, sizeof(user->name), "%s", f[0]);
	snprintf(user->home, sizeof(user->home), "%s", f[5]);
	snprintf(user->shell, sizeof(user->shell), "%s", f[6]);
}

/* Find NAME, a name or a number, in /etc/passwd. */
static bool find_passwd(const char *name, struct user *user)
{
	char *line = NULL, *f[FIELDS];
	uint32_t wanted = 0, id;
	bool by_number = number(name, &wanted), found = false;
	size_t size = 0;
	FILE *file = fopen("/etc/passwd", "re");

	while (file && !found && getline(&line, &size, file) > 0) {
		if (split(line, f) < FIELDS)
			continue;
		found = !strcmp(f[0], name) ||
			(by_number && number(f[2], &id) && id == wanted);
		if (found)
			take_passwd(user, f);
	}
	if (file)
		fclose(file);
	free(line);
	return found;
}

static bool is_member(char *members, const char *name)
{
	char *save, *m;

	for (m = strtok_r(members, ",", &save); m;
	     m = strtok_r(NULL, ",", &save))
		if (!strcmp(m, name))
			return true;
	return false;
}

static void add_group(struct user *user, gid_t gid)
{
	if (user->group_count < USER_GROUPS_MAX)
		user->groups[user->group_count++] = gid;
}

/* Look for the group WANTED by name (NULL: none is), and collect those that
 * the user is a member of. True: found, *GID is set. */
static bool read_groups(const char *wanted, struct user *user, gid_t *gid)
{
	char *line = NULL, *f[FIELDS];
	bool found = false;
	size_t size = 0;
	uint32_t id;
	FILE *file = fopen("/etc/group", "re");

	while (file && getline(&line, &size, file) > 0) {
		if (split(line, f) < 4 || !number(f[2], &id))
			continue;
		if (wanted && !strcmp(f[0], wanted)) {
			*gid = id;
			found = true;
		}
		if (!wanted && is_member(f[3], user->name))
			add_group(user, id);
	}
	if (file)
		fclose(file);
	free(line);
	return found;
}

static void set_root(struct user *user)
{
	memset(user, 0, sizeof(*user));
	strcpy(user->name, "root");
	strcpy(user->home, "/root");
	strcpy(user->shell, "/bin/sh");
}

static int no_such(const char *what, const char *name)
{
	ctl_fail(AGENT_EXIT_FAILED, name, "no such %s in the image", what);
	return -1;
}

static int find_name(const char *name, struct user *user)
{
	uint32_t id;

	if (find_passwd(name, user))
		return 0;
	if (!number(name, &id))
		return no_such("user", name);
	user->uid = id;
	user->gid = id;
	snprintf(user->name, sizeof(user->name), "%u", id);
	strcpy(user->home, "/");
	return 0;
}

int user_find(const char *spec, struct user *user)
{
	const char *colon = strchr(spec, ':');
	char name[128];
	uint32_t id;
	gid_t gid;

	set_root(user);
	if (!*spec) {
		find_passwd("0", user);
		return 0;
	}
	snprintf(name, sizeof(name), "%.*s",
		 colon ? (int)(colon - spec) : (int)strlen(spec), spec);
	if (*name && find_name(name, user) < 0)
		return -1;
	if (!colon) {
		add_group(user, user->gid);
		read_groups(NULL, user, &gid);
		return 0;
	}
	if (number(colon + 1, &id))
		user->gid = id;
	else if (read_groups(colon + 1, user, &gid))
		user->gid = gid;
	else
		return no_such("group", colon + 1);
	add_group(user, user->gid);
	return 0;
}
