/* SPDX-License-Identifier: GPL-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/size.h"

static const char suffixes[] = "KMGTP";

/* Digits only: no sign, no space, no 0x. Sets *END behind them. */
static int parse_digits(const char *text, char **end, uint64_t *value)
{
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, end, 10);
	return errno == ERANGE ? -ERANGE : 0;
}

int size_parse(const char *text, uint64_t *bytes)
{
	const char *suffix;
	uint64_t value;
	int shift = 0;
	char *end;
	int r;

	r = parse_digits(text, &end, &value);
	if (r < 0)
		return r;
	suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		end++;
		if (!strcasecmp(end, "ib") || !strcasecmp(end, "b"))
			end += strlen(end);
	}
	if (*end)
		return -EINVAL;
	if (value > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

char *size_format(uint64_t bytes, char *out)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB",
					 "PiB", "EiB" };
	unsigned int unit = 0, tenths = 0;

	while (bytes >= 1024 && unit < 6) {
		tenths = bytes % 1024 * 10 / 1024;
		bytes /= 1024;
		unit++;
	}
	if (tenths && bytes < 100)
		snprintf(out, 16, "%u.%u %.3s", (unsigned int)bytes & 1023,
			 tenths, units[unit]);
	else
		snprintf(out, 16, "%u %.3s", (unsigned int)bytes & 1023,
			 units[unit]);
	return out;
}

int owner_parse(const char *text, uint32_t *uid, uint32_t *gid)
{
	uint64_t u, g;
	char *end;

	if (parse_digits(text, &end, &u) || *end != ':' ||
	    parse_digits(end + 1, &end, &g) || *end)
		return -EINVAL;
	if (u >= UINT32_MAX || g >= UINT32_MAX)
		return -EINVAL;
	*uid = u;
	*gid = g;
	return 0;
}

int epoch_parse(const char *text, int64_t *seconds)
{
	uint64_t value;
	char *end;

	if (parse_digits(text, &end, &value) || *end || value > INT64_MAX)
		return -EINVAL;
	*seconds = value;
	return 0;
}
