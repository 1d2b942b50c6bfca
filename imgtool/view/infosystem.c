/* SPDX-License-Identifier: GPL-2.0 */
/* What is installed: everything here is the image's word for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/children.h"
#include "imgtool/view/info.h"
#include "imgtool/view/packages.h"

#define OS_RELEASE_LONGEST (64 << 10)
#define VERSION_LONGEST 128

/* A value as the shell reads it, in place: quotes and backslashes go. */
static void unquote(char *value)
{
	char *to = value, quote = 0;

	for (; *value; value++) {
		if (quote ? *value == quote : *value == '"' || *value == '\'') {
			quote = quote ? 0 : *value;
			continue;
		}
		if (*value == '\\' && quote != '\'' && value[1])
			value++;
		*to++ = *value;
	}
	*to = 0;
}

static const char *const os_keys[][2] = {
	{ "ID=", "id" },
	{ "NAME=", "name" },
	{ "VERSION_ID=", "version_id" },
	{ "VERSION_CODENAME=", "codename" },
	{ "PRETTY_NAME=", "pretty_name" },
};

#define OS_KEYS (sizeof(os_keys) / sizeof(*os_keys))

/* Of several lines the last counts, as in a shell. */
static void report_os_text(struct report *r, char *text)
{
	char *values[OS_KEYS] = { NULL }, *line;
	size_t i, n;

	while ((line = strsep(&text, "\n"))) {
		for (i = 0; i < OS_KEYS; i++) {
			n = strlen(os_keys[i][0]);
			if (!strncmp(line, os_keys[i][0], n))
				values[i] = line + n;
		}
	}
	for (i = 0; i < OS_KEYS; i++) {
		if (!values[i])
			continue;
		unquote(values[i]);
		report_string(r, os_keys[i][1], values[i]);
	}
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

static int report_path(const struct fs *fs, const char *name, const char *path,
		       int err)
{
	char *object = mem_printf("%s:%s", name, path);

	if (err == -EINVAL)
		msg_error(object, "is not a file");
	else if (err == -EBADMSG)
		msg_error(object, "the database is damaged");
	else if (err == -ENODATA)
		msg_error(object, "has no table of packages");
	else
		fs_error(fs, object, err);
	free(object);
	return -1;
}

static int report_os(struct report *r, struct fs *fs, const char *name)
{
	const char *path = "/etc/os-release";
	char *text;
	int err = fs_read_text(fs, path, OS_RELEASE_LONGEST, &text);

	if (is_missing(err)) {
		path = "/usr/lib/os-release";
		err = fs_read_text(fs, path, OS_RELEASE_LONGEST, &text);
	}
	if (is_missing(err))
		return 0;
	if (err < 0)
		return report_path(fs, name, path, err);
	report_begin(r, "os", '{');
	report_os_text(r, text);
	report_end(r, "os", '}');
	free(text);
	return 0;
}

static void report_package(struct report *r, const struct package *p)
{
	if (!r->json) {
		const char *words[] = { p->version, p->arch };

		report_words(r, p->name, words, 2);
		return;
	}
	report_begin(r, NULL, '{');
	report_string(r, "name", p->name);
	report_string(r, "version", p->version);
	report_string(r, "arch", p->arch);
	report_end(r, NULL, '}');
}

static int report_manager(struct report *r, const struct fs *fs,
			  const struct packages *p, const char *name, bool list)
{
	size_t i;

	report_begin(r, NULL, '{');
	report_string(r, "manager", p->manager);
	report_string(r, "file", p->file);
	if (p->database)
		report_string(r, "database", p->database);
	report_bool(r, "readable", !p->err);
	if (!p->err)
		report_number(r, "count", p->count);
	if (!p->err && list) {
		report_begin(r, "list", '[');
		for (i = 0; i < p->count; i++)
			report_package(r, &p->list[i]);
		report_end(r, "list", ']');
	}
	report_end(r, NULL, '}');
	/* a kind of database that is never read is no failure */
	if (p->err && !(p->database && p->err == -EOPNOTSUPP))
		return report_path(fs, name, p->file, p->err);
	return 0;
}

static int report_packages(struct report *r, struct fs *fs, const char *name,
			   bool list)
{
	struct packages packages;
	bool begun = false;
	int i, status = 0;

	for (i = 0; i < PACKAGES_MANAGERS; i++) {
		if (!packages_read(&packages, fs, i))
			continue;
		if (!begun)
			report_begin(r, "packages", '[');
		begun = true;
		if (report_manager(r, fs, &packages, name, list) < 0)
			status = -1;
		packages_free(&packages);
	}
	if (begun)
		report_end(r, "packages", ']');
	return status;
}

/* The version that a bzImage says it is, from its header; "" if none. */
static void read_version(struct fs *fs, uint64_t ino,
			 char version[VERSION_LONGEST + 1])
{
	uint8_t head[16];
	ssize_t n;
	size_t i;

	*version = 0;
	if (fs_read(fs, ino, 0x202, head, 16) != 16 || memcmp(head, "HdrS", 4))
		return;
	n = fs_read(fs, ino, 0x200 + (head[12] | head[13] << 8), version,
		    VERSION_LONGEST);
	if (n < 0)
		n = 0;
	for (i = 0; i < (size_t)n && version[i] > ' ' && version[i] < 0x7f; i++)
		;
	version[i] = 0;
}

static bool is_kernel_name(const char *name)
{
	static const char *const begins[] = { "vmlinu", "bzImage", "zImage",
					      "Image", "kernel" };
	size_t i;

	for (i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

static void report_kernel(struct report *r, struct fs *fs, const char *name,
			  const struct fs_attr *attr)
{
	char version[VERSION_LONGEST + 1], *path = mem_printf("/boot/%s", name);

	read_version(fs, attr->ino, version);
	report_begin(r, NULL, '{');
	report_string(r, "path", path);
	report_bytes(r, "size", attr->size);
	if (*version)
		report_string(r, "version", version);
	report_end(r, NULL, '}');
	free(path);
}

static int report_kernels(struct report *r, struct fs *fs, const char *name)
{
	struct children children = { 0 };
	const struct child *child;
	bool begun = false;
	struct fs_attr attr;
	int err, bad = 0;
	uint64_t ino;
	size_t i;

	err = fs_resolve(fs, "/boot", true, &ino);
	if (err == 0)
		err = children_read(&children, fs, ino);
	for (i = 0; i < children.count; i++) {
		child = &children.list[i];
		if (!is_kernel_name(child->name))
			continue;
		bad = fs_stat(fs, child->ino, &attr) ?: bad;
		if (bad || !S_ISREG(attr.mode))
			continue;
		if (!begun)
			report_begin(r, "kernels", '[');
		begun = true;
		report_kernel(r, fs, child->name, &attr);
	}
	if (begun)
		report_end(r, "kernels", ']');
	children_free(&children);
	if (err < 0 && !is_missing(err))
		bad = err;
	return bad ? report_path(fs, name, "/boot", bad) : 0;
}

int info_system(struct report *r, struct fs *fs, const char *name, bool list)
{
	int status = report_os(r, fs, name);

	if (report_packages(r, fs, name, list) < 0)
		status = -1;
	if (report_kernels(r, fs, name) < 0)
		status = -1;
	return status;
}
