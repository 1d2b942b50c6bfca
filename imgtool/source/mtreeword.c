/* SPDX-License-Identifier: GPL-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "imgtool/source/mtree.h"

/* Linux has 12 and 20 bits for device numbers. */
#define MAJOR_END (1u << 12)
#define MINOR_END (1u << 20)

static const struct {
	const char *name;
	enum mtree_key key;
} keys[] = {
	{"type", MTREE_TYPE},
	{"mode", MTREE_MODE},
	{"uid", MTREE_UID},
	{"gid", MTREE_GID},
	{"uname", MTREE_UNAME},
	{"gname", MTREE_GNAME},
	{"time", MTREE_TIME},
	{"link", MTREE_LINK},
	{"device", MTREE_DEVICE},
	{"contents", MTREE_CONTENTS},
	{"content", MTREE_CONTENTS},
	{"size", MTREE_SIZE},
	{"nlink", MTREE_NLINK},
	{"flags", MTREE_FLAGS},
	{"optional", MTREE_OPTIONAL},
	{"nochange", MTREE_NOCHANGE},
	{"cksum", MTREE_UNUSED},
	{"ignore", MTREE_UNUSED},
	{"inode", MTREE_UNUSED},
	{"md5", MTREE_UNUSED},
	{"md5digest", MTREE_UNUSED},
	{"resdevice", MTREE_UNUSED},
	{"ripemd160digest", MTREE_UNUSED},
	{"rmd160", MTREE_UNUSED},
	{"rmd160digest", MTREE_UNUSED},
	{"sha1", MTREE_UNUSED},
	{"sha1digest", MTREE_UNUSED},
	{"sha256", MTREE_UNUSED},
	{"sha256digest", MTREE_UNUSED},
	{"sha384", MTREE_UNUSED},
	{"sha384digest", MTREE_UNUSED},
	{"sha512", MTREE_UNUSED},
	{"sha512digest", MTREE_UNUSED},
	{"tags", MTREE_UNUSED},
};

#define COUNT (sizeof(keys) / sizeof(keys[0]))

enum mtree_key mtree_key(char *word, char **value)
{
	size_t i, length = strcspn(word, "=");

	*value = word + length + (word[length] == '=');
	for (i = 0; i < COUNT; i++)
		if (strlen(keys[i].name) == length &&
		    !strncmp(keys[i].name, word, length))
			return keys[i].key;
	return MTREE_UNKNOWN;
}

const char *mtree_key_name(enum mtree_key key)
{
	size_t i;

	for (i = 0; i < COUNT - 1; i++)
		if (keys[i].key == key)
			break;
	return keys[i].name;
}

/* The byte that the letter C behind a backslash means, or -1. */
static int plain_escape(char c)
{
	static const char from[] = "abfnrstv\\# \"'",
			  to[] = "\a\b\f\n\r \t\v\\# \"'";
	const char *p = c ? strchr(from, c) : NULL;

	return p ? to[p - from] : -1;
}

const char *mtree_unescape(char *text)
{
	char *to = text;
	int value, i;

	while (*text) {
		if (*text != '\\') {
			*to++ = *text++;
			continue;
		}
		value = 0;
		for (i = 1; i <= 3 && text[i] >= '0' && text[i] <= '7'; i++)
			value = value << 3 | (text[i] - '0');
		if (i == 4 && (value == 0 || value > 255))
			return "an escape that means no byte of a name";
		if (i != 4) {
			value = plain_escape(text[1]);
			if (value < 0)
				return "an escape that is not known; "
				       "write \\ooo, with three octal digits";
			i = 2;
		}
		*to++ = value;
		text += i;
	}
	*to = 0;
	return NULL;
}

const char *mtree_type(const char *value, uint32_t *type)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
		{"file", S_IFREG},    {"dir", S_IFDIR},	  {"link", S_IFLNK},
		{"char", S_IFCHR},    {"block", S_IFBLK}, {"fifo", S_IFIFO},
		{"socket", S_IFSOCK},
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(value, types[i].name)) {
			*type = types[i].type;
			return NULL;
		}
	}
	return "not one of file dir link char block fifo socket";
}

static const char *take_number(const char *text, int base, char **end,
			       uint64_t most, uint64_t *n)
{
	if (!isdigit((unsigned char)*text))
		return "not a number";
	errno = 0;
	*n = strtoull(text, end, base);
	return errno || *n > most ? "too large" : NULL;
}

const char *mtree_number(const char *value, uint64_t most, uint64_t *n)
{
	char *end;
	const char *problem = take_number(value, 10, &end, most, n);

	return problem ?: *end ? "not a number" : NULL;
}

/* Seconds, a dot, and the number (not the fraction) of nanoseconds, which
 * count forward from the second, as in a struct timespec. */
const char *mtree_time(const char *value, struct stamp *time)
{
	bool negative = *value == '-';
	uint64_t sec, nsec = 0;
	const char *problem;
	char *end;

	problem = take_number(value + negative, 10, &end, INT64_MAX, &sec);
	if (!problem && *end == '.')
		problem = take_number(end + 1, 10, &end, 999999999, &nsec);
	if (problem || *end)
		return "not a time like 1700000000.000000000";
	time->sec = negative ? -(int64_t)sec : (int64_t)sec;
	time->nsec = nsec;
	return NULL;
}

/* FORMAT,MAJOR,MINOR: in whatever system's form, these are numbers. */
static const char *split_device(const char *value, uint64_t *major,
				uint64_t *minor)
{
	static const char *const formats[] = {
		"native", "386bsd", "4bsd",   "bsdos",	"freebsd", "hpux",
		"isc",	  "linux",  "netbsd", "osf1",	"sco",	   "solaris",
		"sunos",  "svr3",   "svr4",   "ultrix",
	};
	size_t i, count = sizeof(formats) / sizeof(formats[0]);
	size_t length = strcspn(value, ",");
	char *end;

	for (i = 0; i < count; i++)
		if (strlen(formats[i]) == length &&
		    !strncmp(formats[i], value, length))
			break;
	if (i == count)
		return "not in a form that is known, like native,1,3";
	value += length + 1;
	if (take_number(value, 0, &end, UINT32_MAX, major) || *end != ',' ||
	    take_number(end + 1, 0, &end, UINT32_MAX, minor) || *end)
		return "not two numbers behind the form, like native,1,3";
	return NULL;
}

const char *mtree_device(const char *value, uint32_t *to_major,
			 uint32_t *to_minor)
{
	uint64_t number, ma, mi;
	const char *problem;
	char *end;

	if (strchr(value, ',')) {
		problem = split_device(value, &ma, &mi);
	} else {
		problem = take_number(value, 0, &end, UINT64_MAX, &number);
		if (!problem && *end)
			problem = "not a number";
		if (!problem) {
			ma = major(number);
			mi = minor(number);
		}
	}
	if (problem)
		return problem;
	if (ma >= MAJOR_END || mi >= MINOR_END)
		return "device number is out of range";
	*to_major = ma;
	*to_minor = mi;
	return NULL;
}
