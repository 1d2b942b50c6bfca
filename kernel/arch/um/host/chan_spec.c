// SPDX-License-Identifier: GPL-2.0
/* none | null | fd:N[,fd:M] | pts | pty[:DEV] | tty:DEV */
#include <errno.h>
#include <string.h>

#include "chan_spec.h"

#define MAX_FD	65535

static bool skip_prefix(const char **p, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*p, prefix, n))
		return false;
	*p += n;
	return true;
}

/* A descriptor number at *p, which moves behind it; -1 if there is none. */
static int number(const char **p)
{
	const char *start = *p;
	int n = 0;

	while (**p >= '0' && **p <= '9') {
		n = n * 10 + (*(*p)++ - '0');
		if (n > MAX_FD)
			return -1;
	}
	return *p == start ? -1 : n;
}

static int parse_fds(const char *p, struct chan_spec *spec, const char **why)
{
	spec->kind = HOST_CHAN_FD;
	*why = "expected fd:N or fd:IN,fd:OUT with numbers";
	spec->in_fd = number(&p);
	if (spec->in_fd < 0)
		return -EINVAL;
	if (!*p)
		return 0;
	if (!skip_prefix(&p, ",fd:"))
		return -EINVAL;
	spec->out_fd = number(&p);
	return spec->out_fd < 0 || *p ? -EINVAL : 0;
}

static int parse_device(const char *dev, u32 kind, struct chan_spec *spec,
			const char **why)
{
	*why = "no device named";
	spec->kind = kind;
	spec->dev = dev;
	return *dev ? 0 : -EINVAL;
}

int chan_spec_parse(const char *text, struct chan_spec *spec,
		    const char **why)
{
	static const struct {
		const char *word;
		u32 kind;
	} words[] = {
		{ "none", HOST_CHAN_NONE }, { "null", HOST_CHAN_NULL },
		{ "pts", HOST_CHAN_PTS },   { "pty", HOST_CHAN_PTS },
	};
	const char *p = text;
	size_t i;

	*spec = (struct chan_spec){ .in_fd = -1, .out_fd = -1, .dev = "" };
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		spec->kind = words[i].kind;
		if (!strcmp(text, words[i].word))
			return 0;
	}
	if (skip_prefix(&p, "fd:"))
		return parse_fds(p, spec, why);
	if (skip_prefix(&p, "pty:"))
		return parse_device(p, HOST_CHAN_PTY, spec, why);
	if (skip_prefix(&p, "tty:"))
		return parse_device(p, HOST_CHAN_TTY, spec, why);
	*why = "no such kind of channel (known: fd:N, fd:IN,fd:OUT, null, "
	       "none, pts, pty:DEV, tty:DEV)";
	if (!strcmp(text, "xterm") || !strncmp(text, "port:", 5))
		*why = "not supported by this kernel (try pts)";
	return -EINVAL;
}
