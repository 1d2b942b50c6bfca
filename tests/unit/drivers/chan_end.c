// SPDX-License-Identifier: GPL-2.0
/*
 * Ends of channels on everything that may stand behind them: no read or write
 * may wait, no byte may be lost, end of input must be told from "nothing
 * now", and what others share must stay as it was.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../kernel/arch/um/host/chan_end.h"
#include "check.h"

static s64 get(struct host_end *e, void *buf, u64 len)
{
	struct host_iov v = { buf, len };

	return host_end_readv(e, &v, 1);
}

static s64 put(struct host_end *e, const void *buf, u64 len)
{
	struct host_iov v = { (void *)buf, len };

	return host_end_writev(e, &v, 1);
}

static struct host_end *end_of(int fd, int access)
{
	struct host_end *e = NULL;

	CHECK_INT(chan_end_inherit(fd, access, &e), 0);
	if (!e)
		exit(1);
	return e;
}

static bool blocks(int fd)
{
	return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* As if opening anew had been refused. */
static struct host_end *shared_end(int fd, int access, bool no_nowait)
{
	struct host_end *e = end_of(fd, access);

	if (e->how == END_NONBLOCK) {
		close(e->fd);
		e->fd = dup(fd);
		e->how = END_POLL;
		e->write_max = 4096;
	}
	e->no_nowait = no_nowait;
	return e;
}

static void read_side(struct host_end *e, int peer, int fd)
{
	char buf[16];

	CHECK_INT(get(e, buf, sizeof(buf)), -EAGAIN);
	CHECK_INT(host_end_ready(e, 0), 0);
	CHECK_INT(write(peer, "abc", 3), 3);
	CHECK_INT(host_end_ready(e, 0), 1);
	CHECK_INT(get(e, buf, 2), 2);
	CHECK_INT(get(e, buf, sizeof(buf)), 1);
	CHECK(buf[0] == 'c');
	CHECK_INT(get(e, buf, sizeof(buf)), -EAGAIN);
	CHECK(blocks(fd));
	CHECK_INT(write(peer, "z", 1), 1);
	close(peer);
	CHECK_INT(get(e, buf, sizeof(buf)), 1);
	CHECK_INT(host_end_ready(e, 0), 1);
	CHECK_INT(get(e, buf, sizeof(buf)), 0);
	CHECK_INT(get(e, buf, sizeof(buf)), 0);
}

/* Fills the channel with a known pattern, reads it at the other side in two
 * portions, and expects each byte once. */
static void write_side(struct host_end *e, int peer, int fd)
{
	static unsigned char out[5000], in[1 << 20];
	u64 sent = 0, got = 0, i;
	s64 n;
	int round;

	for (round = 0; round < 3; round++) {
		for (;;) {
			for (i = 0; i < sizeof(out); i++)
				out[i] = (unsigned char)((sent + i) * 7);
			n = put(e, out, sizeof(out));
			if (n <= 0)
				break;
			sent += (u64)n;
		}
		CHECK_INT(n, -EAGAIN);
		CHECK_INT(host_end_ready(e, 0), 0);
		n = read(peer, in, round == 1 ? 60000 : sizeof(in));
		for (i = 0; n > 0 && i < (u64)n; i++)
			if (in[i] != (unsigned char)((got + i) * 7))
				break;
		CHECK_INT((s64)i, n);
		got += (u64)n;
		if (round != 1)		/* a socket wants more room than that */
			CHECK_INT(host_end_ready(e, 0), 1);
	}
	CHECK(sent > 100000);
	CHECK(blocks(fd));
	close(peer);
	CHECK_INT(put(e, out, 1), -EPIPE);
}

static void test_pipes(int mode)
{
	struct host_end *e;
	int p[2];

	CHECK_INT(pipe(p), 0);
	e = mode ? shared_end(p[0], O_RDONLY, mode > 1) : end_of(p[0], O_RDONLY);
	read_side(e, p[1], p[0]);
	chan_end_free(e);
	close(p[0]);

	CHECK_INT(pipe(p), 0);
	e = mode ? shared_end(p[1], O_WRONLY, mode > 1) : end_of(p[1], O_WRONLY);
	write_side(e, p[0], p[1]);
	chan_end_free(e);
	close(p[1]);
}

static void test_sockets(void)
{
	struct host_end *in, *out;
	char buf[8];
	int s[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	in = end_of(s[0], O_RDONLY);
	CHECK(in->how == END_SOCKET);
	read_side(in, s[1], s[0]);
	chan_end_free(in);
	close(s[0]);

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	out = end_of(s[0], O_WRONLY);
	write_side(out, s[1], s[0]);
	chan_end_free(out);
	close(s[0]);

	/* the end of one direction leaves the other alone */
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	in = end_of(s[0], O_RDONLY);
	out = end_of(s[0], O_WRONLY);
	host_end_shut(out);
	CHECK_INT(read(s[1], buf, sizeof(buf)), 0);
	CHECK_INT(write(s[1], "hi", 2), 2);
	CHECK_INT(get(in, buf, sizeof(buf)), 2);
	CHECK_INT(put(out, "x", 1), -EPIPE);
	chan_end_free(in);
	chan_end_free(out);
	close(s[0]);
	close(s[1]);
}

static void test_files(void)
{
	char name[] = "/tmp/chan-end-XXXXXX", buf[8];
	int fd = mkstemp(name), null = open("/dev/null", O_RDWR);
	struct host_end *in, *out;

	unlink(name);
	out = end_of(fd, O_WRONLY);
	CHECK_INT(put(out, "12345", 5), 5);
	lseek(fd, 1, SEEK_SET);		/* the offset is shared */
	in = end_of(fd, O_RDONLY);
	CHECK_INT(get(in, buf, sizeof(buf)), 4);
	CHECK(!memcmp(buf, "2345", 4));
	CHECK_INT(get(in, buf, sizeof(buf)), 0);
	chan_end_free(in);
	chan_end_free(out);

	in = end_of(null, O_RDONLY);
	out = end_of(null, O_WRONLY);
	CHECK_INT(host_end_ready(in, 0), 1);
	CHECK_INT(get(in, buf, sizeof(buf)), 0);
	CHECK_INT(put(out, "x", 1), 1);
	chan_end_free(in);
	chan_end_free(out);
	close(fd);
	close(null);
}

/* Shutting an owned end closes the inherited number too, so that the peer
 * sees the end; standard numbers stay occupied. */
static void test_owned(void)
{
	struct host_end *e;
	struct stat null, now;
	char c;
	int p[2];

	CHECK_INT(pipe(p), 0);
	e = end_of(p[1], O_WRONLY);
	chan_end_own(e, p[1]);
	CHECK_INT(put(e, "x", 1), 1);
	host_end_shut(e);
	CHECK_INT(put(e, "x", 1), -EPIPE);
	CHECK_INT(read(p[0], &c, 1), 1);
	CHECK_INT(read(p[0], &c, 1), 0);
	CHECK_INT(fcntl(p[1], F_GETFD), -1);
	chan_end_free(e);
	close(p[0]);

	CHECK_INT(pipe(p), 0);
	dup2(p[1], 0);
	close(p[1]);
	e = end_of(0, O_WRONLY);
	chan_end_own(e, 0);
	host_end_shut(e);
	CHECK_INT(read(p[0], &c, 1), 0);
	stat("/dev/null", &null);
	CHECK_INT(fstat(0, &now), 0);
	CHECK(now.st_rdev == null.st_rdev && S_ISCHR(now.st_mode));
	chan_end_free(e);
	close(p[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(30);			/* a call that waits is a failure */
	test_pipes(0);
	test_pipes(1);
	test_pipes(2);
	test_sockets();
	test_files();
	test_owned();
	return check_failures != 0;
}
