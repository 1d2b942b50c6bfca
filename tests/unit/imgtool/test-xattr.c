// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/xattrblock.h"
#include "imgtool/msg.h"
#include "imgtool/tree/xattr.h"
#include "tests/unit/imgtool/suite.h"

static struct xattr *list;

static enum xattr_result set(const char *name, const char *value)
{
	return xattrs_set(&list, name, value, strlen(value));
}

START_TEST(names)
{
	char name[300] = "user.";

	ck_assert_int_eq(set("user.b", "1"), XATTR_TAKEN);
	ck_assert_int_eq(set("user.a", "2"), XATTR_TAKEN);
	ck_assert_int_eq(set("user.aa", "3"), XATTR_TAKEN);
	ck_assert_int_eq(set("security.x", "4"), XATTR_TAKEN);
	ck_assert_int_eq(set("trusted.x", "5"), XATTR_TAKEN);
	ck_assert_int_eq(set("user.b", "66"), XATTR_TAKEN);
	/* ext4's order; one of each name, the later value */
	ck_assert_uint_eq(list->space, XATTR_USER);
	ck_assert_int_eq(list->name[0], 'a');
	ck_assert_int_eq(list->next->name[0], 'b');
	ck_assert_uint_eq(list->next->size, 2);
	ck_assert_uint_eq(list->next->next->length, 2);
	ck_assert_uint_eq(list->next->next->next->space, XATTR_TRUSTED);
	ck_assert_ptr_null(list->next->next->next->next->next);

	ck_assert_int_eq(set("user.", "x"), XATTR_INVALID);
	ck_assert_int_eq(set("system.nfs4_acl", "x"), XATTR_IGNORED);
	ck_assert_int_eq(set("userx", "x"), XATTR_IGNORED);
	ck_assert_int_eq(set("", "x"), XATTR_IGNORED);
	memset(name + 5, 'n', 255);
	ck_assert_int_eq(set(name, "x"), XATTR_TAKEN);
	memset(name + 5, 'n', 256);
	ck_assert_int_eq(set(name, "x"), XATTR_INVALID);
	xattrs_free(&list);
}
END_TEST

/* getxattr's form: version 2, then tag, perms and id of each entry. */
static size_t acl_value(uint8_t *out, const struct acl_entry *e, size_t n)
{
	uint32_t version = 2;
	size_t i;

	memcpy(out, &version, 4);
	for (i = 0; i < n; i++) {
		memcpy(out + 4 + 8 * i, &e[i].tag, 2);
		memcpy(out + 6 + 8 * i, &e[i].perms, 2);
		memcpy(out + 8 + 8 * i, &e[i].id, 4);
	}
	return 4 + 8 * n;
}

START_TEST(acls)
{
	struct acl_entry full[] = {
		{ ACL_TAG_USER_OBJ, 7, -1 }, { ACL_TAG_USER, 6, 1000 },
		{ ACL_TAG_GROUP_OBJ, 5, -1 }, { ACL_TAG_MASK, 7, -1 },
		{ ACL_TAG_OTHER, 0, -1 },
	};
	static const uint8_t want[] = {
		1, 0, 0, 0, 1, 0, 7, 0, 2, 0, 6, 0, 0xe8, 3, 0, 0,
		4, 0, 5, 0, 0x10, 0, 7, 0, 0x20, 0, 0, 0,
	};
	const char *name = "system.posix_acl_access";
	uint8_t value[64];
	size_t n, i;

	n = acl_value(value, full, 5);
	ck_assert_int_eq(xattrs_set(&list, name, value, n), XATTR_TAKEN);
	ck_assert_uint_eq(list->space, XATTR_ACL_ACCESS);
	ck_assert_uint_eq(list->length, 0);
	ck_assert_uint_eq(list->size, sizeof(want));
	ck_assert_mem_eq(list->value, want, sizeof(want));
	xattrs_free(&list);
	/* cut short anywhere */
	for (i = 0; i < n; i++)
		ck_assert_int_ne(xattrs_set(&list, name, value, i),
				 XATTR_TAKEN);
	/* no mask; a user twice; no owner */
	full[3].tag = ACL_TAG_OTHER;
	ck_assert_int_eq(xattrs_set_acl(&list, XATTR_ACL_ACCESS, full, 4),
			 XATTR_INVALID);
	ck_assert_ptr_null(list);
}
END_TEST

START_TEST(plain_acl)
{
	struct acl_entry plain[] = {
		{ ACL_TAG_OTHER, 4, -1 }, { ACL_TAG_USER_OBJ, 6, -1 },
		{ ACL_TAG_GROUP_OBJ, 4, -1 },
	};

	ck_assert_int_eq(xattrs_set_acl(&list, XATTR_ACL_ACCESS, plain, 3),
			 XATTR_TAKEN);
	ck_assert_ptr_null(list);
	ck_assert_int_eq(xattrs_set_acl(&list, XATTR_ACL_DEFAULT, plain, 3),
			 XATTR_TAKEN);
	ck_assert_ptr_nonnull(list);
	xattrs_free(&list);
}
END_TEST

START_TEST(places)
{
	uint8_t body[XATTR_BODY_SIZE], block[BLOCK_SIZE];
	const struct ext2_ext_attr_header *h = (const void *)block;
	static char large[5000];
	uint32_t magic;

	memset(large, 'v', sizeof(large) - 1);
	set("user.small", "value");
	ck_assert_int_eq(xattrs_encode(list, true, body, block), 0);
	memcpy(&magic, body, 4);
	ck_assert_uint_eq(magic, EXT2_EXT_ATTR_MAGIC);
	ck_assert_uint_eq(body[4], 5);
	large[1000] = 0;
	set("user.large", large);
	ck_assert_int_eq(xattrs_encode(list, true, body, block), 1);
	ck_assert_uint_eq(h->h_magic, EXT2_EXT_ATTR_MAGIC);
	ck_assert_uint_eq(h->h_blocks, 1);
	large[1000] = 'v';
	/* exactly full: 32 header, 16 + 8 entry, 4 end, the rest value */
	xattrs_free(&list);
	large[4036] = 0;
	set("user.largest", large);
	ck_assert_int_eq(xattrs_encode(list, true, body, block), 1);
	large[4036] = 'v';
	large[4040] = 0;
	set("user.largest", large);
	ck_assert_int_eq(xattrs_encode(list, true, body, block), -1);
	/* with the block full, a small one goes into the inode */
	large[4036] = 0;
	set("user.largest", large);
	set("user.more", "1");
	ck_assert_int_eq(xattrs_encode(list, true, body, block), 1);
	memcpy(&magic, body, 4);
	ck_assert_uint_eq(magic, EXT2_EXT_ATTR_MAGIC);
	xattrs_free(&list);
}
END_TEST

RUN_TESTS("xattr", names, acls, plain_acl, places)
