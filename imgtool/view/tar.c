/* SPDX-License-Identifier: GPL-2.0 */
/*
 * imgtool tar: a tree as a pax archive, in the order of names, so that the
 * same tree gives the same bytes.
 *
 * Names come from the walk, which hands out none that could lead out of its
 * directory; hard links name what has been written before. What is damaged is
 * reported by its name, and then there is no archive under the name that was
 * asked for, unless --keep-going says to write what is left.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/io/cleanup.h"
#include "imgtool/msg.h"
#include "imgtool/progress.h"
#include "imgtool/view/tar.h"
#include "imgtool/view/verbs.h"
#include "imgtool/view/view.h"

#define CHUNK (1 << 20)

const struct verb_option verb_tar_options[] = {
	{ "output", 'o', "FILE", "write to FILE, not to standard output" },
	{ "keep-going", 'k', NULL, "leave out what is damaged" },
	VIEW_OPTION_IMAGE,
	VERB_OPTION_ALLOW_BACKING,
	VERB_OPTION_ENGINE,
	VERB_OPTION_QUIET,
	VERB_OPTIONS_END
};

struct tarring {
	struct view view;
	struct archive *archive;
	struct archive_entry *entry;
	const char *output; /* for messages */
	int fd;
	bool keep_going, dead;
	size_t skip; /* of each path: where the archive's names begin */
	struct tar_links links;
	uint8_t *buffer;
	int status;
};

/* An archive that cannot be written ends the walk, whatever the options. */
static int write_failed(struct tarring *t)
{
	return msg_errno(t->output, archive_errno(t->archive),
			 "cannot be written");
}

/* Something of the image is left out, for -errno or what tar_set_xattrs()
 * says. Returns what ends or goes on. */
static int left_out(struct tarring *t, const char *path, int err)
{
	if (err < 0)
		fs_error(&t->view.fs, view_name(&t->view, path), err);
	else
		msg_error(view_name(&t->view, path), "has an extended "
			  "attribute with = in its name, which a tar cannot "
			  "have");
	t->status = -1;
	return t->keep_going ? 1 : -1;
}

/* The sum of a file's data cannot be more than the file system has; nor are
 * there more pieces than bytes on the disk. */
static int add_sparse(struct tarring *t, const struct fs_attr *attr)
{
	uint64_t at, start, end, sum = 0, pieces = 0;
	bool holes = false;
	int r;

	for (at = 0; at < attr->size; at = end) {
		r = fs_data(&t->view.fs, attr->ino, at, &start, &end);
		if (r < 0)
			return r;
		holes |= start > at;
		sum += end - start;
		if (end <= at || sum > t->view.fs.data_most ||
		    ++pieces > t->view.disk.size)
			return -EUCLEAN;
		if (end > start)
			archive_entry_sparse_add_entry(t->entry, start,
						       end - start);
	}
	/* a file that is all hole has one piece, of no length */
	if (holes && !sum)
		archive_entry_sparse_add_entry(t->entry, attr->size, 0);
	if (!holes)
		archive_entry_sparse_clear(t->entry);
	return 0;
}

/* Holes have to be handed over, too; libarchive does not look at them. */
static int write_zeros(struct tarring *t, uint64_t length)
{
	static const uint8_t zeros[CHUNK];
	la_ssize_t n;

	for (; length; length -= n) {
		n = archive_write_data(t->archive, zeros, length < CHUNK ?
				       length : CHUNK);
		if (n <= 0)
			return write_failed(t);
	}
	return 0;
}

static int write_piece(struct tarring *t, const struct visit *visit,
		       uint64_t start, uint64_t end)
{
	ssize_t n;

	for (; start < end; start += n) {
		n = fs_read(&t->view.fs, visit->attr->ino, start, t->buffer,
			    end - start < CHUNK ? end - start : CHUNK);
		if (n <= 0) {
			/* its length stands in the archive already */
			left_out(t, visit->path, n < 0 ? n : -EUCLEAN);
			return t->keep_going ? write_zeros(t, end - start) :
			       -1;
		}
		progress_add((uint64_t)n);
		if (archive_write_data(t->archive, t->buffer, n) != n)
			return write_failed(t);
	}
	return 0;
}

static int write_contents(struct tarring *t, const struct visit *visit)
{
	uint64_t at, start, end, size = visit->attr->size;
	int r;

	for (at = 0; at < size; at = end) {
		r = fs_data(&t->view.fs, visit->attr->ino, at, &start, &end);
		if (r < 0)
			return left_out(t, visit->path, r) < 0 ? -1 :
			       write_zeros(t, size - at);
		if (write_zeros(t, start - at) < 0 ||
		    write_piece(t, visit, start, end) < 0)
			return -1;
	}
	return 0;
}

/* The parts of an inode that are behind its attributes. As tar_set_xattrs(). */
static int set_more(struct tarring *t, const struct fs_attr *attr)
{
	char target[FS_LINK_LONGEST + 1];
	int r = 0;

	archive_entry_set_size(t->entry, 0);
	if (S_ISREG(attr->mode)) {
		archive_entry_set_size(t->entry, attr->size);
		r = add_sparse(t, attr);
	} else if (S_ISLNK(attr->mode)) {
		r = fs_readlink(&t->view.fs, attr->ino, target);
		if (r == 0)
			archive_entry_set_symlink(t->entry, target);
	}
	if (r == 0)
		r = tar_set_xattrs(t->entry, &t->view.fs, attr->ino);
	return r;
}

static int write_header(struct tarring *t, const char *path)
{
	int r = archive_write_header(t->archive, t->entry);
	const char *reason;

	if (r == ARCHIVE_OK)
		return 0;
	if (r == ARCHIVE_FATAL)
		return write_failed(t);
	reason = archive_error_string(t->archive) ?: "libarchive refuses it";
	if (r == ARCHIVE_WARN) {
		/* Names that are not UTF-8 are written as they are. */
		if (strncmp(reason, "Can't translate", 15))
			msg_warning(view_name(&t->view, path), "%s", reason);
		return 0;
	}
	msg_error(view_name(&t->view, path), "cannot be stored in a tar: %s",
		  reason);
	t->status = -1;
	return t->keep_going ? 1 : -1;
}

static bool may_be_link(const struct fs_attr *attr)
{
	return !S_ISDIR(attr->mode) && attr->nlink > 1;
}

/* "." for the root of the archive; a file that was asked for has its name. */
static const char *name_of(const struct tarring *t, const struct visit *visit)
{
	if (visit->depth)
		return visit->path + t->skip;
	return S_ISDIR(visit->attr->mode) ? "." : visit->name;
}

/* What has not been written under another name. */
static int write_inode(struct tarring *t, const struct visit *visit,
		       const char *name)
{
	int r = set_more(t, visit->attr);

	if (r)
		return left_out(t, visit->path, r);
	r = write_header(t, visit->path);
	if (r)
		return r;
	if (may_be_link(visit->attr))
		tar_links_add(&t->links, visit->attr->ino, name);
	return S_ISREG(visit->attr->mode) ? write_contents(t, visit) : 0;
}

static int enter(void *context, const struct visit *visit)
{
	struct tarring *t = context;
	const char *name = name_of(t, visit), *first;

	if (S_ISSOCK(visit->attr->mode)) {
		msg_warning(view_name(&t->view, visit->path), "is a socket, "
			    "which a tar cannot have: left out");
		return 0;
	}
	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, name);
	if (tar_set_attributes(t->entry, visit->attr))
		msg_warning(view_name(&t->view, visit->path), "a time in the "
			    "last second before 1970 loses its fraction");
	first = may_be_link(visit->attr) ?
		tar_links_find(&t->links, visit->attr->ino) : NULL;
	if (first) {
		archive_entry_set_hardlink(t->entry, first);
		archive_entry_unset_size(t->entry);
		return write_header(t, visit->path);
	}
	return write_inode(t, visit, name);
}

static la_ssize_t put(struct archive *a, void *context, const void *data,
		      size_t length)
{
	struct tarring *t = context;
	ssize_t n;

	if (t->dead)
		return length;
	do {
		n = write(t->fd, data, length);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "write");
	return n;
}

static int start_archive(struct tarring *t, int fd)
{
	struct archive *a = archive_write_new();

	t->fd = fd;
	t->archive = a;
	t->entry = a ? archive_entry_new() : NULL;
	if (!t->entry)
		return msg_error(NULL, "out of memory");
	if (archive_write_set_format_pax(a) != ARCHIVE_OK ||
	    archive_write_set_options(a, "pax:xattrheader=SCHILY") !=
		    ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, CHUNK) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
	    archive_write_open(a, t, NULL, put, NULL) != ARCHIVE_OK)
		return msg_error(t->output, "%s", archive_error_string(a));
	return 0;
}

/* The archive into FD. -1: reported, and it has no end. */
static int write_archive(struct tarring *t, int fd)
{
	struct walk walk = { .enter = enter, .context = t };
	int r = start_archive(t, fd);

	t->buffer = mem_alloc(CHUNK);
	t->skip = strcmp(t->view.path, "/") ? strlen(t->view.path) + 1 : 1;
	if (r == 0 && view_walk(&t->view, &walk) < 0)
		t->status = -1;
	if (r == 0 && t->status < 0 && !t->keep_going)
		r = -1;
	if (r == 0 && archive_write_close(t->archive) != ARCHIVE_OK)
		r = write_failed(t);
	/* what libarchive still wants to write goes nowhere */
	t->dead = true;
	archive_entry_free(t->entry);
	archive_write_free(t->archive);
	tar_links_free(&t->links);
	free(t->buffer);
	return r;
}

/* Under another name first. */
static int write_file(struct tarring *t, const char *file)
{
	char *temp = mem_printf("%s.%d.new", file, (int)getpid());
	int r, fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0) {
		msg_errno(file, errno, "cannot be created");
		free(temp);
		return -1;
	}
	cleanup_add(temp);
	r = write_archive(t, fd);
	if (close(fd) && r == 0)
		r = msg_errno(file, errno, "cannot be written");
	if (r == 0 && rename(temp, file))
		r = msg_errno(file, errno, "cannot be created");
	if (r < 0)
		unlink(temp);
	cleanup_remove();
	free(temp);
	return r;
}

static int write_output(struct tarring *t, const char *file)
{
	struct stat st;
	int r, fd;

	if (!file || !strcmp(file, "-")) {
		t->output = "standard output";
		if (isatty(STDOUT_FILENO))
			return msg_error(t->output, "is a terminal; use -o "
					 "FILE");
		return write_archive(t, STDOUT_FILENO);
	}
	t->output = file;
	if (stat(file, &st) || S_ISREG(st.st_mode))
		return write_file(t, file);
	fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return msg_errno(file, errno, "cannot be opened");
	r = write_archive(t, fd);
	close(fd);
	return r;
}

int verb_tar(int argc, char **argv)
{
	const char *image = NULL, *output = NULL;
	struct tarring t = { .status = 0 };
	const struct verb_setting settings[] = {
		{ 'o', .value = &output },
		{ 'k', .flag = &t.keep_going },
		{ OPT_IMAGE, .value = &image },
		{ 0 },
	};
	struct verb_args args;

	if (verb_args_read(&args, argc, argv, settings) < 0)
		return args.status;
	if (args.argc > 1)
		return verb_usage_error(args.argv[1], "one tree is enough");
	if (!args.argc && !image)
		return verb_usage_error(NULL, "no image given");
	if (view_open(&t.view, image, args.argc ? args.argv[0] : "/", true) < 0)
		return STATUS_FAILED;
	t.view.fs.no_flags = true;
	progress_begin(t.view.target.file);
	view_expect(&t.view);
	if (write_output(&t, output) < 0)
		t.status = -1;
	progress_end();
	view_close(&t.view);
	return t.status < 0 ? STATUS_FAILED : STATUS_OK;
}
