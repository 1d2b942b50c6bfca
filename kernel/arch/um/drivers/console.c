// SPDX-License-Identifier: GPL-2.0
/*
 * The command line's con...= and ssl...=, the kernel consoles on the lines
 * they make, and what can be seen before there is one.
 *
 *	con=SPEC con<N>=SPEC	N = 0..15	/dev/tty<N>	console=tty<N>
 *	ssl=SPEC ssl<N>=SPEC	N = 0..63	/dev/ttyS<N>	console=ttyS<N>
 *	ssl-non-raw		host terminals behind ssl lines stay as they are
 *	earlyprintk		messages go to the host's stderr until a console
 *				takes over
 *
 * Channels are opened when consoles are initialised, long before init, so
 * what is wrong with them ends the program with one line before anything has
 * happened. The real console prints from the first message on (or, after
 * earlyprintk, from where that ended), and a panic before it exists prints
 * the log to stderr.
 */
#include <linux/console.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kmsg_dump.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/tty_driver.h>

#include <abi/host.h>

#include "console.h"
#include "line.h"

#define NUM_CON	16
#define NUM_SSL	64

static const char *con_specs[NUM_CON], *ssl_specs[NUM_SSL];
static struct um_line *con_lines[NUM_CON], *ssl_lines[NUM_SSL];

struct line_set um_con_lines = {
	.option = "con", .dev = "tty", .minor = 0, .num = NUM_CON,
	.type = TTY_DRIVER_TYPE_CONSOLE, .subtype = SYSTEM_TYPE_CONSOLE,
	.first = "fd:0,fd:1", .raw = true,
	.specs = con_specs, .lines = con_lines,
};

struct line_set um_ssl_lines = {
	.option = "ssl", .dev = "ttyS", .minor = 64, .num = NUM_SSL,
	.type = TTY_DRIVER_TYPE_SERIAL, .subtype = SERIAL_TYPE_NORMAL,
	.serial = true, .raw = true,
	.specs = ssl_specs, .lines = ssl_lines,
};

/* ---- the command line ---- */

static void __init bad_option(struct line_set *set, const char *rest)
{
	char text[80];

	snprintf(text, sizeof(text), "%s%s: no such line: give %s0= to %s%u=",
		 set->option, rest, set->option, set->option, set->num - 1);
	host_fatal("command line", text, 0);
}

/* rest follows "con" or "ssl": [N]=SPEC, else it is somebody else's. */
static int __init line_option(struct line_set *set, char *rest)
{
	char *spec = rest;
	unsigned int n;

	while (isdigit(*spec))
		spec++;
	if (*spec != '=')
		return 0;
	spec++;
	if (*rest == '=') {
		set->def = spec;
		return 1;
	}
	n = simple_strtoul(rest, NULL, 10);
	if (n >= set->num)
		bad_option(set, rest);
	set->specs[n] = spec;
	return 1;
}

static int __init con_option(char *rest)
{
	return line_option(&um_con_lines, rest);
}
__setup("con", con_option);

static int __init ssl_option(char *rest)
{
	if (!strcmp(rest, "-non-raw")) {
		um_ssl_lines.raw = false;
		return 1;
	}
	return line_option(&um_ssl_lines, rest);
}
__setup("ssl", ssl_option);

/* ---- making the lines ---- */

/* A daemon may have been started without the standard descriptors. */
static struct um_line * __init make_default(struct line_set *set, char *err)
{
	static const char * const specs[] __initconst = {
		"fd:0,fd:1", "fd:1", "null"
	};
	struct um_line *line = ERR_PTR(-ENODEV);
	int i;

	for (i = 0; i < ARRAY_SIZE(specs) && IS_ERR(line); i++)
		line = um_line_create(set, 0, specs[i], err);
	return line;
}

static void __init make_line(struct line_set *set, unsigned int n)
{
	const char *spec = set->specs[n] ?: set->def;
	char err[sizeof_field(struct host_chan, err)] = "";
	struct um_line *line;
	char name[8];

	if (!spec && (n || !set->first))
		return;
	if (spec && !strcmp(spec, "none"))
		return;
	if (spec)
		line = um_line_create(set, n, spec, err);
	else
		line = make_default(set, err);
	if (IS_ERR(line)) {
		snprintf(name, sizeof(name), "%s%u", set->option, n);
		host_fatal(name, *err ? err : "out of memory", 0);
	}
	set->lines[n] = line;
}

static void __init make_lines(struct line_set *set)
{
	unsigned int n;

	for (n = 0; n < set->num; n++)
		make_line(set, n);
}

/* ---- kernel consoles ---- */

static void line_console_write(struct console *co, const char *s, unsigned int n)
{
	struct line_set *set = co->data;

	um_line_console_write(set->lines[co->index], s, n);
}

static struct tty_driver *line_console_device(struct console *co, int *index)
{
	struct line_set *set = co->data;

	*index = co->index;
	return set->driver;
}

static bool console_up;

static int line_console_setup(struct console *co, char *options)
{
	struct line_set *set = co->data;
	char text[64];

	if (co->index < 0 || co->index >= set->num)
		return -ENODEV;
	if (!set->lines[co->index]) {
		snprintf(text, sizeof(text),
			 "console=%s%d: no channel: give %s%d=fd:0,fd:1\n",
			 set->dev, co->index, set->option, co->index);
		host_early_write(text, strlen(text));
		return -ENODEV;
	}
	console_up = true;
	return 0;
}

static struct console con_console = {
	.name	= "tty",
	.write	= line_console_write,
	.device	= line_console_device,
	.setup	= line_console_setup,
	.flags	= CON_PRINTBUFFER | CON_ANYTIME,
	.index	= -1,
	.data	= &um_con_lines,
};

static struct console ssl_console = {
	.name	= "ttyS",
	.write	= line_console_write,
	.device	= line_console_device,
	.setup	= line_console_setup,
	.flags	= CON_PRINTBUFFER | CON_ANYTIME,
	.index	= -1,
	.data	= &um_ssl_lines,
};

static int __init init_consoles(void)
{
	make_lines(&um_con_lines);
	make_lines(&um_ssl_lines);
	register_console(&con_console);
	register_console(&ssl_console);
	return 0;
}
console_initcall(init_consoles);

/* ---- before them ---- */

static void early_write(struct console *co, const char *s, unsigned int n)
{
	host_early_write(s, n);
}

static struct console boot_console = {
	.name	= "umboot",
	.write	= early_write,
	.flags	= CON_PRINTBUFFER | CON_BOOT | CON_ANYTIME,
	.index	= -1,
};

static int __init early_option(char *unused)
{
	if (!(boot_console.flags & CON_ENABLED)) {
		console_up = true;
		register_console(&boot_console);
	}
	return 0;
}
early_param("earlyprintk", early_option);

static int early_panic(struct notifier_block *nb, unsigned long event,
		       void *text)
{
	static char buf[1024];
	struct kmsg_dump_iter iter;
	size_t len;

	if (console_up)
		return NOTIFY_DONE;
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, buf, sizeof(buf), &len))
		host_early_write(buf, len);
	return NOTIFY_DONE;
}

static struct notifier_block panic_nb = {
	.notifier_call	= early_panic,
	.priority	= INT_MAX,
};

void __init um_console_early(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_nb);
}

/* ---- after init has started ---- */

static void drain_set(struct line_set *set)
{
	unsigned int i;

	for (i = 0; i < set->num; i++)
		if (set->lines[i])
			um_line_drain(set->lines[i]);
}

static int drain_lines(struct notifier_block *nb, unsigned long event,
		       void *data)
{
	drain_set(&um_con_lines);
	drain_set(&um_ssl_lines);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = {
	.notifier_call	= drain_lines,
	.priority	= INT_MIN,
};

static int __init init_lines(void)
{
	int err = um_lines_register(&um_con_lines);

	if (!err)
		err = um_lines_register(&um_ssl_lines);
	register_reboot_notifier(&reboot_nb);
	return err;
}
device_initcall(init_lines);
