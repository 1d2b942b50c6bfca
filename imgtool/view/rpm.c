/* SPDX-License-Identifier: GPL-2.0 */
/* An rpm header: how many entries and bytes, the entries, the bytes. */
#include <errno.h>
#include <string.h>

#include "imgtool/view/rpm.h"

enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_ARCH = 1022,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static const char **place_of(struct rpm_header *h, uint32_t tag)
{
	switch (tag) {
	case TAG_NAME:
		return &h->name;
	case TAG_VERSION:
		return &h->version;
	case TAG_RELEASE:
		return &h->release;
	case TAG_ARCH:
		return &h->arch;
	}
	return NULL;
}

/* One entry, of which the value is in SIZE bytes at STORE. */
static int take(struct rpm_header *h, const uint8_t *entry,
		const uint8_t *store, size_t size)
{
	uint32_t tag = get32(entry), type = get32(entry + 4);
	uint32_t offset = get32(entry + 8);
	const char **to = place_of(h, tag);

	if (!to && tag != TAG_EPOCH)
		return 0;
	if (offset >= size)
		return -EBADMSG;
	if (to && type == TYPE_STRING) {
		if (!memchr(store + offset, 0, size - offset))
			return -EBADMSG;
		*to = (const char *)store + offset;
	} else if (!to && type == TYPE_INT32) {
		if (size - offset < 4)
			return -EBADMSG;
		h->epoch = get32(store + offset);
	}
	return 0;
}

int rpm_parse(const uint8_t *data, size_t size, struct rpm_header *header)
{
	uint64_t entries, bytes, i;
	int r = 0;

	memset(header, 0, sizeof(*header));
	if (size < 8)
		return -EBADMSG;
	entries = get32(data);
	bytes = get32(data + 4);
	if (8 + entries * 16 + bytes > size)
		return -EBADMSG;
	for (i = 0; i < entries && r == 0; i++)
		r = take(header, data + 8 + i * 16, data + 8 + entries * 16,
			 bytes);
	return r == 0 && !header->name ? -EBADMSG : r;
}
