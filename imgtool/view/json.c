/* SPDX-License-Identifier: GPL-2.0 */
/* JSON is written as it comes: a listing of a million files is not kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/view/view.h"

/* The length of the UTF-8 sequence at S, of at most SIZE bytes; 0: none. */
static size_t utf8_length(const uint8_t *s, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 :
		   s[0] >> 3 == 30 ? 4 : 0, i;
	uint32_t c;

	if (n <= 1 || n > size)
		return n > size ? 0 : n;
	c = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ?
	       0 : n;
}

static void put_text(FILE *out, const uint8_t *s, size_t size)
{
	size_t n;

	putc('"', out);
	for (; size; s += n, size -= n) {
		n = utf8_length(s, size);
		if (!n) {
			n = 1;
			fprintf(out, "\\udc%02x", *s);
		} else if (*s < 0x20 || *s == 0x7f) {
			fprintf(out, "\\u%04x", *s);
		} else if (*s == 0xc2 && s[1] < 0xa0) {
			fprintf(out, "\\u%04x", s[1]);
		} else {
			if (*s == '"' || *s == '\\')
				putc('\\', out);
			fwrite(s, 1, n, out);
		}
	}
	putc('"', out);
}

static void put_key(struct json *json, const char *key)
{
	if (json->comma)
		fputs(",", json->out);
	if (key)
		fprintf(json->out, "\"%s\":", key);
	json->comma = true;
}

void json_begin(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	putc(bracket, json->out);
	json->comma = false;
}

void json_end(struct json *json, char bracket)
{
	putc(bracket, json->out);
	json->comma = true;
}

void json_bytes(struct json *json, const char *key, const void *value,
		size_t size)
{
	put_key(json, key);
	put_text(json->out, value, size);
}

void json_string(struct json *json, const char *key, const char *value)
{
	json_bytes(json, key, value, strlen(value));
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_done(struct json *json)
{
	putc('\n', json->out);
	json->comma = false;
}

static void put_time(struct json *json, const char *key,
		     const struct fs_time *time)
{
	char text[64];

	view_time(time, text);
	json_string(json, key, text);
}

void json_attr(struct json *json, const struct fs_attr *attr)
{
	char mode[16];

	json_number(json, "inode", attr->number);
	json_string(json, "type", view_type(attr->mode));
	snprintf(mode, sizeof(mode), "%04o", attr->mode & 07777);
	json_string(json, "mode", mode);
	json_number(json, "links", attr->nlink);
	json_number(json, "uid", attr->uid);
	json_number(json, "gid", attr->gid);
	json_number(json, "size", attr->size);
	json_number(json, "allocated", attr->blocks * 512);
	if (S_ISCHR(attr->mode) || S_ISBLK(attr->mode)) {
		json_number(json, "major", attr->major);
		json_number(json, "minor", attr->minor);
	}
	put_time(json, "mtime", &attr->mtime);
	put_time(json, "atime", &attr->atime);
	put_time(json, "ctime", &attr->ctime);
	if (attr->has_crtime)
		put_time(json, "crtime", &attr->crtime);
}

static int put_xattr(void *context, const char *name, const void *value,
		     size_t size)
{
	struct json *json = context;
	const uint8_t *bytes = value;
	size_t i;

	json_begin(json, NULL, '{');
	json_string(json, "name", name);
	put_key(json, "hex");
	putc('"', json->out);
	for (i = 0; i < size; i++)
		fprintf(json->out, "%02x", bytes[i]);
	putc('"', json->out);
	json_end(json, '}');
	return 0;
}

int json_more(struct json *json, struct fs *fs, uint64_t ino,
	      const struct fs_attr *attr)
{
	char target[FS_LINK_LONGEST + 1];
	int r;

	if (S_ISLNK(attr->mode)) {
		r = fs_readlink(fs, ino, target);
		if (r < 0)
			return r;
		json_string(json, "target", target);
	}
	json_begin(json, "xattrs", '[');
	r = fs_xattrs(fs, ino, put_xattr, json);
	json_end(json, ']');
	return r;
}
