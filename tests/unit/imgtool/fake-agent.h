/* SPDX-License-Identifier: GPL-2.0 */
/* An agent that says what a test says: it is in the socket before it is asked,
 * since ids count from 1. */
#ifndef TESTS_UNIT_IMGTOOL_FAKE_AGENT_H
#define TESTS_UNIT_IMGTOOL_FAKE_AGENT_H

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imgtool/engine/change.h"
#include "imgtool/engine/engine.h"

struct fake {
	int fd;
	uint32_t id;
	struct engine engine;
	struct fs fs;
};

static inline void begin(struct fake *f)
{
	const int size = 1 << 20;
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(&f->fs, 0, sizeof(f->fs));
	f->fd = pair[0];
	f->id = 1;
	engine_begin(&f->engine, pair[1]);
	engine_tree(&f->engine, &f->fs);
}

static inline void end(struct fake *f)
{
	close(f->fd);
	engine_finish(&f->engine);
}

static inline void put(struct fake *f, const void *data, size_t size)
{
	ck_assert_int_eq(write(f->fd, data, size), size);
}

static inline void say_head(struct fake *f, int result, uint32_t flags, size_t size)
{
	const struct engine_reply head = { f->id, result, size, flags };

	put(f, &head, sizeof(head));
	f->id += !(flags & ENGINE_MORE);
}

static inline void say(struct fake *f, const void *data, size_t size)
{
	say_head(f, 0, 0, size);
	put(f, data, size);
}

static inline struct engine_attr attr_of(uint32_t mode)
{
	return (struct engine_attr){ .ino = 7, .mode = mode, .nlink = 1,
				     .size = 1000 };
}

static inline void say_attr(struct fake *f, uint32_t mode)
{
	const struct engine_attr attr = attr_of(mode);

	say(f, &attr, sizeof(attr));
}

/* The root, which is asked about first. */
static inline void begin_root(struct fake *f)
{
	begin(f);
	say_attr(f, S_IFDIR | 0755);
}

#endif
