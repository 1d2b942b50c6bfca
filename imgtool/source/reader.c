/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/source/debian.h"
#include "imgtool/source/reader.h"

#define BUFFER (1 << 20)
/* What may follow an archive in a pipe: padding, never more than this. */
#define REST_MOST (16 << 20)

static void note_tail(struct reader *reader, size_t n)
{
	size_t keep = sizeof(reader->tail);

	if (n >= keep) {
		memcpy(reader->tail, reader->buffer + n - keep, keep);
		return;
	}
	memmove(reader->tail, reader->tail + n, keep - n);
	memcpy(reader->tail + keep - n, reader->buffer, n);
}

/* How much of the archive lies ahead, at most BUFFER. */
static size_t ahead(const struct source *source)
{
	uint64_t end = source->start + source->size;
	off_t at;

	if (!source->part)
		return BUFFER;
	at = lseek(source->fd, 0, SEEK_CUR);
	if (at < 0 || (uint64_t)at >= end)
		return 0;
	return end - at < BUFFER ? end - at : BUFFER;
}

static la_ssize_t on_read(struct archive *archive, void *context,
			  const void **data)
{
	struct reader *reader = context;
	ssize_t n;

	do {
		n = read(reader->source->fd, reader->buffer,
			 ahead(reader->source));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(archive, errno, "cannot be read: %s",
				  strerror(errno));
		return ARCHIVE_FATAL;
	}
	if (n == 0) {
		reader->at_end = true;
		if (source_end_program(reader->source) < 0) {
			archive_set_error(archive, EIO, "its program failed");
			return ARCHIVE_FATAL;
		}
	}
	note_tail(reader, n);
	reader->bytes += n;
	*data = reader->buffer;
	return n;
}

static la_int64_t on_seek(struct archive *archive, void *context,
			  la_int64_t offset, int whence)
{
	struct reader *reader = context;
	const struct source *source = reader->source;
	off_t r;

	if (source->part && whence == SEEK_END)
		offset += source->size;
	if (source->part && whence != SEEK_CUR) {
		whence = SEEK_SET;
		offset += source->start;
	}
	r = lseek(source->fd, offset, whence);
	if (r >= 0)
		return r - (source->part ? (off_t)source->start : 0);
	archive_set_error(archive, errno, "cannot be read: %s",
			  strerror(errno));
	return ARCHIVE_FATAL;
}

static void allow(struct archive *a)
{
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_compress(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_filter_lzip(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_rpm(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_7zip(a);
	archive_read_support_format_ar(a);
	archive_read_support_format_cab(a);
	archive_read_support_format_cpio(a);
	archive_read_support_format_iso9660(a);
	archive_read_support_format_lha(a);
	archive_read_support_format_rar(a);
	archive_read_support_format_rar5(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_warc(a);
	archive_read_support_format_xar(a);
	archive_read_support_format_zip(a);
}

int reader_failed(const struct reader *reader, const char *path)
{
	const char *reason = archive_error_string(reader->archive);
	char *object;

	if (reader->source->failed)
		return -1;
	object = path ? mem_printf("%s: %s", reader->source->name, path) :
			mem_strdup(reader->source->name);
	if (!reader->bytes)
		msg_error(object, "is empty, not an archive");
	else
		msg_error(object, "the archive is damaged or of an unknown "
			  "kind: %s", reason ?: "it cannot be read on");
	free(object);
	return -1;
}

int reader_open(struct reader *reader, struct source *source)
{
	struct archive *a = archive_read_new();

	memset(reader, 0, sizeof(*reader));
	if (!a)
		return msg_error(source->name, "out of memory");
	reader->archive = a;
	reader->source = source;
	reader->buffer = mem_alloc(BUFFER);
	allow(a);
	archive_read_set_read_callback(a, on_read);
	if (lseek(source->fd, 0, SEEK_CUR) >= 0)
		archive_read_set_seek_callback(a, on_seek);
	archive_read_set_callback_data(a, reader);
	if (source->part)
		lseek(source->fd, source->start, SEEK_SET);
	if (archive_read_open1(a) == ARCHIVE_OK)
		return 0;
	reader_failed(reader, NULL);
	reader_close(reader);
	return -1;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	while (size && !data[size - 1])
		size--;
	return !size;
}

static bool is_tar(struct archive *a)
{
	int format = archive_format(a) & ARCHIVE_FORMAT_BASE_MASK;

	return format == ARCHIVE_FORMAT_TAR;
}

bool reader_lacks_padding(const struct reader *reader)
{
	static const char words[] = "Truncated input file";
	const char *reason = archive_error_string(reader->archive);

	/* (its number says no more than that there is no other) */
	return reader->source->complete && is_tar(reader->archive) && reason &&
	       !strncmp(reason, words, strlen(words));
}

int reader_check_end(struct reader *reader)
{
	uint64_t limit = reader->bytes + REST_MOST;
	const void *data;

	if (reader->at_end && !reader->source->complete &&
	    is_tar(reader->archive) &&
	    archive_filter_code(reader->archive, 0) == ARCHIVE_FILTER_NONE &&
	    !is_zero(reader->tail, sizeof(reader->tail)))
		return msg_error(reader->source->name, "ends without the mark "
				 "that ends a tar; it was cut off");
	if (lseek(reader->source->fd, 0, SEEK_CUR) >= 0)
		return 0;
	while (!reader->at_end && reader->bytes < limit)
		if (on_read(reader->archive, reader, &data) < 0)
			return reader_failed(reader, NULL);
	return 0;
}

void reader_close(struct reader *reader)
{
	archive_read_free(reader->archive);
	free(reader->buffer);
	reader->archive = NULL;
	reader->buffer = NULL;
}
