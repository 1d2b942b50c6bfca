// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "imgtool/size.h"
#include "tests/unit/imgtool/suite.h"

static void good(const char *text, uint64_t want)
{
	uint64_t got = 1;

	ck_assert_msg(!size_parse(text, &got), "%s refused", text);
	ck_assert_msg(got == want, "%s is %llu", text,
		      (unsigned long long)got);
}

START_TEST(sizes)
{
	static const char *const bad[] = {
		"", " ", "x", "-1", "+1", " 1", "1 ", "1x", "1KK", "1KiBx",
		"0x10", "1.5G", "K", "1iB", "1e3",
	};
	uint64_t size;
	size_t i;

	good("0", 0);
	good("4096", 4096);
	good("1k", 1024);
	good("10M", 10485760);
	good("2G", 2147483648);
	good("3T", UINT64_C(3) << 40);
	good("1P", UINT64_C(1) << 50);
	good("1KiB", 1024);
	good("1mb", 1048576);
	good("9223372036854775807", INT64_MAX);
	good("8388607T", UINT64_C(8388607) << 40);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(size_parse(bad[i], &size) == -EINVAL,
			      "'%s' accepted", bad[i]);
	ck_assert_int_eq(size_parse("9223372036854775808", &size), -ERANGE);
	ck_assert_int_eq(size_parse("8388608T", &size), -ERANGE);
	ck_assert_int_eq(size_parse("99999999999999999999", &size), -ERANGE);
}
END_TEST

START_TEST(formats)
{
	char text[16];

	ck_assert_str_eq(size_format(0, text), "0 B");
	ck_assert_str_eq(size_format(1023, text), "1023 B");
	ck_assert_str_eq(size_format(1024, text), "1 KiB");
	ck_assert_str_eq(size_format(1536, text), "1.5 KiB");
	ck_assert_str_eq(size_format(UINT64_C(235) << 20, text), "235 MiB");
	ck_assert_str_eq(size_format(UINT64_MAX, text), "15.9 EiB");
}
END_TEST

START_TEST(owners)
{
	uint32_t uid, gid;

	ck_assert(!owner_parse("0:0", &uid, &gid));
	ck_assert(!owner_parse("1000:4294967294", &uid, &gid));
	ck_assert_uint_eq(uid, 1000);
	ck_assert_uint_eq(gid, 4294967294);
	ck_assert(owner_parse("1", &uid, &gid) < 0);
	ck_assert(owner_parse("1:", &uid, &gid) < 0);
	ck_assert(owner_parse(":1", &uid, &gid) < 0);
	ck_assert(owner_parse("1:2:3", &uid, &gid) < 0);
	ck_assert(owner_parse("root:root", &uid, &gid) < 0);
	ck_assert(owner_parse("1:4294967295", &uid, &gid) < 0);
	ck_assert(owner_parse("-1:0", &uid, &gid) < 0);
}
END_TEST

START_TEST(epochs)
{
	int64_t sec;

	ck_assert(!epoch_parse("0", &sec) && sec == 0);
	ck_assert(!epoch_parse("1700000000", &sec) && sec == 1700000000);
	ck_assert(epoch_parse("", &sec) < 0);
	ck_assert(epoch_parse("-5", &sec) < 0);
	ck_assert(epoch_parse("5s", &sec) < 0);
}
END_TEST

RUN_TESTS("size", sizes, formats, owners, epochs)
