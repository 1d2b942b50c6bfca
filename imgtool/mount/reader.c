/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>

#include "imgtool/mount/reader.h"
#include "imgtool/msg.h"

/* More requests than this at once wait. */
#define READERS_MOST 8

static struct reader *open_reader(struct disk *disk)
{
	struct reader *reader = mem_zalloc(sizeof(*reader));

	if (fs_open(&reader->fs, disk) == 0)
		return reader;
	free(reader);
	return NULL;
}

int readers_start(struct readers *readers, struct disk *disk)
{
	readers->disk = disk;
	readers->most = READERS_MOST;
	pthread_mutex_init(&readers->lock, NULL);
	pthread_cond_init(&readers->returned, NULL);
	readers->idle = open_reader(disk);
	readers->count = readers->idle != NULL;
	/* The others would say the same once more. */
	msg_set_quiet();
	return readers->idle ? 0 : -1;
}

void readers_start_alone(struct readers *readers, const struct fs *fs)
{
	pthread_mutex_init(&readers->lock, NULL);
	pthread_cond_init(&readers->returned, NULL);
	readers->idle = mem_zalloc(sizeof(*readers->idle));
	readers->idle->fs = *fs;
	readers->count = readers->most = 1;
	msg_set_quiet();
}

void readers_end(struct readers *readers)
{
	struct reader *reader;

	while ((reader = readers->idle)) {
		readers->idle = reader->next;
		if (readers->disk)
			fs_close(&reader->fs);
		free(reader->buffer);
		free(reader);
	}
}

struct reader *reader_take(struct readers *readers)
{
	struct reader *reader;

	pthread_mutex_lock(&readers->lock);
	while (!readers->idle) {
		/* Opening has a global variable in it: under the lock. One
		 * that cannot be opened any more is not missed. */
		reader = readers->count < readers->most ?
			 open_reader(readers->disk) : NULL;
		if (reader) {
			readers->count++;
			reader->next = readers->idle;
			readers->idle = reader;
		} else {
			pthread_cond_wait(&readers->returned, &readers->lock);
		}
	}
	reader = readers->idle;
	readers->idle = reader->next;
	pthread_mutex_unlock(&readers->lock);
	return reader;
}

void reader_return(struct readers *readers, struct reader *reader)
{
	pthread_mutex_lock(&readers->lock);
	reader->next = readers->idle;
	readers->idle = reader;
	pthread_cond_signal(&readers->returned);
	pthread_mutex_unlock(&readers->lock);
}

char *reader_buffer(struct reader *reader, size_t size)
{
	if (reader->room < size) {
		free(reader->buffer);
		reader->buffer = mem_alloc(size);
		reader->room = size;
	}
	return reader->buffer;
}
