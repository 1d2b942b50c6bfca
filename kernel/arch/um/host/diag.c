// SPDX-License-Identifier: GPL-2.0
/* Messages: see diag.h. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../abi/host.h"
#include "allow.h"
#include "diag.h"

HOST_ALLOW(write);

void diag_start(struct diag_line *l)
{
	l->len = 0;
}

void diag_str(struct diag_line *l, const char *s)
{
	/* one byte is kept for the newline */
	while (*s && l->len < sizeof(l->text) - 1)
		l->text[l->len++] = *s++;
}

u32 diag_utoa(char *buf, u64 v)
{
	char rev[20];
	u32 n = 0, i = 0;

	do {
		rev[n++] = '0' + v % 10;
		v /= 10;
	} while (v);
	while (n)
		buf[i++] = rev[--n];
	buf[i] = '\0';
	return i;
}

void diag_dec(struct diag_line *l, u64 v)
{
	char buf[21];

	diag_utoa(buf, v);
	diag_str(l, buf);
}

void diag_hex(struct diag_line *l, u64 v)
{
	char buf[19];
	int i = sizeof(buf) - 1;

	buf[i] = '\0';
	do {
		buf[--i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	buf[--i] = 'x';
	buf[--i] = '0';
	diag_str(l, buf + i);
}

void diag_size(struct diag_line *l, u64 bytes)
{
	static const char unit[] = "KMGT";
	char s[2] = "";
	int i;

	for (i = 0; i < 4 && bytes && bytes % 1024 == 0; i++) {
		bytes /= 1024;
		s[0] = unit[i];
	}
	diag_dec(l, bytes);
	diag_str(l, s);
}

void diag_end(struct diag_line *l)
{
	l->text[l->len++] = '\n';
	host_early_write(l->text, l->len);
}

const char *diag_strerror(int err)
{
	const char *s = strerrordesc_np(err);

	return s ? s : "unknown error";
}

void diag_say(const char *what, const char *object, const char *reason)
{
	struct diag_line l;

	diag_start(&l);
	diag_str(&l, what);
	if (object) {
		diag_str(&l, ": ");
		diag_str(&l, object);
	}
	if (reason) {
		diag_str(&l, ": ");
		diag_str(&l, reason);
	}
	diag_end(&l);
}

void diag_err(const char *what, const char *object, int err)
{
	diag_say(what, object, diag_strerror(err));
}

void host_early_write(const char *s, u64 len)
{
	int saved = errno;

	while (len) {
		ssize_t n = write(STDERR_FILENO, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		s += n;
		len -= n;
	}
	errno = saved;
}
