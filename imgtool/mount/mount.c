/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool mount: options. */
#include <stdlib.h>
#include <sys/stat.h>

#include "imgtool/image/disk.h"
#include "imgtool/mount/mount.h"
#include "imgtool/msg.h"

enum { OPT_ALLOW_OTHER = OPTION_LONG_ONLY, OPT_RAW, OPT_RW };

const struct verb_option verb_mount_options[] = {
	VERB_OPTION_ALLOW_BACKING,
	{ "allow-other", OPT_ALLOW_OTHER, NULL,
	  "others may use the mount, as far as modes and ACLs let them" },
	VERB_OPTION_ENGINE,
	{ "foreground", 'f', NULL, "stay in the foreground" },
	{ "options", 'o', "OPTION,...", "mount options of FUSE" },
	{ "raw", OPT_RAW, NULL, "the plain bytes of an image, as one file" },
	{ "rw", OPT_RW, NULL, "it can be written to" },
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

int verb_mount(int argc, char **argv)
{
	struct mount_how how = { .ready = -1 };
	struct verb_args args;
	const char *value;
	char *options = NULL, *more, *image;
	bool raw = false;
	int c, r;

	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0) {
		switch (c) {
		case OPT_RAW:
			raw = true;
			break;
		case OPT_RW:
			how.writable = true;
			break;
		case OPT_ALLOW_OTHER:
			how.allow_other = true;
			break;
		case 'f':
			how.foreground = true;
			break;
		case 'o':
			more = options ? mem_printf("%s,%s", options, value) :
			       mem_strdup(value);
			free(options);
			options = more;
			break;
		}
	}
	if (c < 0)
		return args.status;
	if (args.argc != 2)
		return verb_usage_error(NULL, "needs an image and a mount "
					"point");
	how.any_backing = disk_backing_allowed();
	image = realpath(args.argv[0], NULL);
	how.image = image ?: args.argv[0];
	how.point = args.argv[1];
	how.options = options;
	r = raw ? mount_raw(&how, args.argv[0]) :
		  mount_tree(&how, args.argv[0]);
	free(image);
	free(options);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}
