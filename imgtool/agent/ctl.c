// SPDX-License-Identifier: GPL-2.0
/*
 * The control channel. Reading never blocks: bytes gather in a buffer until a
 * message is whole. Writing does: messages to the host are few and small, and
 * imgtool always reads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

static int channel = -1;
static unsigned char *buffer;
static size_t buffer_size;
static size_t begin, end; /* what is unread in it */

void ctl_open(int fd)
{
	channel = fd;
}

int ctl_fd(void)
{
	return channel;
}

static void host_is_gone(void)
{
	if (channel >= 0)
		close(channel);
	channel = -1;
}

static void wait_for(short events)
{
	struct pollfd p = { .fd = channel, .events = events };

	poll(&p, 1, -1);
}

static void write_all(const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size && channel >= 0) {
		ssize_t n = write(channel, p, size);

		if (n > 0) {
			p += n;
			size -= n;
		} else if (n < 0 && errno == EAGAIN) {
			wait_for(POLLOUT);
		} else if (n < 0 && errno != EINTR) {
			host_is_gone();
		}
	}
}

void ctl_send(uint32_t type, const void *data, size_t size)
{
	struct agent_header head = { .type = type, .size = size };

	write_all(&head, sizeof(head));
	write_all(data, size);
}

void ctl_send_number(uint32_t type, uint32_t value)
{
	struct agent_number number = { .value = value };

	ctl_send(type, &number, sizeof(number));
}

/* Append S with its NUL to OUT, which has room for SIZE; cuts if it must. */
static size_t put_string(char *out, size_t at, size_t size, const char *s)
{
	size_t n = strlen(s);

	if (at + n + 1 > size)
		n = size - at - 1;
	memcpy(out + at, s, n);
	out[at + n] = 0;
	return at + n + 1;
}

void ctl_warn(const char *object, const char *format, ...)
{
	char reason[512], message[1024];
	size_t n;
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	n = put_string(message, 0, 500, object);
	n = put_string(message, n, sizeof(message), reason);
	ctl_send(AGENT_WARNING, message, n);
}

void ctl_lost(const char *object, int err)
{
	char message[512];
	size_t n = put_string(message, 0, 256, object);

	n = put_string(message, n, sizeof(message), strerror(err));
	ctl_send(AGENT_LOST, message, n);
}

void ctl_fail(uint32_t exit_status, const char *object, const char *format, ...)
{
	struct agent_number number = { .value = exit_status };
	char reason[1024], message[2048];
	size_t n = sizeof(number);
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	memcpy(message, &number, sizeof(number));
	n = put_string(message, n, 1000, object);
	n = put_string(message, n, sizeof(message), reason);
	ctl_send(AGENT_FAILED, message, n);
}

/* Make room for SIZE bytes behind what is unread. */
static int make_room(size_t size)
{
	void *p;

	memmove(buffer, buffer + begin, end - begin);
	end -= begin;
	begin = 0;
	if (end + size <= buffer_size)
		return 0;
	p = realloc(buffer, end + size);
	if (!p)
		return -1;
	buffer = p;
	buffer_size = end + size;
	return 0;
}

int ctl_fill(void)
{
	ssize_t n;

	if (channel < 0 || make_room(65536) < 0)
		return -1;
	n = read(channel, buffer + end, buffer_size - end);
	if (n > 0) {
		end += n;
		return 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	host_is_gone();
	return -1;
}

bool ctl_next(struct agent_header *head, const void **data)
{
	if (end - begin < sizeof(*head))
		return false;
	memcpy(head, buffer + begin, sizeof(*head));
	if (head->size > AGENT_MESSAGE_MAX) {
		host_is_gone();
		return false;
	}
	if (end - begin - sizeof(*head) < head->size)
		return false;
	*data = buffer + begin + sizeof(*head);
	begin += sizeof(*head) + head->size;
	return true;
}

bool ctl_wait(int ms, struct agent_header *head, const void **data)
{
	while (!ctl_next(head, data)) {
		struct pollfd p = { .fd = channel, .events = POLLIN };

		if (channel < 0 || poll(&p, 1, ms) == 0)
			return false;
		if (ctl_fill() < 0)
			return false;
	}
	return true;
}

/* The next string of [*p, end), or NULL. */
static const char *take_string(const char **p, const char *limit)
{
	const char *s = *p;
	const char *nul = memchr(s, 0, limit - s);

	if (!nul)
		return NULL;
	*p = nul + 1;
	return s;
}

static char **take_strings(const char **p, const char *limit, uint32_t count)
{
	char **list;
	uint32_t i;

	if (count > AGENT_MESSAGE_MAX / 2)
		return NULL;
	list = calloc(count + 1, sizeof(*list));
	for (i = 0; list && i < count; i++) {
		list[i] = (char *)take_string(p, limit);
		if (!list[i])
			return NULL;
	}
	return list;
}

bool ctl_parse_start(const void *data, size_t size, struct start *start)
{
	const char *p, *limit;
	char *copy;

	if (size < sizeof(start->head))
		return false;
	memcpy(&start->head, data, sizeof(start->head));
	if (start->head.version != AGENT_VERSION)
		return false;
	size -= sizeof(start->head);
	copy = malloc(size + 1);
	if (!copy)
		return false;
	memcpy(copy, (const char *)data + sizeof(start->head), size);
	p = copy;
	limit = p + size;
	start->root_device = take_string(&p, limit);
	start->user = start->root_device ? take_string(&p, limit) : NULL;
	start->workdir = start->user ? take_string(&p, limit) : NULL;
	start->hostname = start->workdir ? take_string(&p, limit) : NULL;
	start->script_name = start->hostname ? take_string(&p, limit) : NULL;
	if (!start->script_name)
		return false;
	start->argv = take_strings(&p, limit, start->head.argc);
	start->env = start->argv ?
		     take_strings(&p, limit, start->head.envc) : NULL;
	start->script = p;
	return start->env && start->head.script_size == (size_t)(limit - p);
}
