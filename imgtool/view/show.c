/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cat, stat, df, sum. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/size.h"
#include "imgtool/view/sha256.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"

#define CHUNK (1 << 20)

enum { OPT_BYTES = OPTION_LONG_ONLY };

const struct verb_option verb_cat_options[] = {
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_stat_options[] = {
	{ "follow", 'L', NULL, "of a symlink, show what it leads to" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_df_options[] = {
	{ "bytes", OPT_BYTES, NULL, "exact numbers of bytes" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

const struct verb_option verb_sum_options[] = {
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VIEW_OPTION_JSON,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct show {
	struct view view;
	const char *image;
	bool json, bytes, follow, needs_path, header;
	struct json out;
	uint8_t *buffer;
	int status;
};

static int take_options(struct show *show, struct verb_args *args, int argc,
			char **argv)
{
	const struct verb_setting settings[] = {
		{ 'L', .flag = &show->follow },
		{ OPT_BYTES, .flag = &show->bytes },
		{ OPT_IMAGE, .value = &show->image },
		{ OPT_JSON, .flag = &show->json },
		{ 0 },
	};

	return verb_args_read(args, argc, argv, settings);
}

static int for_each(struct show *show, int argc, char **argv,
		    int (*one)(struct show *show))
{
	struct verb_args args;
	int i;

	if (take_options(show, &args, argc, argv) < 0)
		return args.status;
	if (!args.argc && (!show->image || show->needs_path))
		return verb_usage_error(NULL, show->needs_path ?
					"no file given, as IMG:PATH" :
					"no image given");
	show->out.out = stdout;
	show->buffer = mem_alloc(CHUNK);
	if (show->json)
		json_begin(&show->out, NULL, '[');
	for (i = 0; i < (args.argc ?: 1); i++) {
		if (view_open(&show->view, show->image,
			      args.argc ? args.argv[i] : "/",
			      show->follow) < 0) {
			show->status = -1;
			continue;
		}
		show->view.fs.no_flags = true;
		if (one(show) < 0)
			show->status = -1;
		view_close(&show->view);
	}
	if (show->json) {
		json_end(&show->out, ']');
		json_done(&show->out);
	}
	free(show->buffer);
	return show->status < 0 ? STATUS_FAILED : STATUS_OK;
}

static int cat_one(struct show *show)
{
	struct view *view = &show->view;
	uint64_t at = 0;
	ssize_t n;

	if (!S_ISREG(view->attr.mode))
		return msg_error(view_name(view, view->path), "is a %s, not a "
				 "file", view_type(view->attr.mode));
	while ((n = fs_read(&view->fs, view->ino, at, show->buffer,
			    CHUNK)) > 0) {
		if (fwrite(show->buffer, 1, n, stdout) != (size_t)n)
			return -1; /* main() reports that */
		at += n;
	}
	return n < 0 ? fs_error(&view->fs, view_name(view, view->path), n) : 0;
}

int verb_cat(int argc, char **argv)
{
	struct show show = { .follow = true, .needs_path = true };

	return for_each(&show, argc, argv, cat_one);
}

static void print_time(const char *what, const struct fs_time *time)
{
	char text[64];

	view_time(time, text);
	printf("%10s: %s\n", what, text);
}

static int print_xattr(void *context, const char *name, const void *value,
		       size_t size)
{
	const unsigned char *c = value;
	size_t i;

	fputs("     xattr: ", stdout);
	view_print_name(name);
	putchar('=');
	for (i = 0; i < size; i++)
		if (c[i] < 0x20 || c[i] >= 0x7f || c[i] == '\\')
			printf("\\%03o", c[i]);
		else
			putchar(c[i]);
	putchar('\n');
	return 0;
}

static int stat_text(struct view *view)
{
	const struct fs_attr *attr = &view->attr;
	char mode[11], target[FS_LINK_LONGEST + 1];
	int r;

	view_mode(attr->mode, mode);
	fputs("      path: ", stdout);
	view_print_name(view->path);
	putchar('\n');
	if (S_ISLNK(attr->mode)) {
		r = fs_readlink(&view->fs, view->ino, target);
		if (r < 0)
			return r;
		fputs("    target: ", stdout);
		view_print_name(target);
		putchar('\n');
	}
	printf("      type: %s\n", view_type(attr->mode));
	printf("      mode: %04o %s\n", attr->mode & 07777, mode);
	printf("     owner: %u:%u\n", attr->uid, attr->gid);
	printf("     inode: %" PRIu64 "\n", attr->number);
	printf("     links: %u\n", attr->nlink);
	printf("      size: %" PRIu64 "\n", attr->size);
	printf(" allocated: %" PRIu64 "\n", attr->blocks * 512);
	if (S_ISCHR(attr->mode) || S_ISBLK(attr->mode))
		printf("    device: %u,%u\n", attr->major, attr->minor);
	print_time("modified", &attr->mtime);
	print_time("accessed", &attr->atime);
	print_time("changed", &attr->ctime);
	if (attr->has_crtime)
		print_time("created", &attr->crtime);
	return fs_xattrs(&view->fs, view->ino, print_xattr, NULL);
}

static int stat_one(struct show *show)
{
	struct view *view = &show->view;
	int r;

	if (show->json) {
		json_begin(&show->out, NULL, '{');
		json_string(&show->out, "path", view->path);
		json_attr(&show->out, &view->attr);
		r = json_more(&show->out, &view->fs, view->ino, &view->attr);
		json_end(&show->out, '}');
	} else {
		r = stat_text(view);
	}
	return r < 0 ? fs_error(&view->fs, view_name(view, view->path), r) : 0;
}

int verb_stat(int argc, char **argv)
{
	struct show show = { .follow = false };

	return for_each(&show, argc, argv, stat_one);
}

static void print_amount(const struct show *show, uint64_t bytes)
{
	char text[16];

	if (show->bytes)
		printf(" %14" PRIu64, bytes);
	else
		printf(" %10s", size_format(bytes, text));
}

static int df_one(struct show *show)
{
	struct view *view = &show->view;
	struct fs_usage u;
	int r = fs_usage(&view->fs, &u);

	if (r < 0)
		return fs_error(&view->fs, view->target.file, r);
	if (show->json) {
		json_begin(&show->out, NULL, '{');
		json_string(&show->out, "image", view->target.file);
		json_string(&show->out, "type", view->fs.type);
		json_number(&show->out, "size", u.blocks * u.block_size);
		json_number(&show->out, "free", u.free_blocks * u.block_size);
		json_number(&show->out, "inodes", u.inodes);
		json_number(&show->out, "inodes_free", u.free_inodes);
		json_end(&show->out, '}');
		return 0;
	}
	if (!show->header)
		printf("%-8s %*s %*s %*s %10s %10s  %s\n", "type",
		       show->bytes ? 14 : 10, "size", show->bytes ? 14 : 10,
		       "used", show->bytes ? 14 : 10, "free", "inodes",
		       "free", "image");
	show->header = true;
	printf("%-8s", view->fs.type);
	print_amount(show, u.blocks * u.block_size);
	print_amount(show, (u.blocks - u.free_blocks) * u.block_size);
	print_amount(show, u.free_blocks * u.block_size);
	printf(" %10" PRIu64 " %10" PRIu64 "  ", u.inodes, u.free_inodes);
	view_print_name(view->target.file);
	putchar('\n');
	return 0;
}

int verb_df(int argc, char **argv)
{
	struct show show = { .follow = true };

	return for_each(&show, argc, argv, df_one);
}

static int sum_file(struct show *show, const char *path, uint64_t ino)
{
	struct sha256 sha;
	uint64_t at = 0;
	char digest[65];
	ssize_t n;

	sha256_begin(&sha);
	while ((n = fs_read(&show->view.fs, ino, at, show->buffer,
			    CHUNK)) > 0) {
		sha256_add(&sha, show->buffer, n);
		progress_add((uint64_t)n);
		at += n;
	}
	if (n < 0)
		return fs_error(&show->view.fs, view_name(&show->view, path), n);
	sha256_end(&sha, digest);
	if (show->json) {
		json_begin(&show->out, NULL, '{');
		json_string(&show->out, "path", path);
		json_string(&show->out, "sha256", digest);
		json_end(&show->out, '}');
	} else {
		printf("%s  ", digest);
		view_print_name(path);
		putchar('\n');
	}
	return 0;
}

static int sum_enter(void *context, const struct visit *visit)
{
	struct show *show = context;

	if (S_ISREG(visit->attr->mode) &&
	    sum_file(show, visit->path, visit->attr->ino) < 0)
		show->status = -1;
	return 0;
}

static int sum_one(struct show *show)
{
	struct walk walk = { .enter = sum_enter, .context = show };
	int r;

	/* (on a terminal, the digests themselves tell) */
	if (!isatty(STDOUT_FILENO))
		progress_begin(show->view.target.file);
	view_expect(&show->view);
	r = view_walk(&show->view, &walk);
	progress_end();
	return r;
}

int verb_sum(int argc, char **argv)
{
	struct show show = { .follow = true };

	return for_each(&show, argc, argv, sum_one);
}
