/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "imgtool/engine/client.h"
#include "imgtool/msg.h"
#include "imgtool/view/fs.h"

/* A guest's errno that means something to a caller of struct fs. */
#define ERRNO_MOST 4095

void client_start(struct client *client, int fd)
{
	memset(client, 0, sizeof(*client));
	client->fd = fd;
	client->next_id = 1;
	client->reply = mem_alloc(ENGINE_REPLY_MOST + 1);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void client_end(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->reply);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->dead = true;
}

static int end_with(struct client *client, bool broken, int err)
{
	bool first = !client->dead;

	client->dead = true;
	if (first && client->died)
		client->died(client->wait_context, broken);
	return err;
}

static int died(struct client *client)
{
	return end_with(client, false, -FS_GONE);
}

int client_broken(struct client *client)
{
	return end_with(client, true, client->died ? -FS_GONE : -EPROTO);
}

static void wait_for(struct client *client, short events)
{
	struct pollfd p = { .fd = client->fd, .events = events };

	if (client->wait)
		client->wait(client->wait_context, client->fd, events);
	else
		poll(&p, 1, -1);
}

/* (a write to a dead engine must be an error and no signal) */
static int send_all(struct client *client, struct iovec *v, size_t count)
{
	struct msghdr message = { .msg_iov = v, .msg_iovlen = count };
	ssize_t n;

	while (message.msg_iovlen) {
		n = sendmsg(client->fd, &message, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			wait_for(client, POLLOUT);
			continue;
		}
		if (n < 0)
			return died(client);
		while (message.msg_iovlen &&
		       (size_t)n >= message.msg_iov->iov_len) {
			n -= message.msg_iov->iov_len;
			message.msg_iov++;
			message.msg_iovlen--;
		}
		if (message.msg_iovlen) {
			message.msg_iov->iov_base =
				(char *)message.msg_iov->iov_base + n;
			message.msg_iov->iov_len -= n;
		}
	}
	return 0;
}

static int receive_all(struct client *client, void *data, size_t size)
{
	ssize_t n;

	for (; size; size -= n, data = (char *)data + n) {
		n = recv(client->fd, data, size, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			wait_for(client, POLLIN);
			n = 0;
		} else if (n <= 0) {
			return died(client);
		}
	}
	return 0;
}

int client_send(struct client *client, const struct client_request *request)
{
	const char *path = request->path ?: "";
	struct engine_request head = {
		.op = request->op, .flags = request->flags,
		.path_size = strlen(path), .data_size = request->data_size,
		.offset = request->offset, .length = request->length,
	};
	struct iovec v[3] = { { &head, sizeof(head) },
			      { (void *)path, head.path_size },
			      { (void *)request->data, head.data_size } };

	if (client->dead)
		return -FS_GONE;
	if (head.path_size > ENGINE_PATH_MOST)
		return -ENAMETOOLONG;
	if (client->sent_count == CLIENT_AHEAD ||
	    head.data_size > ENGINE_DATA_MOST)
		return -EINVAL;
	if (client->sent_count &&
	    client->sent_bytes + head.path_size + head.data_size >
	    CLIENT_AHEAD_BYTES)
		return -EAGAIN;
	client->sent_bytes += sizeof(head) + head.path_size + head.data_size;
	head.id = client->next_id++;
	client->sent[client->sent_count++] = head.id;
	return send_all(client, v, 3);
}

int client_receive(struct client *client, size_t most, bool *more)
{
	struct engine_reply head;
	int r;

	*more = false;
	client->size = 0;
	if (client->dead)
		return -FS_GONE;
	if (!client->sent_count)
		return -EINVAL;
	r = receive_all(client, &head, sizeof(head));
	if (r < 0)
		return r;
	if (head.result < 0)
		most = 4096;
	if (head.id != client->sent[0] || head.result > 0 ||
	    head.result < -ERRNO_MOST || head.size > most ||
	    head.size > ENGINE_REPLY_MOST || head.flags & ~ENGINE_MORE ||
	    (head.result && head.flags))
		return client_broken(client);
	r = receive_all(client, client->reply, head.size);
	if (r < 0)
		return r;
	client->size = head.size;
	client->reply[head.size] = 0;
	*more = head.flags & ENGINE_MORE;
	if (!*more) {
		client->sent_count--;
		if (!client->sent_count)
			client->sent_bytes = 0;
		memmove(client->sent, client->sent + 1,
			client->sent_count * sizeof(*client->sent));
	}
	/* (-EPERM is the -1 of what has been reported) */
	switch (head.result) {
	case -EPERM:
		return -EACCES;
	case -EBADMSG:
	case -EPROTO: /* (that would be us) */
		return -EUCLEAN;
	case -FS_GONE: /* (that as well) */
		return -EIO;
	}
	return head.result;
}

int client_ask(struct client *client, const struct client_request *request,
	       size_t most)
{
	bool more = false;
	int r = client_send(client, request);

	if (r == 0)
		r = client_receive(client, most, &more);
	return more && r == 0 ? client_broken(client) : r;
}
