/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Growing at the first boot is left to what systems have for it: systemd
 * grows the file system for x-systemd.growfs in fstab, and systemd-repart the
 * partition, for a file in /etc/repart.d. That one reads GPT only.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "imgtool/io/swap.h"
#include "imgtool/msg.h"
#include "imgtool/size.h"
#include "imgtool/system.h"
#include "imgtool/verb.h"

#define SWAP_FILE "swapfile"
#define SEED "var/lib/cloud/seed/nocloud/"
#define BLANK " \t"

const char *system_set_hostname(struct system *system, const char *name)
{
	if (!*name || strlen(name) > 64 || name[strcspn(name, " \t\n/")])
		return "not a host name";
	system->hostname = name;
	return NULL;
}

const char *system_set_swap(struct system *system, const char *size)
{
	if (size_parse(size, &system->swap) < 0)
		return "not a size like 512M";
	if (system->swap < SWAP_LEAST)
		return "swap space has at least 40K";
	if (system->swap > SWAP_MOST)
		return "swap space has at most 16T";
	return NULL;
}

/* "systemd", "empty", or addresses with commas between. */
const char *system_set_resolv_conf(struct system *system, const char *policy)
{
	char *copy = mem_strdup(policy), *save, *word;
	uint8_t address[16];
	bool good = true;

	if (strcmp(policy, "systemd") && strcmp(policy, "empty")) {
		word = strtok_r(copy, ",", &save);
		good = word;
		for (; word && good; word = strtok_r(NULL, ",", &save))
			good = inet_pton(AF_INET, word, address) == 1 ||
			       inet_pton(AF_INET6, word, address) == 1;
	}
	free(copy);
	if (!good)
		return "not systemd, empty, or addresses of name servers";
	system->resolv_conf = policy;
	return NULL;
}

/* "WHAT WHERE TYPE [OPTIONS [DUMP [PASS]]]", as in fstab(5). */
const char *system_add_fstab(struct system *system, const char *entry)
{
	static const char *const missing[] = { "defaults", "0", "0" };
	char *copy = mem_strdup(entry), *save, *word;
	const char *field[6];
	size_t n = 0;

	if (entry[strcspn(entry, "\n")]) {
		free(copy);
		return "is more than a line";
	}
	for (word = strtok_r(copy, BLANK, &save); word;
	     word = strtok_r(NULL, BLANK, &save)) {
		if (n < 6)
			field[n] = word;
		n++;
	}
	if (n < 3 || n > 6 || *field[0] == '#') {
		free(copy);
		return "not like 'WHAT WHERE TYPE [OPTIONS [DUMP [PASS]]]'";
	}
	for (; n < 6; n++)
		field[n] = missing[n - 3];
	if (*field[1] != '/' && strcmp(field[1], "none") &&
	    strcmp(field[1], "swap")) {
		free(copy);
		return "is mounted neither on an absolute path nor on none";
	}
	if (!strcmp(field[1], "/"))
		system->has_root = true;
	system->entries = mem_grow(system->entries, system->entry_count,
				   &system->entry_capacity, sizeof(char *));
	system->entries[system->entry_count++] =
		mem_printf("%s %s %s %s %s %s\n", field[0], field[1], field[2],
			   field[3], field[4], field[5]);
	free(copy);
	return NULL;
}

static void add_resolv_conf(const struct system *system,
			    struct injections *files)
{
	char *copy = mem_strdup(system->resolv_conf), *save, *word;
	char *text = mem_strdup(""), *longer;

	if (!strcmp(copy, "systemd")) {
		injections_add_link(files, "etc/resolv.conf",
				    "../run/systemd/resolve/stub-resolv.conf",
				    false);
		free(copy);
		free(text);
		return;
	}
	if (strcmp(copy, "empty")) {
		for (word = strtok_r(copy, ",", &save); word;
		     word = strtok_r(NULL, ",", &save)) {
			longer = mem_printf("%snameserver %s\n", text, word);
			free(text);
			text = longer;
		}
	}
	injections_add_text(files, "etc/resolv.conf", text, 0644);
	free(copy);
	free(text);
}

/* The files of a NoCloud seed; cloud-init wants the first two. */
static void add_cloud_init(const struct system *system,
			  struct injections *files)
{
	static const char *const names[] = { "user-data", "meta-data",
					     "network-config", "vendor-data" };
	char *source, *path, *text;
	size_t i;

	for (i = 0; i < 4; i++) {
		source = mem_printf("%s/%s", system->cloud_init, names[i]);
		path = mem_printf(SEED "%s", names[i]);
		if (i == 0 || !access(source, F_OK)) {
			injections_add_file(files, path, source, 0600);
		} else if (i == 1) {
			text = mem_printf("instance-id: imgtool\n%s%s%s",
					  system->hostname ?
					  "local-hostname: " : "",
					  system->hostname ?: "",
					  system->hostname ? "\n" : "");
			injections_add_text(files, path, text, 0600);
			free(text);
		}
		free(source);
		free(path);
	}
}

static void add_swap(const struct system *system, struct table *table,
		     struct injections *files)
{
	uint64_t unit = table->kind == TABLE_NONE ? SWAP_HEADER : 1 << 20;
	uint64_t bytes = (system->swap + unit - 1) & -unit;

	if (table->kind == TABLE_NONE)
		injections_add_swap(files, SWAP_FILE, bytes);
	else
		table->swap = bytes;
}

int system_files(const struct system *system, struct table *table,
		 struct injections *files)
{
	char *line;

	if (system->hostname) {
		line = mem_printf("%s\n", system->hostname);
		injections_add_text(files, "etc/hostname", line, 0644);
		free(line);
	}
	if (system->empty_machine_id) {
		injections_add_text(files, "etc/machine-id", "", 0444);
		/* A copy of it would be taken for the new one. */
		injections_add_link(files, "var/lib/dbus/machine-id",
				    "/etc/machine-id", true);
	}
	if (system->resolv_conf)
		add_resolv_conf(system, files);
	if (system->swap)
		add_swap(system, table, files);
	if (system->grow && table->kind == TABLE_MBR)
		return verb_usage_error("--grow", "systemd does not grow the "
					"partitions of an mbr; use "
					"--partition gpt");
	if (system->grow && table->kind == TABLE_GPT)
		injections_add_text(files, "etc/repart.d/50-root.conf",
				    "[Partition]\nType=linux-generic\n", 0644);
	if (system->cloud_init)
		add_cloud_init(system, files);
	return 0;
}

/* What fstab would read as the end of a field, in its own way. */
static char *encode(const char *text)
{
	char *out = mem_alloc(4 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		if (strchr(" \t\n\\", *text))
			to += sprintf(to, "\\%03o", (unsigned char)*text);
		else
			*to++ = *text;
	}
	*to = 0;
	return out;
}

static void append(char **text, char *more)
{
	char *whole = mem_printf("%s%s", *text, more);

	free(*text);
	free(more);
	*text = whole;
}

static void add_root(const struct system *system, const char *fs,
		     const struct identity_options *identity, char **text)
{
	char uuid[37], *label = encode(identity->label ?: "");

	uuid_unparse_lower(identity->uuid, uuid);
	append(text, mem_printf("%s=%s / %s %s 0 1\n",
				*label ? "LABEL" : "UUID",
				*label ? label : uuid, fs, system->grow ?
				"defaults,x-systemd.growfs" : "defaults"));
	free(label);
}

static void add_swap_entry(const struct system *system,
			   const struct table *table, const uint8_t root[16],
			   char **text)
{
	uint8_t uuid[16];
	char name[37];

	if (!system->swap)
		return;
	if (!table->swap) {
		append(text, mem_strdup("/" SWAP_FILE " none swap sw 0 0\n"));
		return;
	}
	table_swap_uuid(uuid, root);
	uuid_unparse_lower(uuid, name);
	append(text, mem_printf("UUID=%s none swap sw 0 0\n", name));
}

void system_fstab(const struct system *system, const struct table *table,
		  const char *fs, struct tree *tree,
		  struct identity_options *identity, struct injections *files)
{
	char *text;
	size_t i;

	if (!system->entry_count && !system->swap && !system->grow)
		return;
	tree_uuid(tree, identity, identity->uuid);
	identity->set_uuid = true;
	text = mem_strdup("");
	if (!system->has_root)
		add_root(system, fs, identity, &text);
	for (i = 0; i < system->entry_count; i++)
		append(&text, mem_strdup(system->entries[i]));
	add_swap_entry(system, table, identity->uuid, &text);
	injections_add_text(files, "etc/fstab", text, 0644);
	free(text);
}

void system_free(struct system *system)
{
	size_t i;

	for (i = 0; i < system->entry_count; i++)
		free(system->entries[i]);
	free(system->entries);
}
