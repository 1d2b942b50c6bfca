/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "imgtool/mode.h"

static const char *take_who(const char *p, uint32_t *who)
{
	for (*who = 0;; p++) {
		if (*p == 'u')
			*who |= 04700;
		else if (*p == 'g')
			*who |= 02070;
		else if (*p == 'o')
			*who |= 01007;
		else if (*p == 'a')
			*who |= 07777;
		else
			break;
	}
	if (!*who)
		*who = 07777;
	return p;
}

/* The bits of one "u", "g" or "o", for all three. */
static uint32_t spread(uint32_t bits)
{
	return bits << 6 | bits << 3 | bits;
}

static const char *take_bits(const char *p, uint32_t old, uint32_t who,
			     uint32_t *bits)
{
	for (*bits = 0;; p++) {
		if (*p == 'r')
			*bits |= 0444;
		else if (*p == 'w')
			*bits |= 0222;
		else if (*p == 'x')
			*bits |= 0111;
		else if (*p == 'X')
			*bits |= S_ISDIR(old) || (old & 0111) ? 0111 : 0;
		else if (*p == 's')
			*bits |= 06000;
		else if (*p == 't')
			*bits |= 01000;
		else if (*p == 'u')
			*bits |= spread(old >> 6 & 7);
		else if (*p == 'g')
			*bits |= spread(old >> 3 & 7);
		else if (*p == 'o')
			*bits |= spread(old & 7);
		else
			break;
	}
	/* "+t" is meant for all, "u+t" for nobody */
	*bits &= who;
	return p;
}

int mode_parse(const char *text, uint32_t old, uint32_t *mode)
{
	uint32_t new = old & 07777, who, bits;
	size_t digits = strspn(text, "01234567");
	const char *p = text;
	char op;

	if (digits && digits <= 5 && !text[digits]) {
		*mode = strtoul(text, NULL, 8);
		return *mode > 07777 ? -EINVAL : 0;
	}
	for (;; p++) {
		p = take_who(p, &who);
		if (!*p || !strchr("+-=", *p))
			return -EINVAL;
		while (*p && strchr("+-=", *p)) {
			op = *p;
			p = take_bits(p + 1, (old & S_IFMT) | new, who, &bits);
			/* "=" leaves the set-id bits of directories alone */
			if (op == '=')
				new &= ~(who & (S_ISDIR(old) ? 01777 : 07777));
			new = op == '-' ? new & ~bits : new | bits;
		}
		if (*p != ',')
			break;
	}
	*mode = new;
	return *p ? -EINVAL : 0;
}
