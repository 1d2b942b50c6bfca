// SPDX-License-Identifier: GPL-2.0
/*
 * mktar ENTRY... >FILE: write a tar byte by byte, so that a test can have any
 * owner, device or time without being root, and headers no tar would write.
 *
 * An ENTRY is words with one space between (\s in a word is a space, \n a new
 * line):
 *
 *	f NAME [DATA]		file		d NAME		directory
 *	s NAME TARGET		symlink		h NAME TARGET	hard link
 *	c|b NAME MAJOR MINOR	device		p NAME		fifo
 *	F NAME COUNT		file of COUNT bytes, a pattern
 *	pax KEY=VALUE...	extended header for the next entry
 *	set mode=OCT uid=N gid=N mtime=N size=N	for all entries that follow
 *	noend			leave out the two zero blocks at the end
 *	cut N			leave out the last N bytes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char out[64 << 20];
static size_t used;
static unsigned long long mode = 0644, uid, gid, mtime = 1700000000;
static long long size = -1;
static int end = 1;

static void octal(char *to, int digits, unsigned long long value)
{
	char text[40];
	int i;

	if (value >> 3 * (digits - 1)) {
		/* base 256 */
		memset(to, 0, digits);
		to[0] = (char)0x80;
		for (i = 0; i < 8 && i < digits - 1; i++)
			to[digits - 1 - i] = value >> 8 * i;
		return;
	}
	snprintf(text, sizeof(text), "%0*llo", digits - 1, value);
	memcpy(to, text, digits);
}

static void header(char type, const char *name, const char *target,
		   unsigned long long length, unsigned int major,
		   unsigned int minor)
{
	char *h = out + used;
	unsigned int sum = 0;
	size_t n = strlen(name);
	int i;

	memset(h, 0, 512);
	memcpy(h, name, n < 100 ? n : 100);
	octal(h + 100, 8, mode);
	octal(h + 108, 8, uid);
	octal(h + 116, 8, gid);
	octal(h + 124, 12, size >= 0 ? (unsigned long long)size : length);
	octal(h + 136, 12, mtime);
	h[156] = type;
	n = strlen(target);
	memcpy(h + 157, target, n < 100 ? n : 100);
	memcpy(h + 257, "ustar\00000", 8);
	octal(h + 329, 8, major);
	octal(h + 337, 8, minor);
	memset(h + 148, ' ', 8);
	for (i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 7, sum);
	used += 512;
}

static void data(const char *text, size_t length)
{
	memcpy(out + used, text, length);
	used += (length + 511) / 512 * 512;
}

/* In place: \s and \n. Returns the next word's start or NULL. */
static char *word(char **at)
{
	static char none[1];
	char *w = *at, *from, *to;

	if (!w)
		return none;
	*at = strchr(w, ' ');
	if (*at)
		*(*at)++ = 0;
	for (from = to = w; *from; from++) {
		if (*from == '\\' && (from[1] == 's' || from[1] == 'n'))
			*to++ = *++from == 's' ? ' ' : '\n';
		else
			*to++ = *from;
	}
	*to = 0;
	return w;
}

static void pax(char *at)
{
	static char all[1 << 20];
	size_t n = 0, body, total;
	char *record;

	while (at) {
		record = word(&at);
		body = strlen(record) + 2; /* a space and a new line */
		total = body + 1;
		while ((size_t)snprintf(NULL, 0, "%zu", total) + body != total)
			total++;
		n += sprintf(all + n, "%zu %s\n", total, record);
	}
	header('x', "pax", "", n, 0, 0);
	data(all, n);
}

static void set(char *at)
{
	while (at) {
		char *w = word(&at), *value = strchr(w, '=');

		*value++ = 0;
		if (!strcmp(w, "mode"))
			mode = strtoull(value, NULL, 8);
		else if (!strcmp(w, "uid"))
			uid = strtoull(value, NULL, 0);
		else if (!strcmp(w, "gid"))
			gid = strtoull(value, NULL, 0);
		else if (!strcmp(w, "mtime"))
			mtime = strtoull(value, NULL, 0);
		else
			size = strtoll(value, NULL, 0);
	}
}

static void pattern(const char *name, size_t length)
{
	size_t i;

	header('0', name, "", length, 0, 0);
	for (i = 0; i < length; i++)
		out[used + i] = i * 7 + i / 4096;
	used += (length + 511) / 512 * 512;
}

static void entry(char *text)
{
	char *at = text, *kind = word(&at), *name, *a, *b;

	if (!strcmp(kind, "pax")) {
		pax(at);
		return;
	}
	if (!strcmp(kind, "set")) {
		set(at);
		return;
	}
	name = word(&at);
	a = word(&at);
	b = word(&at);
	if (!strcmp(kind, "noend"))
		end = 0;
	else if (!strcmp(kind, "cut"))
		used -= strtoul(name, NULL, 0);
	else if (!strcmp(kind, "F"))
		pattern(name, strtoul(a, NULL, 0));
	else if (!strcmp(kind, "f"))
		header('0', name, "", strlen(a), 0, 0), data(a, strlen(a));
	else if (!strcmp(kind, "d"))
		header('5', name, "", 0, 0, 0);
	else if (!strcmp(kind, "s"))
		header('2', name, a, 0, 0, 0);
	else if (!strcmp(kind, "h"))
		header('1', name, a, 0, 0, 0);
	else if (!strcmp(kind, "p"))
		header('6', name, "", 0, 0, 0);
	else
		header(*kind == 'c' ? '3' : '4', name, "", 0, atoi(a), atoi(b));
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "cut", 3) && end) {
			used += 1024;
			end = 0;
		}
		entry(argv[i]);
	}
	if (end)
		used += 1024;
	return fwrite(out, 1, used, stdout) == used && !fflush(stdout) ? 0 : 1;
}
