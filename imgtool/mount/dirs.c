/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/mount/dirs.h"
#include "imgtool/msg.h"

/* Bytes of directories that nobody uses and that are kept all the same. */
#define KEEP_BYTES (64u << 20)

static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ^ h >> 15;
}

static int add_entry(void *context, const char *name, uint64_t ino)
{
	struct dir *dir = context;
	size_t n = strlen(name) + 1;

	if (dir->count >= UINT32_MAX - 1)
		return -EUCLEAN;
	dir->entries = mem_grow(dir->entries, dir->count, &dir->entries_room,
				sizeof(*dir->entries));
	while (dir->names_used + n > dir->names_room)
		dir->names = mem_grow(dir->names, dir->names_room,
				      &dir->names_room, 1);
	memcpy(dir->names + dir->names_used, name, n);
	dir->entries[dir->count++] = (struct dir_entry){ ino,
							 dir->names_used };
	dir->names_used += n;
	return 0;
}

static void make_table(struct dir *dir)
{
	size_t i, at;

	/* (one place is always free) */
	dir->table_size = 8;
	while (dir->table_size < 2 * dir->count)
		dir->table_size *= 2;
	dir->table = mem_zalloc(dir->table_size * sizeof(*dir->table));
	for (i = 0; i < dir->count; i++) {
		at = hash(dir->names + dir->entries[i].name);
		while (dir->table[at &= dir->table_size - 1])
			at++;
		dir->table[at] = i + 1;
	}
}

int dir_find(const struct dir *dir, const char *name, uint64_t *ino)
{
	size_t at = hash(name), i;

	for (; (i = dir->table[at &= dir->table_size - 1]); at++) {
		if (dir->entries[i - 1].ino &&
		    !strcmp(dir->names + dir->entries[i - 1].name, name)) {
			*ino = dir->entries[i - 1].ino;
			return 0;
		}
	}
	return dir->error ?: -ENOENT;
}

static struct dir_entry *find_entry(struct dir *dir, const char *name)
{
	size_t at = hash(name), i;

	for (; (i = dir->table[at &= dir->table_size - 1]); at++)
		if (dir->entries[i - 1].ino &&
		    !strcmp(dir->names + dir->entries[i - 1].name, name))
			return &dir->entries[i - 1];
	return NULL;
}

static void append(struct dir *dir, const char *name, uint64_t ino)
{
	size_t at = hash(name);

	if (add_entry(dir, name, ino) < 0)
		return;
	if (dir->table_size < 2 * dir->count) {
		free(dir->table);
		make_table(dir);
		return;
	}
	while (dir->table[at &= dir->table_size - 1])
		at++;
	dir->table[at] = dir->count;
}

static void free_dir(struct dir *dir)
{
	free(dir->entries);
	free(dir->names);
	free(dir->table);
	free(dir);
}

static void count_bytes(struct dir *dir)
{
	dir->bytes = sizeof(*dir) + dir->names_room +
		     dir->entries_room * sizeof(*dir->entries) +
		     dir->table_size * sizeof(*dir->table);
}

static struct dir *read_dir(struct fs *fs, uint64_t ino)
{
	struct dir *dir = mem_zalloc(sizeof(*dir));

	dir->ino = ino;
	dir->error = fs_readdir(fs, ino, add_entry, dir);
	make_table(dir);
	count_bytes(dir);
	return dir;
}

static void unlink_age(struct dirs *dirs, struct dir *dir)
{
	*(dir->newer ? &dir->newer->older : &dirs->newest) = dir->older;
	*(dir->older ? &dir->older->newer : &dirs->oldest) = dir->newer;
}

static void make_newest(struct dirs *dirs, struct dir *dir)
{
	dir->newer = NULL;
	dir->older = dirs->newest;
	*(dirs->newest ? &dirs->newest->newer : &dirs->oldest) = dir;
	dirs->newest = dir;
}

static struct dir *find(struct dirs *dirs, uint64_t ino)
{
	struct dir *dir = dirs->bucket[ino % DIRS_BUCKETS];

	while (dir && dir->ino != ino)
		dir = dir->chain;
	if (!dir)
		return NULL;
	unlink_age(dirs, dir);
	make_newest(dirs, dir);
	dir->users++;
	return dir;
}

static void drop_user(struct dir *dir)
{
	if (!--dir->users)
		free_dir(dir);
}

static void forget(struct dirs *dirs, struct dir *dir)
{
	struct dir **at = &dirs->bucket[dir->ino % DIRS_BUCKETS];

	while (*at != dir)
		at = &(*at)->chain;
	*at = dir->chain;
	unlink_age(dirs, dir);
	dirs->bytes -= dir->bytes;
	drop_user(dir);
}

static void keep(struct dirs *dirs, struct dir *dir)
{
	struct dir *old, *newer;

	dir->users = 2;
	dir->chain = dirs->bucket[dir->ino % DIRS_BUCKETS];
	dirs->bucket[dir->ino % DIRS_BUCKETS] = dir;
	make_newest(dirs, dir);
	old = dirs->oldest;
	dirs->bytes += dir->bytes;
	for (; dirs->bytes > KEEP_BYTES && old != dir; old = newer) {
		newer = old->newer;
		/* one that is open is kept, since it must see changes */
		if (old->users == 1)
			forget(dirs, old);
	}
}

int dir_take(struct dirs *dirs, struct fs *fs, uint64_t ino, struct dir **out)
{
	struct dir *dir, *other;

	pthread_mutex_lock(&dirs->lock);
	dir = find(dirs, ino);
	pthread_mutex_unlock(&dirs->lock);
	if (!dir) {
		dir = read_dir(fs, ino);
		if (dir->error && !dir->count) {
			int r = dir->error;

			free_dir(dir);
			return r;
		}
		pthread_mutex_lock(&dirs->lock);
		other = find(dirs, ino);
		if (other) {
			free_dir(dir);
			dir = other;
		} else {
			keep(dirs, dir);
		}
		pthread_mutex_unlock(&dirs->lock);
	}
	*out = dir;
	return 0;
}

void dir_return(struct dirs *dirs, struct dir *dir)
{
	pthread_mutex_lock(&dirs->lock);
	drop_user(dir);
	pthread_mutex_unlock(&dirs->lock);
}

void dirs_change(struct dirs *dirs, uint64_t ino, const char *name,
		 uint64_t to)
{
	struct dir_entry *entry;
	struct dir *dir;

	pthread_mutex_lock(&dirs->lock);
	dir = find(dirs, ino);
	if (dir) {
		entry = find_entry(dir, name);
		if (entry)
			entry->ino = to;
		else if (to)
			append(dir, name, to);
		dirs->bytes -= dir->bytes;
		count_bytes(dir);
		dirs->bytes += dir->bytes;
		drop_user(dir);
	}
	pthread_mutex_unlock(&dirs->lock);
}

void dirs_drop(struct dirs *dirs, uint64_t ino)
{
	struct dir *dir;

	pthread_mutex_lock(&dirs->lock);
	dir = find(dirs, ino);
	if (dir) {
		drop_user(dir);
		forget(dirs, dir);
	}
	pthread_mutex_unlock(&dirs->lock);
}

void dirs_start(struct dirs *dirs)
{
	memset(dirs, 0, sizeof(*dirs));
	pthread_mutex_init(&dirs->lock, NULL);
}

void dirs_end(struct dirs *dirs)
{
	/* of one that is open at the end, the kernel does not say any more that
	 * it was closed */
	while (dirs->oldest) {
		dirs->oldest->users = 1;
		forget(dirs, dirs->oldest);
	}
}
