// SPDX-License-Identifier: GPL-2.0
/* `imgtool run`: its options. What it does is in run/. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"
#include "imgtool/size.h"
#include "imgtool/verb.h"

#define MEM_DEFAULT (512ull << 20)
#define MEM_MIN (32ull << 20)
#define CPUS_MAX 64
#define LAYER_MIN (1ull << 20)

enum {
	OPT_RW = OPTION_LONG_ONLY,
	OPT_WORKDIR,
	OPT_HOSTNAME,
	OPT_KERNEL,
	OPT_TIMEOUT,
	OPT_LAYER_MAX,
	OPT_LAYER_DIR,
	OPT_APPEND,
	OPT_BIND,
	OPT_KEEP,
	OPT_BACKING,
	OPT_SCRIPT,
};

const struct verb_option verb_run_options[] = {
	{ "mem", 'm', "SIZE", "memory of the guest (512M)" },
	{ "cpus", 'c', "N", "its processors (as the host, at most 2)" },
	{ "keep", OPT_KEEP, "FILE",
	  "the layer is this COW file, which is kept, and gone on with" },
	{ "rw", OPT_RW, NULL, "write to IMG itself, not to a layer" },
	{ "backing", OPT_BACKING, "FILE",
	  "the backing of a COW file IMG, instead of the header's" },
	{ "layer-max", OPT_LAYER_MAX, "SIZE",
	  "how large the layer may become" },
	{ "layer-dir", OPT_LAYER_DIR, "DIR", "where the layer is kept" },
	{ "script", OPT_SCRIPT, "FILE",
	  "run this script of the host, - for standard input" },
	{ "env", 'e', "NAME[=VALUE]", "set in the command's environment" },
	{ "workdir", OPT_WORKDIR, "DIR", "where the command starts (/)" },
	{ "bind", OPT_BIND, "HOST:GUEST[:ro]",
	  "show a directory of the host in the guest" },
	{ "user", 'u', "USER[:GROUP]", "who it runs as (root)" },
	{ "hostname", OPT_HOSTNAME, "NAME", "name of the guest" },
	{ "timeout", OPT_TIMEOUT, "SECONDS",
	  "end the guest then; exit status 124" },
	{ "kernel", OPT_KERNEL, "FILE", "the kernel to boot" },
	{ "append", OPT_APPEND, "ARGS", "more arguments for the kernel" },
	{ "verbose", 'v', NULL, "show the kernel's messages" },
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

static unsigned int host_cpus(void)
{
	cpu_set_t set;
	int n = 1;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	return n > 2 ? 2 : n < 1 ? 1 : n;
}

static int parse_size(const char *option, const char *text, uint64_t min,
		      uint64_t *bytes)
{
	char smallest[16];
	int err = size_parse(text, bytes);

	if (err)
		return verb_usage_error(option, err == -ERANGE ?
					"%s is too large" :
					"%s is not a size, such as 512M or 2G",
					text);
	if (*bytes < min)
		return verb_usage_error(option, "%s is too little, at least %s",
					text, size_format(min, smallest));
	return 0;
}

static int parse_number(const char *option, const char *text, unsigned int max,
			unsigned int *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || n < 1 || n > max)
		return verb_usage_error(option,
					"%s is not a number from 1 to %u",
					text, max);
	*value = n;
	return 0;
}

static int add_env(struct run_options *options, const char *variable)
{
	static size_t room;

	if (!*variable || *variable == '=')
		return verb_usage_error("--env", "%s is not NAME=VALUE",
					variable);
	options->env = mem_grow(options->env, options->env_count, &room,
				sizeof(*options->env));
	options->env[options->env_count++] = (char *)variable;
	return 0;
}

static bool usable_path(const char *path)
{
	return *path == '/' && !strpbrk(path, " \t\n\"'\\");
}

/* HOST:GUEST[:ro] */
static int add_bind(struct run_options *options, const char *value)
{
	struct run_bind *b = &options->binds[options->bind_count];
	char *text = mem_strdup(value), *guest = strchr(text, ':'), *end;

	if (options->bind_count == RUN_BINDS)
		return verb_usage_error("--bind", "at most %d can be given",
					RUN_BINDS);
	if (!guest || guest == text)
		return verb_usage_error("--bind", "%s is not HOST:GUEST[:ro]",
					value);
	*guest++ = '\0';
	end = strchr(guest, ':');
	if (end && strcmp(end, ":ro"))
		return verb_usage_error("--bind", "%s is not HOST:GUEST[:ro]",
					value);
	b->ro = end;
	if (end)
		*end = '\0';
	b->host = realpath(text, NULL);
	b->guest = guest;
	if (!b->host)
		return verb_usage_error("--bind", "%s: %s", text,
					strerror(errno));
	if (!usable_path(b->host) || !usable_path(guest))
		return verb_usage_error("--bind",
					"%s: the guest's path must be absolute, and neither may have blanks or quotes",
					value);
	options->bind_count++;
	return 0;
}

static int check_hostname(const char *name)
{
	if (!*name || strlen(name) > 64)
		return verb_usage_error("--hostname",
					"%s is not 1 to 64 characters", name);
	return 0;
}

static int take_option(struct run_options *o, int id, const char *value)
{
	switch (id) {
	case 'm':
		return parse_size("--mem", value, MEM_MIN, &o->mem);
	case 'c':
		return parse_number("--cpus", value, CPUS_MAX, &o->cpus);
	case OPT_RW:
		o->rw = true;
		return 0;
	case OPT_KEEP:
		o->keep = value;
		return 0;
	case OPT_BACKING:
		o->backing = value;
		return 0;
	case OPT_SCRIPT:
		o->script = value;
		return 0;
	case OPT_LAYER_MAX:
		return parse_size("--layer-max", value, LAYER_MIN,
				  &o->layer_max);
	case OPT_LAYER_DIR:
		o->layer_dir = value;
		return 0;
	case 'e':
		return add_env(o, value);
	case OPT_BIND:
		return add_bind(o, value);
	case OPT_WORKDIR:
		o->workdir = value;
		return 0;
	case 'u':
		o->user = value;
		return 0;
	case OPT_HOSTNAME:
		o->hostname = value;
		return check_hostname(value);
	case OPT_TIMEOUT:
		return parse_number("--timeout", value, INT_MAX / 1000,
				    &o->timeout);
	case OPT_KERNEL:
		o->kernel = value;
		return 0;
	case OPT_APPEND:
		o->append = value;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	}
	return STATUS_USAGE;
}

/* Read the options in front of the next operand. -1: go on with what
 * args->argc and argv hold, else the status to exit with. */
static int take_options(struct run_options *options, struct verb_args *args,
			int argc, char **argv)
{
	const char *value;
	int c, status;

	verb_args_start(args, argc, argv, VERB_ARGS_STOP_AT_OPERAND);
	while ((c = verb_args_next(args, &value)) > 0) {
		status = take_option(options, c, value);
		if (status)
			return status;
	}
	return c < 0 ? args->status : -1;
}

/* Options may stand before and behind IMG: `run IMG --mem 1G -- CMD`. */
static int parse(struct run_options *options, int argc, char **argv)
{
	static struct verb_args args; /* not freed where an option is wrong */
	int status = take_options(options, &args, argc, argv);

	if (status >= 0)
		return status;
	if (args.argc < 1)
		return verb_usage_error("IMG", "no image given");
	options->image = args.argv[0];
	/* The image's slot becomes the verb's name for the second round. */
	args.argv[0] = argv[0];
	status = take_options(options, &args, args.argc, args.argv);
	if (status >= 0)
		return status;
	options->argc = args.argc;
	options->argv = args.argv;
	return -1;
}

/* Options that contradict each other. -1: they do not. */
static int check_options(const struct run_options *o)
{
	if (o->keep && o->rw)
		return verb_usage_error("--keep", "not together with --rw");
	if (o->keep && (o->layer_dir || o->layer_max))
		return verb_usage_error("--keep",
					"not together with --layer-dir or --layer-max");
	if (o->keep && o->backing)
		return verb_usage_error("--keep",
					"not together with --backing");
	return -1;
}

int verb_run(int argc, char **argv)
{
	struct run_options options = {
		.mem = MEM_DEFAULT,
		.cpus = host_cpus(),
		.append = "",
		.user = "",
		.workdir = "",
		.hostname = "",
	};
	int status = parse(&options, argc, argv);

	if (status < 0)
		status = check_options(&options);
	if (status < 0 && options.script && script_read(&options) < 0)
		status = AGENT_EXIT_FAILED;
	if (status < 0)
		status = session_run(&options);
	free(options.script_data);
	free(options.env);
	return status;
}
