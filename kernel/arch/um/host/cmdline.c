// SPDX-License-Identifier: GPL-2.0
/*
 * The command line. Words the host side knows are taken out; all others are
 * the guest kernel's and are joined with single spaces, in order. A lone `--`
 * and what follows goes to the guest untouched (arguments of init). A word
 * that starts with `--` and is not known is an error: it was meant for us.
 *
 * The guest's parser (lib/cmdline.c, next_arg) knows double quotes and no
 * escapes. A word with blanks and no quotes of its own gets them around its
 * value: a=b c becomes a="b c".
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../abi/layout.h"
#include "cmdline.h"

#define PAGE_MASK_ 4095ull

/* ---- values ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Reads digits at *s (0x: hexadecimal, leading 0: octal) and moves *s on. */
static int read_number(const char **s, u64 *out)
{
	const char *p = *s;
	int base = 10;
	u64 v = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	if (digit_of(*p) >= base)
		return -EINVAL;
	for (; digit_of(*p) < base; p++) {
		if (v > (~0ull - digit_of(*p)) / base)
			return -ERANGE;
		v = v * base + digit_of(*p);
	}
	*s = p;
	*out = v;
	return 0;
}

static int unit_shift(char c)
{
	switch (c) {
	case 'k': case 'K': return 10;
	case 'm': case 'M': return 20;
	case 'g': case 'G': return 30;
	case 't': case 'T': return 40;
	default: return -1;
	}
}

int cmdline_size(const char *s, u64 *bytes)
{
	u64 v;
	int shift = 0;
	int ret = read_number(&s, &v);

	if (ret)
		return ret;
	if (*s) {
		shift = unit_shift(*s++);
		if (shift < 0 || *s)
			return -EINVAL;
	}
	if (v > ~0ull >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

static const char *set_mem(struct host_options *o, const char *v)
{
	u64 bytes;

	switch (cmdline_size(v, &bytes)) {
	case 0:
		break;
	case -ERANGE:
		return "too large: at most 8T";
	default:
		return "not a size: give a number and K, M, G or T, like mem=512M";
	}
	bytes &= ~PAGE_MASK_;
	if (bytes < CMDLINE_MEM_MIN)
		return "too small: at least 16M";
	if (bytes > UM_PHYSMEM_MAX_BYTES)
		return "too large: at most 8T";
	o->mem = bytes;
	return NULL;
}

static const char *set_ncpus(struct host_options *o, const char *v)
{
	static const char reason[] = "not a number of vcpus: give 1 to 64";
	u64 n;

	if (read_number(&v, &n) || *v || n < 1 || n > UM_MAX_VCPUS)
		return reason;
	o->ncpus = n;
	return NULL;
}

static const char *set_initrd(struct host_options *o, const char *v)
{
	if (!*v)
		return "no file named: give initrd=FILE";
	o->initrd = v;
	return NULL;
}

static const char *set_umid(struct host_options *o, const char *v)
{
	if (!*v || strchr(v, '/') || !strcmp(v, ".") || !strcmp(v, ".."))
		return "not a name for a folder";
	if (strlen(v) > 64)
		return "too long: at most 64 characters";
	o->umid = v;
	return NULL;
}

static const char *set_uml_dir(struct host_options *o, const char *v)
{
	if (!*v)
		return "no folder named: give uml_dir=FOLDER";
	o->uml_dir = v;
	return NULL;
}

/* ---- words ---- */

static const struct {
	const char *name;	/* with the = */
	const char *(*set)(struct host_options *o, const char *value);
} valued[] = {
	{ "mem=", set_mem },
	{ "ncpus=", set_ncpus },
	{ "initrd=", set_initrd },
	{ "umid=", set_umid },
	{ "uml_dir=", set_uml_dir },
};

static const struct {
	const char *name;
	size_t offset;
} flags[] = {
	{ "noreboot", offsetof(struct host_options, noreboot) },
	{ "um_nosupervisor", offsetof(struct host_options, nosupervisor) },
	{ "um_nolockdown", offsetof(struct host_options, nolockdown) },
	{ "um_tracelockdown", offsetof(struct host_options, tracelockdown) },
	{ "um_nosync", offsetof(struct host_options, nosync) },
	{ "um_nokillable", offsetof(struct host_options, nokillable) },
	{ "um_trap", offsetof(struct host_options, trap) },
};

static const struct {
	const char *name;
	enum cmdline_action action;
} actions[] = {
	{ "--help", CMDLINE_HELP },
	{ "--version", CMDLINE_VERSION },
	{ "--showconfig", CMDLINE_SHOWCONFIG },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* 1: word taken, 0: not ours, -EINVAL: ours and wrong. */
static int take_valued(struct host_options *o, const char *word,
		       struct cmdline_error *err)
{
	size_t i;

	for (i = 0; i < COUNT(valued); i++) {
		const char *name = valued[i].name;
		size_t n = strlen(name);

		if (strncmp(word, name, n))
			continue;
		err->reason = valued[i].set(o, word + n);
		err->what = "command line";
		err->object = word;
		return err->reason ? -EINVAL : 1;
	}
	return 0;
}

static int take_flag(struct host_options *o, const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(flags); i++) {
		if (!strcmp(word, flags[i].name)) {
			*(bool *)((char *)o + flags[i].offset) = true;
			return 1;
		}
	}
	return 0;
}

static int take_action(struct host_options *o, const char *word,
		       struct cmdline_error *err)
{
	size_t i;

	for (i = 0; i < COUNT(actions); i++) {
		if (!strcmp(word, actions[i].name)) {
			if (o->action == CMDLINE_RUN)
				o->action = actions[i].action;
			return 1;
		}
	}
	err->what = "command line";
	err->object = word;
	err->reason = "unknown option: --help tells the known ones";
	return -EINVAL;
}

/* ---- the guest's part ---- */

static int guest_add(struct host_options *o, const char *s, size_t n)
{
	size_t have = strlen(o->guest);

	if (n >= sizeof(o->guest) - have)
		return -E2BIG;
	memcpy(o->guest + have, s, n);
	o->guest[have + n] = '\0';
	return 0;
}

/* Where the opening quote of a word goes; NULL: none is needed. */
static const char *quote_point(const char *word)
{
	const char *eq = strchr(word, '=');
	const char *blank = strpbrk(word, " \t\n");

	if (!blank || strchr(word, '"'))
		return NULL;
	return eq && eq < blank ? eq + 1 : word;
}

static int guest_word(struct host_options *o, const char *word)
{
	const char *quote = quote_point(word);
	int ret = 0;

	if (!*word)
		return 0;
	if (o->guest[0])
		ret |= guest_add(o, " ", 1);
	if (!quote)
		return ret | guest_add(o, word, strlen(word));
	ret |= guest_add(o, word, quote - word);
	ret |= guest_add(o, "\"", 1);
	ret |= guest_add(o, quote, strlen(quote));
	return ret | guest_add(o, "\"", 1);
}

/* 1: taken, 0: the guest's, -EINVAL. */
static int take_word(struct host_options *o, const char *word,
		     struct cmdline_error *err)
{
	int ret;

	if (!strncmp(word, "--", 2))
		return take_action(o, word, err);
	ret = take_valued(o, word, err);
	return ret ? ret : take_flag(o, word);
}

int cmdline_parse(int argc, char *const argv[], struct host_options *o,
		  struct cmdline_error *err)
{
	bool init_args = false;
	int i, ret;

	memset(o, 0, sizeof(*o));
	o->mem = CMDLINE_MEM_DEFAULT;
	o->ncpus = 1;
	for (i = 1; i < argc; i++) {
		init_args |= !strcmp(argv[i], "--");
		ret = init_args ? 0 : take_word(o, argv[i], err);
		if (ret < 0)
			return ret;
		if (ret == 0 && guest_word(o, argv[i])) {
			err->what = "command line";
			err->object = "too long";
			err->reason = "the guest kernel takes 4095 characters";
			return -EINVAL;
		}
	}
	return 0;
}
