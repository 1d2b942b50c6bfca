/* SPDX-License-Identifier: GPL-2.0 */
/* imgtool cow info: what a header says. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/cow/cow.h"
#include "imgtool/msg.h"
#include "imgtool/verb.h"
#include "imgtool/view/view.h"
#include "ubd/format/cow.h"

int cow_open_file(const char *file, uint64_t *bytes)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		msg_errno(file, errno, "cannot be opened");
	} else if (!S_ISREG(st.st_mode)) {
		msg_error(file, "not a regular file");
	} else {
		*bytes = (uint64_t)st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void print_text(const struct cow_header *h, bool cut_off)
{
	printf("version: %u%s\n", h->version, h->unpacked ? " (unpacked)" : "");
	printf("size: %" PRIu64 "\n", h->size);
	printf("sector size: %u\n", h->sector);
	printf("backing mtime: %u\n", h->mtime);
	printf("map: %" PRIu64 " bytes at %" PRIu64 "\n", h->map_bytes,
	       h->map_at);
	printf("data at: %" PRIu64 "\n", h->data_at);
	fputs("backing: ", stdout);
	for (const char *p = h->backing; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127 || *p == '\\')
			printf("\\%03o", (unsigned char)*p);
		else
			putchar(*p);
	putchar('\n');
	if (cut_off)
		puts("commit: cut off");
}

static void print_json(const struct cow_header *h, const struct stat *st,
		       bool cut_off)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	json_number(&json, "version", h->version);
	json_bool(&json, "unpacked", h->unpacked);
	json_bool(&json, "writable", cow_can_write(h));
	json_string(&json, "backing", h->backing);
	json_number(&json, "backing_mtime", h->mtime);
	json_number(&json, "size", h->size);
	json_number(&json, "sector_size", h->sector);
	if (h->version == 3)
		json_number(&json, "alignment", h->align);
	json_number(&json, "map_offset", h->map_at);
	json_number(&json, "map_bytes", h->map_bytes);
	json_number(&json, "data_offset", h->data_at);
	json_number(&json, "file_size", (uint64_t)st->st_size);
	json_number(&json, "file_allocated", (uint64_t)st->st_blocks * 512);
	json_bool(&json, "commit_cut_off", cut_off);
	json_end(&json, '}');
	json_done(&json);
}

int cow_info(char **operand)
{
	unsigned char head[COW_HEAD_BYTES];
	struct cow_record record;
	struct cow_header h;
	struct stat st;
	const char *bad;
	uint64_t bytes;
	bool cut_off;
	ssize_t n;
	int fd = cow_open_file(operand[0], &bytes);

	if (fd < 0)
		return STATUS_FAILED;
	n = fstat(fd, &st) ? -1 : io_file_head(fd, head, sizeof(head));
	close(fd);
	bad = n < 0 ? "cannot be read" :
		      cow_parse(head, (size_t)n, bytes, &h);
	if (bad) {
		msg_error(operand[0], "%s", bad);
		return STATUS_FAILED;
	}
	cut_off = cow_record_get(head, (size_t)n, &h, &record);
	if (cow_options.json)
		print_json(&h, &st, cut_off);
	else
		print_text(&h, cut_off);
	return STATUS_OK;
}
