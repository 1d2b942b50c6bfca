/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The databases are text: dpkg's and apk's are stanzas of "KEY: value", with
 * an empty line behind each; pacman has a directory per package with a file
 * of "%KEY%" lines and values below. rpm's are binary: SQLite's format is read,
 * the older ones are only named.
 *
 * Lists point into the texts, and are bound by their size.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/view/children.h"
#include "imgtool/view/packages.h"
#include "imgtool/view/rpm.h"
#include "imgtool/view/sqlite.h"

#define DATABASE_LONGEST (64 << 20)
#define DESC_LONGEST (1 << 20)
#define PACKAGES_MOST 1000000

static int read_inode(struct fs *fs, uint64_t ino, size_t most, char **text)
{
	struct fs_attr attr;
	ssize_t n;
	int r = fs_stat(fs, ino, &attr);

	*text = NULL;
	if (r < 0)
		return r;
	if (!S_ISREG(attr.mode))
		return -EINVAL;
	if (attr.size > most)
		return -EFBIG;
	*text = mem_alloc(attr.size + 1);
	n = fs_read(fs, ino, 0, *text, attr.size);
	if (n == (ssize_t)attr.size) {
		(*text)[n] = 0;
		return 0;
	}
	free(*text);
	*text = NULL;
	return n < 0 ? n : -EUCLEAN;
}

int fs_read_text(struct fs *fs, const char *path, size_t most, char **text)
{
	uint64_t ino;
	int r = fs_resolve(fs, path, true, &ino);

	*text = NULL;
	return r < 0 ? r : read_inode(fs, ino, most, text);
}

/* TEXT lives as long as the list. */
static void keep(struct packages *p, char *text)
{
	p->texts = mem_grow(p->texts, p->text_count, &p->text_capacity,
			    sizeof(*p->texts));
	p->texts[p->text_count++] = text;
	p->bytes += strlen(text);
	if (p->bytes > DATABASE_LONGEST)
		p->err = -EFBIG;
}

static void add(struct packages *p, const struct package *package)
{
	if (!*package->name)
		return;
	if (p->count == PACKAGES_MOST) {
		p->err = -EFBIG;
		return;
	}
	p->list = mem_grow(p->list, p->count, &p->capacity,
			   sizeof(*p->list));
	p->list[p->count++] = *package;
}

/* The next line, without its end; NULL: there is none. */
static char *next_line(char **at)
{
	char *line = *at, *end;

	if (!*line)
		return NULL;
	end = strchr(line, '\n');
	if (end) {
		*end = 0;
		*at = end + 1;
	} else {
		*at = line + strlen(line);
	}
	return line;
}

struct keys {
	const char *name, *version, *arch, *status;
};

static const struct package nothing = { "", "", "" };

/* The value of a line that begins with KEY, or NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n))
		return NULL;
	return line + n + strspn(line + n, " ");
}

/* "install ok installed", and no other last word. */
static bool is_installed(const char *status)
{
	const char *last = strrchr(status, ' ');

	return !strcmp(last ? last + 1 : status, "installed");
}

static void read_stanzas(struct packages *p, char *text,
			 const struct keys *keys)
{
	struct package package = nothing;
	bool installed = true;
	const char *value;
	char *line;

	while (!p->err && (line = next_line(&text))) {
		if (!*line) {
			if (installed)
				add(p, &package);
			package = nothing;
			installed = true;
		} else if ((value = value_of(line, keys->name))) {
			package.name = value;
		} else if ((value = value_of(line, keys->version))) {
			package.version = value;
		} else if ((value = value_of(line, keys->arch))) {
			package.arch = value;
		} else if (keys->status &&
			   (value = value_of(line, keys->status))) {
			installed = is_installed(value);
		}
	}
	if (installed && !p->err)
		add(p, &package);
}

static void read_file(struct packages *p, struct fs *fs, const char *file,
		      const struct keys *keys)
{
	char *text;

	p->file = file;
	p->err = fs_read_text(fs, file, DATABASE_LONGEST, &text);
	if (p->err < 0)
		return;
	keep(p, text);
	read_stanzas(p, text, keys);
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

static const struct keys dpkg_keys = {
	"Package:", "Version:", "Architecture:", "Status:",
};

/*
 * A database with a part for each entry of DIR: the entry itself, or the file
 * of that name in it. What is no such file does not belong to it.
 */
static void read_each(struct packages *p, struct fs *fs, const char *dir,
		      const char *file,
		      void (*one)(struct packages *p, char *text))
{
	struct children children = { 0 };
	uint64_t ino;
	char *text;
	size_t i;
	int r = fs_resolve(fs, dir, true, &ino);

	p->file = dir;
	p->err = r < 0 ? r : children_read(&children, fs, ino);
	for (i = 0; i < children.count && !p->err; i++) {
		ino = children.list[i].ino;
		r = file ? fs_lookup(fs, ino, file, &ino) : 0;
		if (r == 0)
			r = read_inode(fs, ino, DESC_LONGEST, &text);
		if (r == 0) {
			keep(p, text);
			one(p, text);
		} else if (!is_missing(r) && r != -EINVAL) {
			p->err = r;
		}
	}
	children_free(&children);
}

/* Of a distribution without dpkg itself: a stanza in each file. */
static void read_status(struct packages *p, char *text)
{
	read_stanzas(p, text, &dpkg_keys);
}

static void read_dpkg(struct packages *p, struct fs *fs)
{
	read_file(p, fs, "/var/lib/dpkg/status", &dpkg_keys);
	if (is_missing(p->err))
		read_each(p, fs, "/var/lib/dpkg/status.d", NULL, read_status);
}

static void read_apk(struct packages *p, struct fs *fs)
{
	static const struct keys keys = { "P:", "V:", "A:", NULL };

	read_file(p, fs, "/lib/apk/db/installed", &keys);
	if (is_missing(p->err))
		read_file(p, fs, "/usr/lib/apk/db/installed", &keys);
}

static void read_desc(struct packages *p, char *text)
{
	struct package package = nothing;
	const char **to = NULL;
	char *line;

	while ((line = next_line(&text))) {
		if (to)
			*to = line;
		to = !strcmp(line, "%NAME%") ? &package.name :
		     !strcmp(line, "%VERSION%") ? &package.version :
		     !strcmp(line, "%ARCH%") ? &package.arch : NULL;
	}
	add(p, &package);
}

static void read_pacman(struct packages *p, struct fs *fs)
{
	read_each(p, fs, "/var/lib/pacman/local", "desc", read_desc);
}

static int add_rpm(void *context, const struct sqlite_value *columns,
		   size_t count)
{
	struct packages *p = context;
	struct package package = nothing;
	struct rpm_header h;
	char *text, epoch[16] = "";
	int r;

	/* number, header */
	if (count < 2 || !columns[1].data)
		return -EBADMSG;
	r = rpm_parse(columns[1].data, columns[1].size, &h);
	if (r < 0)
		return r;
	if (h.epoch)
		snprintf(epoch, sizeof(epoch), "%u:", h.epoch);
	/* three texts behind each other */
	text = mem_printf("%s%s%s%s%c%s%c%s", epoch, h.version ?: "",
			  h.release ? "-" : "", h.release ?: "", 0, h.name, 0,
			  h.arch ?: "");
	package.version = text;
	package.name = text + strlen(text) + 1;
	package.arch = package.name + strlen(package.name) + 1;
	keep(p, text);
	p->bytes += strlen(package.name) + strlen(package.arch);
	add(p, &package);
	return p->err;
}

/* What is in a write-ahead log is newer than the database. */
static bool has_log(struct fs *fs, const char *file)
{
	char *log = mem_printf("%s-wal", file);
	struct fs_attr attr;
	uint64_t ino;
	bool has;

	has = fs_resolve(fs, log, true, &ino) == 0 &&
	      fs_stat(fs, ino, &attr) == 0 && attr.size;
	free(log);
	return has;
}

static void read_sqlite(struct packages *p, struct fs *fs, uint64_t ino)
{
	int r;

	if (has_log(fs, p->file)) {
		p->database = "sqlite with a write-ahead log";
		p->err = -EOPNOTSUPP;
		return;
	}
	p->err = 0;
	r = sqlite_rows(fs, ino, "Packages", add_rpm, p);
	if (r < 0)
		p->err = r;
}

static void read_rpm(struct packages *p, struct fs *fs)
{
	static const char *const files[][2] = {
		{ "sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite" },
		{ "sqlite", "/var/lib/rpm/rpmdb.sqlite" },
		{ "ndb", "/usr/lib/sysimage/rpm/Packages.db" },
		{ "ndb", "/var/lib/rpm/Packages.db" },
		{ "Berkeley DB", "/usr/lib/sysimage/rpm/Packages" },
		{ "Berkeley DB", "/var/lib/rpm/Packages" },
	};
	uint64_t ino;
	size_t i;

	p->err = -ENOENT;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		p->file = files[i][1];
		if (fs_resolve(fs, p->file, true, &ino) < 0)
			continue;
		p->database = files[i][0];
		p->err = -EOPNOTSUPP;
		if (!strcmp(p->database, "sqlite"))
			read_sqlite(p, fs, ino);
		return;
	}
}

bool packages_read(struct packages *packages, struct fs *fs, int number)
{
	static const struct {
		const char *name;
		void (*read)(struct packages *p, struct fs *fs);
	} managers[PACKAGES_MANAGERS] = {
		{ "dpkg", read_dpkg },
		{ "apk", read_apk },
		{ "pacman", read_pacman },
		{ "rpm", read_rpm },
	};

	memset(packages, 0, sizeof(*packages));
	packages->manager = managers[number].name;
	managers[number].read(packages, fs);
	if (!is_missing(packages->err))
		return true;
	packages_free(packages);
	return false;
}

void packages_free(struct packages *packages)
{
	size_t i;

	for (i = 0; i < packages->text_count; i++)
		free(packages->texts[i]);
	free(packages->texts);
	free(packages->list);
}
