/* SPDX-License-Identifier: GPL-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/pool.h"

#ifdef __SANITIZE_ADDRESS__
#define POOL_IS_MALLOC 1
#else
#define POOL_IS_MALLOC 0
#endif

#define UNIT 8
/* What is larger comes from malloc(). */
#define LARGEST 1024
#define CHUNK (256 << 10)

/* Freed memory of one size. */
struct spare {
	struct spare *next;
};

struct chunk {
	struct chunk *next;
	uint8_t data[CHUNK - sizeof(struct chunk *)];
};

static struct {
	struct chunk *chunks;
	size_t used; /* of the first chunk's data */
	size_t live; /* pieces that are in use */
	struct spare *spares[LARGEST / UNIT + 1];
} pool;

static void *carve(size_t size)
{
	struct chunk *chunk;

	if (!pool.chunks || sizeof(chunk->data) - pool.used < size) {
		chunk = mem_alloc(sizeof(*chunk));
		chunk->next = pool.chunks;
		pool.chunks = chunk;
		pool.used = 0;
	}
	pool.used += size;
	return pool.chunks->data + pool.used - size;
}

void *pool_alloc(size_t size)
{
	size_t units = (size + UNIT - 1) / UNIT;
	struct spare *spare;

	if (POOL_IS_MALLOC || size > LARGEST)
		return mem_zalloc(size);
	pool.live++;
	spare = pool.spares[units];
	if (!spare)
		return memset(carve(units * UNIT), 0, size);
	pool.spares[units] = spare->next;
	return memset(spare, 0, size);
}

char *pool_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(pool_alloc(size), text, size);
}

static void free_chunks(void)
{
	struct chunk *chunk;

	while ((chunk = pool.chunks)) {
		pool.chunks = chunk->next;
		free(chunk);
	}
	memset(&pool, 0, sizeof(pool));
}

void pool_free(void *memory, size_t size)
{
	size_t units = (size + UNIT - 1) / UNIT;
	struct spare *spare = memory;

	if (!memory)
		return;
	if (POOL_IS_MALLOC || size > LARGEST) {
		free(memory);
		return;
	}
	spare->next = pool.spares[units];
	pool.spares[units] = spare;
	if (!--pool.live)
		free_chunks();
}

void pool_free_text(char *text)
{
	if (text)
		pool_free(text, strlen(text) + 1);
}
