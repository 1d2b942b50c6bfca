/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool build: sources -> tree -> volume -> output. See ext4/volume.h for
 * the order of things, and imgtool.1 for what it promises.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "imgtool/convert/layer.h"
#include "imgtool/ext4/spool.h"
#include "imgtool/ext4/volume.h"
#include "imgtool/finish.h"
#include "imgtool/io/output.h"
#include "imgtool/io/table.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"
#include "imgtool/source/debian.h"
#include "imgtool/source/fakeroot.h"
#include "imgtool/source/inject.h"
#include "imgtool/source/source.h"
#include "imgtool/system.h"
#include "imgtool/tree/tree.h"
#include "imgtool/verb.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"

/* --size auto leaves this share of the contents free, and at least that. */
#define AUTO_FREE_SHARE 8
#define AUTO_FREE_LEAST (32 << 20)

enum {
	OPT_SIZE = OPTION_LONG_ONLY,
	OPT_FS,
	OPT_PROFILE,
	OPT_LABEL,
	OPT_UUID,
	OPT_SEED,
	OPT_OWNER,
	OPT_UIDMAP,
	OPT_GIDMAP,
	OPT_FAKEROOT,
	OPT_EXCLUDE,
	OPT_INJECT,
	OPT_CONTENTS_DIR,
	OPT_HOSTNAME,
	OPT_MACHINE_ID,
	OPT_RESOLV_CONF,
	OPT_CLOUD_INIT,
	OPT_FSTAB,
	OPT_SWAP,
	OPT_GROW,
	OPT_PARTITION,
	OPT_FROM_DEBIAN,
	OPT_VARIANT,
	OPT_INCLUDE,
	OPT_MIRROR,
	OPT_SPOOL,
	OPT_DRY_RUN,
	OPT_FORMAT,
	OPT_BACKING,
};

const struct verb_option verb_build_options[] = {
	{ "output", 'o', "IMG", "the image to make; replaced if it exists" },
	{ "size", OPT_SIZE, "auto|N|+N",
	  "size of the image, or with + how much stays free" },
	{ "format", OPT_FORMAT, "raw|cow",
	  "of the image; cow if it gets a backing, else raw" },
	{ "backing", OPT_BACKING, "FILE",
	  "of a COW file: what is the same there is left out" },
	{ "fs", OPT_FS, "ext4|ext3|ext2", "what to make; ext4 if not given" },
	{ "profile", OPT_PROFILE, "NAME",
	  "the oldest system that must read it, like debian-8" },
	{ "label", OPT_LABEL, "TEXT", "volume label, up to 16 bytes" },
	{ "uuid", OPT_UUID, "UUID", "identity (else made from the contents)" },
	{ "seed", OPT_SEED, "TEXT", "make uuid and hash seed from this text" },
	{ "owner", OPT_OWNER, "UID:GID", "who owns everything in the image" },
	{ "uidmap", OPT_UIDMAP, "FROM:TO:COUNT",
	  "user FROM becomes TO, and so on; can be repeated" },
	{ "gidmap", OPT_GIDMAP, "FROM:TO:COUNT", "the same for groups" },
	{ "fakeroot-state", OPT_FAKEROOT, "FILE",
	  "owners and devices as fakeroot -s saved them" },
	{ "exclude", OPT_EXCLUDE, "PATTERN",
	  "leave out what matches; can be repeated" },
	{ "from-debian", OPT_FROM_DEBIAN, "SUITE",
	  "begin with a new Debian, made by mmdebstrap" },
	{ "variant", OPT_VARIANT, "NAME",
	  "which of its sets of packages; minbase if not given" },
	{ "include", OPT_INCLUDE, "PACKAGE,...",
	  "and these packages; can be repeated" },
	{ "mirror", OPT_MIRROR, "URL",
	  "where packages come from; can be repeated" },
	{ "contents-dir", OPT_CONTENTS_DIR, "DIR",
	  "where mtree manifests find the files they name" },
	{ "inject", OPT_INJECT, "SRC:DST[,[MODE][,UID:GID]]",
	  "put in one more file; can be repeated" },
	{ "hostname", OPT_HOSTNAME, "NAME", "write /etc/hostname" },
	{ "empty-machine-id", OPT_MACHINE_ID, NULL,
	  "the first boot makes an own /etc/machine-id" },
	{ "resolv-conf", OPT_RESOLV_CONF, "systemd|empty|ADDRESS,...",
	  "what /etc/resolv.conf is" },
	{ "cloud-init", OPT_CLOUD_INIT, "DIR",
	  "take user-data and others in DIR as cloud-init's NoCloud seed" },
	{ "fstab", OPT_FSTAB, "ENTRY",
	  "write /etc/fstab, with this entry; can be repeated" },
	{ "swap", OPT_SWAP, "SIZE",
	  "add a swap file, or a partition with --partition" },
	{ "grow", OPT_GROW, NULL,
	  "systemd makes it as large as its disk when it boots" },
	{ "partition", OPT_PARTITION, "gpt|mbr",
	  "a partition table, with the file system in partition 1" },
	{ "spool", OPT_SPOOL, NULL,
	  "sort by path first: the same bytes from any kind of source" },
	{ "dry-run", OPT_DRY_RUN, NULL,
	  "write nothing, print the size it would have" },
	{ "quiet", OPTION_QUIET, NULL, "print errors only" },
	VIEW_OPTION_JSON,
	VERB_OPTIONS_END
};

enum size_kind { SIZE_AUTO, SIZE_FIXED, SIZE_FREE };

struct build {
	const char *image;
	const char *backing; /* of a COW file; NULL: a raw image */
	enum format format;
	const char *fakeroot_state;
	enum size_kind size_kind;
	struct table table;
	uint64_t size;
	bool spool, dry_run, json;
	const char *fs, *profile_name;
	const struct profile *profile;
	struct identity_options identity;
	struct import import;
	struct debian debian;
	struct system system;
	struct injections system_files, injections;

	struct output output;
	struct tree tree;
	struct volume volume;
};

static int parse_size(struct build *build, const char *text)
{
	const char *number = text + (*text == '+');

	if (!strcmp(text, "auto")) {
		build->size_kind = SIZE_AUTO;
		return 0;
	}
	if (size_parse(number, &build->size) < 0)
		return verb_usage_error(text, "not a size like auto, 2G or "
					"+100M");
	build->size_kind = *text == '+' ? SIZE_FREE : SIZE_FIXED;
	if (build->size_kind == SIZE_FIXED && !build->size)
		return verb_usage_error(text, "an image cannot be empty");
	return 0;
}

static int parse_partition(struct build *build, const char *text)
{
	if (!strcmp(text, "gpt"))
		build->table.kind = TABLE_GPT;
	else if (!strcmp(text, "mbr"))
		build->table.kind = TABLE_MBR;
	else
		return verb_usage_error(text, "not a partition table; use gpt "
					"or mbr");
	return 0;
}

static int parse_label(struct build *build, const char *text)
{
	if (strlen(text) > 16)
		return verb_usage_error(text, "the label has more than 16 "
					"bytes");
	build->identity.label = text;
	return 0;
}

static int parse_owner(struct build *build, const char *text)
{
	struct import *import = &build->import;

	if (owner_parse(text, &import->uid, &import->gid) < 0)
		return verb_usage_error(text, "not an owner like 0:0");
	import->set_owner = true;
	return 0;
}

static int parse_uuid(struct build *build, const char *text)
{
	if (uuid_parse(text, build->identity.uuid) < 0)
		return verb_usage_error(text, "not a uuid");
	build->identity.set_uuid = true;
	return 0;
}

static int parse_map(struct idmap *map, const char *text)
{
	if (idmap_add(map, text) < 0)
		return verb_usage_error(text, "not a map like 100000:0:65536, "
					"or it overlaps another");
	return 0;
}

static int parse_inject(struct build *build, const char *text)
{
	const char *problem = injections_add(&build->injections, text);

	return problem ? verb_usage_error(text, "%s", problem) : 0;
}

/* Options whose values are looked at elsewhere. */
static int parse_others(struct build *build, int id, const char *value)
{
	struct system *system = &build->system;
	struct debian *debian = &build->debian;
	const char *problem;

	switch (id) {
	case OPT_HOSTNAME:
		problem = system_set_hostname(system, value);
		break;
	case OPT_RESOLV_CONF:
		problem = system_set_resolv_conf(system, value);
		break;
	case OPT_FSTAB:
		problem = system_add_fstab(system, value);
		break;
	case OPT_SWAP:
		problem = system_set_swap(system, value);
		break;
	case OPT_FROM_DEBIAN:
		problem = debian_set_suite(debian, value);
		break;
	case OPT_VARIANT:
		problem = debian_set_variant(debian, value);
		break;
	case OPT_INCLUDE:
		problem = debian_add_include(debian, value);
		break;
	case OPT_MIRROR:
		problem = debian_add_mirror(debian, value);
		break;
	default:
		return STATUS_USAGE;
	}
	return problem ? verb_usage_error(value, "%s", problem) : 0;
}

/* Returns 0 or an exit status. */
static int take_option(struct build *build, int id, const char *value)
{
	switch (id) {
	case 'o':
		build->image = value;
		return 0;
	case OPT_JSON:
		build->json = true;
		return 0;
	case OPT_SIZE:
		return parse_size(build, value);
	case OPT_FORMAT:
		build->format = format_of(value);
		return build->format ? 0 : verb_usage_error(value, "neither raw "
							    "nor cow");
	case OPT_BACKING:
		build->backing = value;
		return 0;
	case OPT_FS:
		build->fs = value;
		return 0;
	case OPT_PROFILE:
		build->profile_name = value;
		return 0;
	case OPT_LABEL:
		return parse_label(build, value);
	case OPT_UUID:
		return parse_uuid(build, value);
	case OPT_SEED:
		build->identity.seed = value;
		return 0;
	case OPT_OWNER:
		return parse_owner(build, value);
	case OPT_UIDMAP:
		return parse_map(&build->import.uids, value);
	case OPT_GIDMAP:
		return parse_map(&build->import.gids, value);
	case OPT_FAKEROOT:
		build->fakeroot_state = value;
		return 0;
	case OPT_CONTENTS_DIR:
		build->import.contents_dir = value;
		return 0;
	case OPT_INJECT:
		return parse_inject(build, value);
	case OPT_MACHINE_ID:
		build->system.empty_machine_id = true;
		return 0;
	case OPT_CLOUD_INIT:
		build->system.cloud_init = value;
		return 0;
	case OPT_GROW:
		build->system.grow = true;
		return 0;
	case OPT_PARTITION:
		return parse_partition(build, value);
	case OPT_SPOOL:
		build->spool = true;
		return 0;
	case OPT_DRY_RUN:
		build->dry_run = true;
		return 0;
	case OPT_EXCLUDE:
		import_exclude(&build->import, value);
		return 0;
	}
	return parse_others(build, id, value);
}

static int take_environment(struct build *build)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t sec;

	if (!epoch || !*epoch)
		return 0;
	if (epoch_parse(epoch, &sec) < 0)
		return verb_usage_error("SOURCE_DATE_EPOCH",
					"not a number of seconds: %s", epoch);
	build->import.clamp = true;
	build->import.latest = sec;
	build->identity.set_time = true;
	build->identity.time = sec;
	return 0;
}

static int choose_profile(struct build *build)
{
	const char *problem;

	build->profile = profile_find(build->fs, build->profile_name,
				      &problem);
	if (build->profile)
		return 0;
	return verb_usage_error(build->profile_name ?: build->fs, "%s",
				problem);
}

static int check_operands(const struct build *build,
			  const struct verb_args *args)
{
	const struct debian *debian = &build->debian;
	int i, pipes = 0;

	if (!args->argc && !debian->suite)
		return verb_usage_error(NULL, "no SOURCE given");
	if (!debian->suite && (debian->variant || debian->include_count ||
			       debian->mirror_count))
		return verb_usage_error(NULL, "--variant, --include and "
					"--mirror are for --from-debian");
	if (!build->image && !build->dry_run)
		return verb_usage_error(NULL, "no image given; use -o IMG");
	for (i = 0; i < args->argc; i++)
		pipes += source_is_stdin(args->argv[i]);
	if (pipes > 1)
		return verb_usage_error("-", "standard input can be a source "
					"only once");
	return 0;
}

/* A COW file shows a disk as large as its backing. -1: reported. */
static int take_backing(struct build *build)
{
	uint64_t size;

	if (layer_size(build->image, build->backing, &size) < 0)
		return -1;
	if (build->size_kind == SIZE_FREE ||
	    (build->size_kind == SIZE_FIXED && build->size != size))
		return msg_error("--size", "a COW file has the size of its "
				 "backing, here %llu bytes",
				 (unsigned long long)size);
	build->size_kind = SIZE_FIXED;
	build->size = size;
	return 0;
}

static int read_sources(struct build *build, const struct verb_args *args)
{
	int i;

	if (build->fakeroot_state &&
	    fakeroot_read(&build->import.fakeroot, build->fakeroot_state) < 0)
		return -1;
	if (build->debian.suite &&
	    source_read_debian(&build->import, &build->debian) < 0)
		return -1;
	for (i = 0; i < args->argc; i++)
		if (source_read(&build->import, args->argv[i]) < 0)
			return -1;
	if (!fakeroot_was_used(build->import.fakeroot))
		return msg_error(build->fakeroot_state, "no file of the source "
				 "directories is in it; it is valid for the "
				 "tree it was made with, not for a copy");
	return 0;
}

/* What goes over the sources. */
static int add_files(struct build *build)
{
	struct injections last = { 0 };
	int r;

	if (injections_apply(&build->system_files, &build->import) < 0 ||
	    injections_apply(&build->injections, &build->import) < 0)
		return -1;
	system_fstab(&build->system, &build->table, build->profile->fs,
		     &build->tree, &build->identity, &last);
	r = injections_apply(&last, &build->import);
	injections_free(&last);
	return r;
}

static uint64_t free_bytes(const struct build *build)
{
	uint64_t bytes = build->volume.alloc.taken * 4096 / AUTO_FREE_SHARE;

	if (build->size_kind == SIZE_FREE)
		return build->size;
	return bytes > AUTO_FREE_LEAST ? bytes : AUTO_FREE_LEAST;
}

static int make_image(struct build *build, const struct verb_args *args)
{
	struct volume_identity identity;
	struct volume *volume = &build->volume;

	if ((build->spool && spool_open(volume) < 0) ||
	    read_sources(build, args) < 0 || add_files(build) < 0 ||
	    tree_finish(&build->tree, &build->identity, &identity) < 0 ||
	    volume_place(volume, &identity) < 0 ||
	    volume_layout(volume, free_bytes(build)) < 0)
		return -1;
	if (table_check(&build->output, &build->table, volume_bytes(volume)) < 0)
		return -1;
	if (build->dry_run)
		return 0;
	if (volume_write(volume) < 0)
		return -1;
	return table_write(&build->output, &build->table,
			   volume_bytes(volume), identity.uuid);
}

static uint64_t table_bytes(const struct build *build)
{
	return table_before(&build->table) + table_after(&build->table);
}

static void print_json(const struct build *build, uint64_t free_blocks,
		       size_t inodes)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	if (build->image)
		json_string(&json, "image", build->image);
	json_number(&json, "size", volume_bytes(&build->volume) +
				   table_bytes(build));
	json_number(&json, "free", free_blocks * 4096);
	json_number(&json, "inodes", inodes);
	json_end(&json, '}');
	json_done(&json);
}

static void print_summary(const struct build *build, uint64_t free_blocks,
			  uint64_t blocks, size_t inodes)
{
	char size[16], free_size[16];

	if (build->json) {
		print_json(build, free_blocks, inodes);
		return;
	}
	if (build->dry_run)
		printf("%s: %llu bytes: ", build->image ?: "image",
		       (unsigned long long)(volume_bytes(&build->volume) +
					    table_bytes(build)));
	else
		printf("%s: ", build->image);
	printf("%s, %zu inodes, %s free\n",
	       size_format(blocks * 4096, size), inodes,
	       size_format(free_blocks * 4096, free_size));
}

static int open_output(struct build *build)
{
	if (build->dry_run)
		return output_count(&build->output, build->image);
	if (output_open(&build->output, build->image) < 0)
		return -1;
	if (build->backing)
		output_keep_unnamed(&build->output);
	return output_set_base(&build->output, table_before(&build->table));
}

static int build_image(struct build *build, const struct verb_args *args)
{
	const struct layout *layout = &build->volume.layout;
	uint64_t fixed;
	int r;

	if (build->backing && take_backing(build) < 0)
		return STATUS_FAILED;
	fixed = build->size_kind == SIZE_FIXED ? build->size : 0;
	if (build->table.kind && fixed && fixed < table_bytes(build) + (1 << 20))
		return verb_usage_error("--size", "has no room for the "
					"partition table");
	if (open_output(build) < 0)
		return STATUS_FAILED;
	if (fixed) /* A partition is made of sectors. */
		fixed = build->table.kind ? (fixed - table_bytes(build)) & -512ULL :
				       fixed;
	if (table_check(&build->output, &build->table, fixed) < 0) {
		output_abort(&build->output);
		return STATUS_FAILED;
	}
	tree_init(&build->tree);
	if (build->import.set_owner) {
		build->tree.made_uid = build->import.uid;
		build->tree.made_gid = build->import.gid;
	}
	volume_begin(&build->volume, &build->output, &build->tree,
		     build->profile, fixed);
	build->import.tree = &build->tree;
	build->import.volume = &build->volume;
	if (!build->dry_run)
		progress_begin(build->image);
	r = make_image(build, args);
	progress_end();
	if (r == 0 && !build->dry_run)
		r = build->backing ?
		    layer_make(&build->output, build->backing) :
		    output_commit(&build->output);
	if (r == 0 && (build->dry_run || build->json || !msg_is_quiet()))
		print_summary(build, layout->free_blocks, layout->blocks,
			      build->volume.inode_count);
	volume_end(&build->volume);
	output_abort(&build->output);
	source_close_all(&build->import);
	tree_free(&build->tree);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}

int verb_build(int argc, char **argv)
{
	struct verb_args args;
	struct build *build;
	const char *value;
	int c, status = 0;

	build = mem_zalloc(sizeof(*build));
	verb_args_start(&args, argc, argv, 0);
	while ((c = verb_args_next(&args, &value)) > 0 && !status)
		status = take_option(build, c, value);
	if (c < 0)
		status = args.status;
	else if (!status)
		status = choose_profile(build) ?: take_environment(build);
	if (c == 0 && !status)
		status = check_operands(build, &args) ?:
			 format_choose(&build->format, build->backing) ?:
			 system_files(&build->system, &build->table,
				      &build->system_files);
	/* A file size limit must give an error, not end the program. */
	signal(SIGXFSZ, SIG_IGN);
	if (c == 0 && !status)
		status = build_image(build, &args);
	free(build->import.excludes);
	idmap_free(&build->import.uids);
	idmap_free(&build->import.gids);
	injections_free(&build->injections);
	injections_free(&build->system_files);
	system_free(&build->system);
	debian_free(&build->debian);
	fakeroot_free(build->import.fakeroot);
	free(build);
	return status;
}
