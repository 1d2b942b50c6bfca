// SPDX-License-Identifier: GPL-2.0
/* Pipes, sockets, epoll, eventfd, inotify, poll. */
#include "tap.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 31 + (i >> 8) * 7);
}

struct flow {
	int fd;
	size_t n, step;
};

static void *sender(void *v)
{
	struct flow *f = v;
	unsigned char b[70000];

	for (size_t i = 0; i < f->n;) {
		size_t k = f->n - i < f->step ? f->n - i : f->step;
		for (size_t j = 0; j < k; j++)
			b[j] = byte_at(i + j);
		ssize_t w = write(f->fd, b, k);
		if (w <= 0)
			return f;
		i += (size_t)w;
	}
	return NULL;
}

/* n bytes from one end to the other, in uneven steps: all equal. */
static void stream(int in, int out, const char *what)
{
	struct flow f = {in, 2000000, 70000};
	unsigned char b[33333];
	size_t got = 0, bad = 0;
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, sender, &f);
	while (got < f.n) {
		ssize_t n = read(out, b, sizeof b);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			bad += b[i] != byte_at(got + (size_t)i);
		got += (size_t)n;
	}
	pthread_join(t, &r);
	ok(got == f.n && !bad && !r,
	   "%s: 2 MB arrive equal (%zu bytes, %zu wrong)", what, got, bad);
}

static void pipes(void)
{
	int fd[2], fd2[2];
	char b[16];

	if (pipe(fd) < 0 || pipe(fd2) < 0)
		exit(1);
	stream(fd[1], fd[0], "pipe");
	struct iovec v[3] = {
		{(void *)"ab", 2}, {(void *)"", 0}, {(void *)"cde", 3}};
	eq(writev(fd[1], v, 3), 5, "writev");
	eq(tee(fd[0], fd2[1], 5, 0), 5, "tee");
	ok(read(fd2[0], b, 16) == 5 && !memcmp(b, "abcde", 5), "its copy");
	eq(splice(fd[0], NULL, fd2[1], NULL, 5, 0), 5, "splice");
	ok(read(fd2[0], b, 16) == 5 && !memcmp(b, "abcde", 5), "moved");
	ok(fcntl(fd[1], F_SETPIPE_SZ, 65536) >= 65536, "F_SETPIPE_SZ");
	close(fd[1]);
	eq(read(fd[0], b, 1), 0, "end of file when the writer closes");
	signal(SIGPIPE, SIG_IGN);
	close(fd2[0]);
	eq_err(write(fd2[1], "x", 1), EPIPE, "write without a reader: EPIPE");
	signal(SIGPIPE, SIG_DFL);
	pid_t p = tap_fork();
	if (p == 0)
		_exit(write(fd2[1], "x", 1) < 0);
	eq(tap_wait(p), SIGPIPE, "and SIGPIPE");
	close(fd[0]);
	close(fd2[1]);
}

static void unix_sockets(void)
{
	int sv[2], pass[2];
	char c = 0, ctl[CMSG_SPACE(sizeof(int))] = {0};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0 || pipe(pass) < 0)
		exit(1);
	stream(sv[0], sv[1], "unix socket");
	struct iovec v = {&c, 1};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = ctl,
			   .msg_controllen = sizeof ctl};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &pass[1], sizeof(int));
	eq(sendmsg(sv[0], &m, 0), 1, "send a descriptor");
	memset(ctl, 0, sizeof ctl);
	eq(recvmsg(sv[1], &m, 0), 1, "receive it");
	int fd = -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	ok(fd >= 0 && write(fd, "y", 1) == 1 && read(pass[0], &c, 1) == 1 &&
		   c == 'y',
	   "and use it");
	struct ucred uc;
	socklen_t l = sizeof uc;
	getsockopt(sv[0], SOL_SOCKET, SO_PEERCRED, &uc, &l);
	eq(uc.pid, getpid(), "SO_PEERCRED");
	close(fd);
	close(sv[0]);
	close(sv[1]);
	close(pass[0]);
	close(pass[1]);
}

static void lo_up(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s >= 0 && ioctl(s, SIOCGIFFLAGS, &r) == 0 &&
	    !(r.ifr_flags & IFF_UP)) {
		r.ifr_flags |= IFF_UP;
		ioctl(s, SIOCSIFFLAGS, &r);
	}
	close(s);
}

static void tcp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t l = sizeof a;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	lo_up();
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(s, 4) < 0)
		return skip("TCP over loopback", strerror(errno));
	getsockname(s, (struct sockaddr *)&a, &l);
	int c = socket(AF_INET, SOCK_STREAM, 0);
	if (!ok(connect(c, (struct sockaddr *)&a, sizeof a) == 0,
		"TCP connect over loopback"))
		return;
	int d = accept(s, NULL, NULL);
	stream(c, d, "TCP");
	shutdown(c, SHUT_WR);
	char b;
	eq(read(d, &b, 1), 0, "end of file after shutdown");
	close(c);
	close(d);
	a.sin_port = htons(1);
	c = socket(AF_INET, SOCK_STREAM, 0);
	eq_err(connect(c, (struct sockaddr *)&a, sizeof a), ECONNREFUSED,
	       "connect to port 1: refused");
	close(c);
	close(s);
	int u = socket(AF_INET, SOCK_DGRAM, 0),
	    w = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = 0;
	bind(u, (struct sockaddr *)&a, sizeof a);
	l = sizeof a;
	getsockname(u, (struct sockaddr *)&a, &l);
	eq(sendto(w, "hello", 5, 0, (struct sockaddr *)&a, sizeof a), 5,
	   "UDP send");
	char h[8] = "";
	ok(recv(u, h, sizeof h, 0) == 5 && !strcmp(h, "hello"), "UDP receive");
	close(u);
	close(w);
}

static void *later(void *v)
{
	uint64_t one = 1;

	msleep(20);
	return write(*(int *)v, &one, 8) == 8 ? NULL : v;
}

static void epolls(void)
{
	int ep = epoll_create1(0), e = eventfd(0, EFD_NONBLOCK),
	    s = eventfd(3, EFD_SEMAPHORE);
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 5}, got[4];
	uint64_t n;
	pthread_t t;

	eq(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), 0, "epoll: add");
	eq_err(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), EEXIST, "again: EEXIST");
	eq(epoll_wait(ep, got, 4, 0), 0, "nothing yet");
	pthread_create(&t, NULL, later, &e);
	eq(epoll_wait(ep, got, 4, 5000), 1, "woken by another thread");
	eq(got[0].data.u32, 5, "with its data");
	pthread_join(t, NULL);
	eq(epoll_wait(ep, got, 4, 0), 1, "level triggered: again");
	eq(read(e, &n, 8) == 8 ? (long)n : -1, 1, "eventfd's count");
	eq_err(read(e, &n, 8), EAGAIN, "then empty");
	ev.events = EPOLLIN | EPOLLET;
	ev.data.u32 = 6;
	epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev);
	eq(epoll_wait(ep, got, 4, 1000), 1, "edge triggered: once");
	eq(epoll_wait(ep, got, 4, 0), 0, "and not again");
	eq(read(s, &n, 8) == 8 ? (long)n : -1, 1,
	   "a semaphore gives one at a time");
	close(e);
	close(s);
	close(ep);
}

static void watches(void)
{
	const char *d = chdir_tmp();
	int in = inotify_init1(IN_NONBLOCK);
	char b[1024] __attribute__((aligned(8)));
	uint32_t seen = 0;

	if (in < 0)
		return skip("inotify", strerror(errno));
	ok(inotify_add_watch(
		   in, d, IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_TO) >= 0,
	   "inotify watch");
	int fd = open("a", O_CREAT | O_RDWR, 0600);
	if (write(fd, "1", 1) != 1 || rename("a", "b") < 0 || unlink("b") < 0)
		ok(0, "file operations: %s", strerror(errno));
	close(fd);
	ssize_t n = read(in, b, sizeof b);
	for (ssize_t i = 0; i < n;) {
		struct inotify_event *e = (void *)(b + i);
		seen |= e->mask;
		i += (ssize_t)(sizeof *e + e->len);
	}
	eq(seen, IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_TO,
	   "each event was told");
	close(in);
	rmdir_tmp(d);
}

static void files(void)
{
	int a = tmp_file(100000), b = tmp_file(0);
	char x[100], y[100];

	eq(sendfile(b, a, &(off_t){0}, 100000), 100000, "sendfile");
	pread(a, x, 100, 50000) == 100 && pread(b, y, 100, 50000) == 100
		? ok(!memcmp(x, y, 100), "the same bytes")
		: ok(0, "pread");
	eq(copy_file_range(a, &(off_t){0}, b, &(off_t){100000}, 5000, 0), 5000,
	   "copy_file_range");
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	eq(fcntl(a, F_SETLK, &l), 0, "file lock");
	pid_t p = tap_fork();
	if (p == 0)
		_exit(fcntl(a, F_SETLK, &l) < 0 &&
				      (errno == EAGAIN || errno == EACCES)
			      ? 0
			      : 1);
	eq(tap_wait(p), 0, "refused to another process");
	char r1[32] = {0}, r2[32] = {0};
	ok(syscall(SYS_getrandom, r1, 32, 0) == 32 &&
		   syscall(SYS_getrandom, r2, 32, 0) == 32 &&
		   memcmp(r1, r2, 32),
	   "getrandom gives 32 bytes, others each time");
	close(a);
	close(b);
}

int main(void)
{
	tap_start(60);
	pipes();
	unix_sockets();
	tcp();
	epolls();
	watches();
	files();
	return tap_done();
}
