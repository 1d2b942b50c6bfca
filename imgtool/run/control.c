// SPDX-License-Identifier: GPL-2.0
/*
 * Our end of the control channel (agent/proto.h). Neither direction waits:
 * START can be megabytes, and is queued while the guest still boots.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

struct queue {
	char *data;
	size_t begin, end, room;
};

static int control = -1;
static struct queue out, in;

void control_start(int fd)
{
	control = fd;
}

int control_fd(void)
{
	return control;
}

short control_events(void)
{
	return POLLIN | (out.begin < out.end ? POLLOUT : 0);
}

/* Room for N more bytes behind the end. */
static void reserve(struct queue *q, size_t n)
{
	char *data;

	if (q->begin) {
		memmove(q->data, q->data + q->begin, q->end - q->begin);
		q->end -= q->begin;
		q->begin = 0;
	}
	if (q->end + n <= q->room)
		return;
	q->room = (q->end + n) * 2;
	data = mem_alloc(q->room);
	if (q->end)
		memcpy(data, q->data, q->end);
	free(q->data);
	q->data = data;
}

static void put(const void *data, size_t n)
{
	reserve(&out, n);
	if (n)
		memcpy(out.data + out.end, data, n);
	out.end += n;
}

static void put_string(const char *s)
{
	put(s, strlen(s) + 1);
}

void control_send(uint32_t type, const void *data, size_t size)
{
	struct agent_header head = { .type = type, .size = size };

	put(&head, sizeof(head));
	put(data, size);
}

void control_send_number(uint32_t type, uint32_t value)
{
	struct agent_number number = { .value = value };

	control_send(type, &number, sizeof(number));
}

/* --env NAME passes our own value on, if there is one. */
static uint32_t put_env(const struct run_options *options, bool terminal)
{
	uint32_t count = 0;
	bool has_term = false;
	size_t i;

	for (i = 0; i < options->env_count; i++) {
		const char *name = options->env[i], *value;
		char *variable;

		has_term |= !strncmp(name, "TERM=", 5) || !strcmp(name, "TERM");
		if (strchr(name, '=')) {
			put_string(name);
			count++;
			continue;
		}
		value = getenv(name);
		if (!value)
			continue;
		variable = mem_printf("%s=%s", name, value);
		put_string(variable);
		free(variable);
		count++;
	}
	if (terminal && !has_term && getenv("TERM")) {
		char *term = mem_printf("TERM=%s", getenv("TERM"));

		put_string(term);
		free(term);
		count++;
	}
	return count;
}

int control_send_start(const struct run_options *options,
		       const struct run_image *image,
		       const struct run_stdio *stdio)
{
	struct agent_header head = { .type = AGENT_START };
	struct agent_start start = {
		.version = AGENT_VERSION,
		.flags = options->rw || options->keep ? AGENT_RW : 0,
		.tty_channel = stdio->tty_channel,
		.argc = options->argc,
		.script_size = options->script_size,
	};
	size_t at;
	int i;

	memcpy(start.stdio, stdio->kind, sizeof(start.stdio));
	if (stdio->terminal)
		terminal_describe(&start);
	reserve(&out, 0);
	at = out.end;
	put(&head, sizeof(head));
	put(&start, sizeof(start));
	put_string(image_root_device(image));
	put_string(options->user);
	put_string(options->workdir);
	put_string(options->hostname);
	put_string(options->script_data ? options->script_name : "");
	for (i = 0; i < options->argc; i++)
		put_string(options->argv[i]);
	start.envc = put_env(options, stdio->terminal);
	if (options->script_data) {
		start.flags |= AGENT_SCRIPT;
		put(options->script_data, options->script_size);
	}
	head.size = out.end - at - sizeof(head);
	if (head.size > AGENT_MESSAGE_MAX)
		return msg_error("CMD", "the argument list is too long");
	memcpy(out.data + at, &head, sizeof(head));
	memcpy(out.data + at + sizeof(head), &start, sizeof(start));
	return 0;
}

static bool write_queue(void)
{
	while (out.begin < out.end) {
		ssize_t n = send(control, out.data + out.begin,
				 out.end - out.begin,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		out.begin += n;
	}
	return true;
}

/* At most one message's worth: a hostile guest must not fill our memory. */
static bool read_queue(void)
{
	while (in.end - in.begin <= AGENT_MESSAGE_MAX) {
		ssize_t n;

		reserve(&in, 65536);
		n = recv(control, in.data + in.end, in.room - in.end,
			 MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		in.end += n;
	}
	return true;
}

bool control_run(void)
{
	bool alive;

	if (control < 0)
		return false;
	/* What the agent has said counts even if it cannot hear any more. */
	alive = write_queue();
	alive &= read_queue();
	if (!alive) {
		close(control);
		control = -1;
	}
	return alive;
}

bool control_next(struct agent_header *head, const char **data)
{
	size_t there = in.end - in.begin;

	if (there < sizeof(*head))
		return false;
	memcpy(head, in.data + in.begin, sizeof(*head));
	if (head->size > AGENT_MESSAGE_MAX) {
		/* The guest's root can write anything here. */
		in.begin = in.end;
		return false;
	}
	if (there - sizeof(*head) < head->size)
		return false;
	*data = in.data + in.begin + sizeof(*head);
	in.begin += sizeof(*head) + head->size;
	return true;
}

bool control_strings(const char *data, size_t size, const char **object,
		     const char **reason)
{
	const char *nul = memchr(data, 0, size);

	if (!nul || !memchr(nul + 1, 0, size - (nul + 1 - data)))
		return false;
	*object = data;
	*reason = nul + 1;
	return true;
}
