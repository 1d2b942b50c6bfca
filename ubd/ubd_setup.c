// SPDX-License-Identifier: GPL-2.0
/*
 * The command line:
 *
 *	ubd<N>[FLAGS]=FILE[,BACKING][,SERIAL]	N: 0 to 63, or a letter
 *	ubd=sync				as flag s for all disks
 *	ubd_layer_dir=DIR ubd_layer_max=SIZE	for flag o
 *
 * `:` separates like `,`; a backslash takes either as part of a name. What is
 * wrong ends the program: a disk that is silently missing is found out later
 * and at higher cost.
 */
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <abi/host.h>

#include "ubd.h"

static struct ubd_option options[UBD_DISKS] __initdata;
static u32 flags_of_all __initdata =
	IS_ENABLED(CONFIG_BLK_DEV_UBD_SYNC) ? HOST_UBD_SYNC : 0;
static const char *layer_dir __initdata;
static u64 layer_max __initdata;

static void __init reject(const char *option, const char *reason)
{
	char text[160];

	snprintf(text, sizeof(text), "ubd%.60s: %s", option, reason);
	host_fatal("command line", text, 0);
}

/* The next field of *rest, unescaped in place; NULL if there is none left. */
static char * __init next_field(char **rest)
{
	char *field = *rest, *to = field, *p;

	if (!field)
		return NULL;
	for (p = field; *p && *p != ',' && *p != ':'; p++) {
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	*rest = *p ? p + 1 : NULL;
	*to = '\0';
	return field;
}

/* UBD_DISKS for all that are too large; -1: none there. */
static int __init parse_unit(char **p)
{
	int unit = 0;

	if (isdigit(**p)) {
		for (; isdigit(**p); (*p)++)
			unit = min(unit * 10 + **p - '0', UBD_DISKS);
		return unit;
	}
	if (**p >= 'a' && **p <= 'z')
		return *(*p)++ - 'a';
	return -1;
}

/* The letters up to `=`. False if one is not known. */
static bool __init parse_flags(char **p, u32 *flags)
{
	static const struct {
		char letter;
		u32 flag;
	} known[] __initconst = {
		{ 'r', HOST_UBD_READONLY }, { 's', HOST_UBD_SYNC },
		{ 'c', HOST_UBD_SHARED },   { 'd', HOST_UBD_DATA },
		{ 't', HOST_UBD_NOTRIM },   { 'o', HOST_UBD_LAYER },
		{ 'w', HOST_UBD_WAIT },	    { 'u', HOST_UBD_DIRECT },
	};
	int i;

	for (; **p && **p != '='; (*p)++) {
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (**p == known[i].letter)
				break;
		if (i == ARRAY_SIZE(known))
			return false;
		*flags |= known[i].flag;
	}
	return **p == '=';
}

static int __init disk_option(char *text)
{
	struct ubd_option opt = {};
	char *p = text;
	int unit = parse_unit(&p);

	if (unit < 0)
		return 0;
	if (!parse_flags(&p, &opt.flags))
		reject(text, "unknown flag: r, s, c, d, t, u, w and o are known, then =FILE");
	if ((opt.flags & HOST_UBD_LAYER) && (opt.flags & HOST_UBD_WAIT))
		reject(text, "a throw-away layer (o) has a limit and can't wait for room (w)");
	if (unit >= UBD_DISKS)
		reject(text, "no such disk: give ubd0= to ubd63=");
	p++;
	opt.file = next_field(&p);
	opt.backing = next_field(&p);
	opt.serial = next_field(&p);
	if (p)
		reject(text, "more than FILE,BACKING,SERIAL: \\, and \\: are parts of a name");
	if (options[unit].file)
		reject(text, "this disk is there already");
	options[unit] = opt;
	return 1;
}

static int __init ubd_option(char *text)
{
	if (!strcmp(text, "=sync")) {
		flags_of_all |= HOST_UBD_SYNC;
		return 1;
	}
	if (*text == '=')
		reject(text, "which disk? give ubd0=FILE");
	return disk_option(text);
}
__setup("ubd", ubd_option);

static int __init layer_dir_option(char *text)
{
	layer_dir = text;
	return 1;
}
__setup("ubd_layer_dir=", layer_dir_option);

static int __init layer_max_option(char *text)
{
	char *end;

	layer_max = memparse(text, &end);
	if (end == text || *end || !layer_max)
		reject("_layer_max=", "not a size: give a number and K, M, G or T");
	return 1;
}
__setup("ubd_layer_max=", layer_max_option);

static int __init ubd_init(void)
{
	int i, err = ubd_register();

	if (err)
		return err;
	for (i = 0; i < UBD_DISKS; i++) {
		if (!options[i].file)
			continue;
		options[i].flags |= flags_of_all;
		ubd_add(i, &options[i], layer_dir, layer_max);
	}
	return 0;
}
device_initcall(ubd_init);
