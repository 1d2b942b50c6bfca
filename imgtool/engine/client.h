/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool's side of the conversation with an engine (proto.h).
 *
 * Requests may be sent ahead; answers come in their order. Everything that is
 * received is checked here as far as sizes and order go, and by tree.c as far
 * as contents go. After anything that breaks the protocol, or the engine's
 * end, the client is dead: all calls give -FS_GONE (of view/fs.h).
 *
 * Functions return 0 or -errno. Not safe for several threads at once.
 */
#ifndef IMGTOOL_ENGINE_CLIENT_H
#define IMGTOOL_ENGINE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "imgtool/engine/proto.h"

/* Requests that may be under way at once. */
#define CLIENT_AHEAD 8

/* ... and their bytes: they must all find room on their way, since the other
 * side takes none while we do not take its answer. */
#define CLIENT_AHEAD_BYTES (64u << 10)

struct client {
	int fd; /* a stream socket, non-blocking; -1: closed */
	bool dead;
	uint32_t next_id;
	uint32_t sent[CLIENT_AHEAD]; /* ids, the oldest first */
	size_t sent_bytes;	     /* of all that are under way, about */
	unsigned int sent_count;
	/* Called while nothing can be read or written: waits for EVENTS (of
	 * poll). May be NULL. */
	void (*wait)(void *context, int fd, short events);
	/* Called once when the client dies, because the protocol was BROKEN or
	 * because there is nobody on the other side; reports it. May be NULL. */
	void (*died)(void *context, bool broken);
	void *wait_context;
	char *reply; /* ENGINE_REPLY_MOST + 1 bytes: that of the last answer */
	size_t size;
};

/* Takes FD. */
void client_start(struct client *client, int fd);
void client_end(struct client *client);

struct client_request {
	enum engine_op op;
	unsigned int flags;
	const char *path; /* NULL: "" */
	const void *data;
	size_t data_size;
	uint64_t offset, length;
};

/* Send one; at most CLIENT_AHEAD of them may be without an answer. -EAGAIN:
 * first the others must be answered. */
int client_send(struct client *client, const struct client_request *request);

/*
 * The answer to the oldest request, into client->reply and size, or its error;
 * with *MORE, further ones follow. Bytes beyond MOST break the protocol.
 */
int client_receive(struct client *client, size_t most, bool *more);

/* Both, for a request with one answer, while no other is under way. */
int client_ask(struct client *client, const struct client_request *request,
	       size_t most);

/* The protocol was broken. Returns -FS_GONE, or -EPROTO if that is not
 * reported. */
int client_broken(struct client *client);

#endif
