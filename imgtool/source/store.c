/* SPDX-License-Identifier: GPL-2.0 */
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/reader.h"
#include "imgtool/source/store.h"
#include "imgtool/tree/path.h"

#define MEMBERS_MOST 100000
#define SMALL_FILE (8 << 20)
#define FOLLOW_MOST 8

static int refuse(const struct store *store, const char *name,
		  const char *reason)
{
	char *object = mem_printf("%s: %s", store->source->name, name);

	msg_error(object, "%s", reason);
	free(object);
	return -1;
}

static int open_spool(struct store *store)
{
	const char *dir = getenv("TMPDIR");
	char *path = mem_printf("%s/imgtool.XXXXXX", dir && *dir ? dir :
				"/var/tmp");

	store->spool = mkostemp(path, O_CLOEXEC);
	if (store->spool < 0)
		msg_errno(path, errno, "cannot be made; set TMPDIR to a "
			  "directory with room for the unpacked archive");
	else
		unlink(path);
	free(path);
	return store->spool < 0 ? -1 : 0;
}

static int spool_write(struct store *store, uint64_t at, const char *data,
		       size_t length)
{
	ssize_t n;

	while (length) {
		n = pwrite(store->spool, data, length, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return msg_errno(store->source->name, n ? errno : EIO,
					 "no room to unpack it in $TMPDIR or "
					 "/var/tmp");
		data += n;
		at += n;
		length -= n;
	}
	return 0;
}

static int spool_data(struct store *store, struct reader *reader,
		      struct member *m)
{
	la_int64_t offset;
	const void *data;
	size_t length;
	int r;

	m->start = store->spooled;
	for (;;) {
		r = archive_read_data_block(reader->archive, &data, &length,
					    &offset);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK)
			return reader_failed(reader, m->name);
		if (offset < 0 || (uint64_t)offset > INT64_MAX / 4 ||
		    length > INT64_MAX / 4)
			return refuse(store, m->name, "is too large");
		if (spool_write(store, m->start + offset, data, length) < 0)
			return -1;
		if (offset + length > m->size)
			m->size = offset + length;
	}
	store->spooled += m->size;
	if (store->spooled > INT64_MAX / 4)
		return refuse(store, m->name, "is too large");
	return 0;
}

/* docker save once wrote a layer that occurs twice as a symlink. */
static char *link_target(struct archive_entry *entry, const char *name)
{
	const char *to = archive_entry_hardlink(entry);
	char path[PATH_LONGEST + 1];

	if (to)
		return path_normalise(to, path) ? NULL : mem_strdup(path);
	to = archive_entry_symlink(entry);
	if (!to || strncmp(to, "../", 3) || !strchr(name, '/') ||
	    strchr(strchr(name, '/') + 1, '/'))
		return NULL;
	return path_normalise(to + 3, path) ? NULL : mem_strdup(path);
}

static int take_member(struct store *store, struct reader *reader,
		       struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	char path[PATH_LONGEST + 1];
	struct member *m;

	if (!name || path_normalise(name, path))
		return refuse(store, name ?: "?", "is not a valid name");
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (store->count == MEMBERS_MOST)
		return refuse(store, path, "too many files for a container "
			      "image");
	store->list = mem_grow(store->list, store->count, &store->capacity,
			       sizeof(*m));
	m = &store->list[store->count++];
	memset(m, 0, sizeof(*m));
	m->name = mem_strdup(path);
	m->target = link_target(entry, path);
	return m->target ? 0 : spool_data(store, reader, m);
}

static int spool_all(struct store *store, struct reader *reader)
{
	struct archive_entry *entry;
	int r;

	for (;;) {
		r = archive_read_next_header(reader->archive, &entry);
		if (r == ARCHIVE_EOF)
			return reader_check_end(reader);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return reader_failed(reader, NULL);
		if (take_member(store, reader, entry) < 0)
			return -1;
	}
}

int store_open(struct store *store, struct source *source,
	       bool is_directory)
{
	struct reader reader;
	int r;

	memset(store, 0, sizeof(*store));
	store->source = source;
	store->spool = -1;
	if (is_directory)
		return 0;
	if (open_spool(store) < 0)
		return -1;
	r = reader_open(&reader, source);
	if (r == 0) {
		r = spool_all(store, &reader);
		reader_close(&reader);
	}
	if (r < 0)
		store_close(store);
	return r;
}

/* Of members with one name the last counts. */
static const struct member *find_member(const struct store *store,
					const char *name)
{
	unsigned int budget = FOLLOW_MOST;
	size_t i = store->count;

	while (i--) {
		if (strcmp(store->list[i].name, name))
			continue;
		if (!store->list[i].target)
			return &store->list[i];
		if (!budget--)
			return NULL;
		name = store->list[i].target;
		i = store->count;
	}
	return NULL;
}

bool store_has(const struct store *store, const char *name)
{
	struct stat st;

	if (store->spool >= 0)
		return find_member(store, name);
	return !fstatat(store->source->fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode);
}

static int find_in_directory(const struct store *store, const char *name,
			     struct store_file *file)
{
	struct stat st;

	file->fd = openat(store->source->fd, name, O_RDONLY | O_CLOEXEC |
			  O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0)
		return refuse(store, name, strerror(errno));
	if (fstat(file->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(file->fd);
		return refuse(store, name, "is not a regular file");
	}
	file->start = 0;
	file->size = st.st_size;
	return 0;
}

int store_find(const struct store *store, const char *name,
	       struct store_file *file)
{
	const struct member *m;
	char path[PATH_LONGEST + 1];

	if (path_normalise(name, path) || !*path)
		return refuse(store, name, "is not a valid name");
	if (store->spool < 0)
		return find_in_directory(store, path, file);
	m = find_member(store, path);
	if (!m)
		return refuse(store, path, "is named in the manifest, but "
			      "missing");
	file->fd = fcntl(store->spool, F_DUPFD_CLOEXEC, 3);
	if (file->fd < 0)
		return msg_errno(store->source->name, errno, "cannot be read");
	file->start = m->start;
	file->size = m->size;
	return 0;
}

char *store_read(const struct store *store, const char *name, size_t *size)
{
	struct store_file file;
	char *data = NULL;
	ssize_t n;

	if (store_find(store, name, &file) < 0)
		return NULL;
	if (file.size > SMALL_FILE) {
		refuse(store, name, "is too large");
	} else {
		data = mem_zalloc(file.size + 1);
		n = pread(file.fd, data, file.size, file.start);
		if (n != (ssize_t)file.size) {
			refuse(store, name, "cannot be read");
			free(data);
			data = NULL;
		}
		*size = file.size;
	}
	close(file.fd);
	return data;
}

void store_close(struct store *store)
{
	size_t i;

	for (i = 0; i < store->count; i++) {
		free(store->list[i].name);
		free(store->list[i].target);
	}
	free(store->list);
	if (store->spool >= 0)
		close(store->spool);
	memset(store, 0, sizeof(*store));
	store->spool = -1;
}
