// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's console: what its kernel prints, and what the kernel's host
 * side says on its standard error. It is always read, so that the guest never
 * waits for us; the last part is kept in a ring, for the case that something
 * goes wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

#define KEEP_BYTES (32 << 10)
#define SHOW_LINES 20
#define COMPLAINTS 8
#define COMPLAINT_BYTES 400

static int console = -1, errors = -1;
static bool show;
static char kept[KEEP_BYTES];
static size_t total; /* bytes ever kept; the ring's head is total % size */

/* Lines of standard error that are errors; the one in progress is the last. */
static char complaints[COMPLAINTS][COMPLAINT_BYTES];
static int complaint_count;
static char line[COMPLAINT_BYTES];
static size_t line_length;

void console_start(int console_end, int errors_end, bool verbose)
{
	console = console_end;
	errors = errors_end;
	show = verbose;
}

int console_fd(void)
{
	return console;
}

int console_errors_fd(void)
{
	return errors;
}

static void keep(const char *data, size_t n)
{
	for (; n; n--)
		kept[total++ % KEEP_BYTES] = *data++;
}

/* To standard error; a raw terminal wants its carriage returns, and the
 * console's own are left out. */
static void put(const char *data, size_t n)
{
	char out[2 * 4096];
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		if (data[i] == '\r')
			continue;
		if (data[i] == '\n' && terminal_is_raw())
			out[m++] = '\r';
		out[m++] = data[i];
	}
	for (i = 0; i < m;) {
		ssize_t done = write(2, out + i, m - i);

		if (done <= 0)
			break;
		i += done;
	}
}

static void end_line(void)
{
	line[line_length] = 0;
	if (line_length && *line != '[') {
		if (complaint_count == COMPLAINTS)
			memmove(complaints[0], complaints[1],
				sizeof(complaints) - sizeof(*complaints));
		else
			complaint_count++;
		memcpy(complaints[complaint_count - 1], line, sizeof(line));
	}
	line_length = 0;
}

static void collect(const char *data, size_t n)
{
	for (; n; n--, data++) {
		if (*data == '\n')
			end_line();
		else if (*data != '\r' && line_length < COMPLAINT_BYTES - 1)
			line[line_length++] = *data;
	}
}

/* Returns false at the end of FD. */
static bool read_one(int fd)
{
	char data[4096];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		keep(data, n);
		if (fd == errors)
			collect(data, n);
		if (show)
			put(data, n);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void read_or_close(int *fd)
{
	if (*fd < 0 || read_one(*fd))
		return;
	close(*fd);
	*fd = -1;
}

void console_read(void)
{
	read_or_close(&console);
	read_or_close(&errors);
}

/* What is kept, as a string without control characters but newlines. */
static char *text_kept(void)
{
	size_t n = total < KEEP_BYTES ? total : KEEP_BYTES, i, m = 0;
	char *s = mem_alloc(n + 1);

	for (i = 0; i < n; i++) {
		unsigned char c = kept[(total - n + i) % KEEP_BYTES];

		if (c == '\t')
			c = ' ';
		if (c == '\n' || (c >= 0x20 && c != 0x7f))
			s[m++] = c;
	}
	while (m && (s[m - 1] == '\n' || s[m - 1] == ' '))
		m--;
	s[m] = 0;
	return s;
}

char *console_panic(void)
{
	static const char panic[] = "Kernel panic - not syncing: ";
	char *s = text_kept(), *p = strstr(s, panic), *result = NULL;

	if (p) {
		p += strlen(panic);
		p[strcspn(p, "\n")] = 0;
		result = mem_strdup(p);
	}
	free(s);
	return result;
}

/* The kernel names its own options where something can be done. */
static char *in_our_words(const char *s)
{
	static const char *const words[][2] = {
		{ "ubd_layer_dir=", "--layer-dir " },
		{ "ubd_layer_max=", "--layer-max " },
	};
	char *result = mem_strdup(s), *at, *next;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		at = strstr(result, words[i][0]);
		if (!at)
			continue;
		next = mem_printf("%.*s%s%s", (int)(at - result), result,
				  words[i][1], at + strlen(words[i][0]));
		free(result);
		result = next;
	}
	return result;
}

char *console_complaint(void)
{
	if (line_length)
		end_line();
	if (!complaint_count)
		return NULL;
	return in_our_words(complaints[complaint_count - 1]);
}

void console_show_complaints(const char *object)
{
	int i;

	if (line_length)
		end_line();
	if (show)
		return;
	for (i = 0; i < complaint_count; i++) {
		char *text = in_our_words(complaints[i]);

		msg_warning(object, "%s", text);
		free(text);
	}
}

void console_show_tail(void)
{
	char *s, *p;
	int lines = 0;

	if (show)
		return;
	s = text_kept();
	p = s + strlen(s);
	while (p > s && lines < SHOW_LINES)
		lines += *--p == '\n';
	if (*p == '\n')
		p++;
	if (*p)
		fprintf(stderr, "%s\n", p);
	free(s);
}
