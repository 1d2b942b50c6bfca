// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "host-tests.h"
#include "kernel/arch/um/host/cmdline.h"

#define ARGS(...) { "linux", __VA_ARGS__, NULL }
#define MAX_ARGS 8

static struct host_options o;
static struct cmdline_error err;

static int parse(const char *const argv[])
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return cmdline_parse(argc, (char *const *)argv, &o, &err);
}

static const struct {
	const char *text;
	int ret;
	u64 bytes;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "64k", 0, 64 << 10 },
	{ "512M", 0, 512ull << 20 },
	{ "0x10M", 0, 16ull << 20 },
	{ "010M", 0, 8ull << 20 },
	{ "1g", 0, 1ull << 30 },
	{ "8T", 0, 8ull << 40 },
	{ "16777215T", 0, 16777215ull << 40 },
	{ "16777216T", -ERANGE, 0 },
	{ "18446744073709551615", 0, ~0ull },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "M", -EINVAL, 0 },
	{ "-1M", -EINVAL, 0 },
	{ "+1M", -EINVAL, 0 },
	{ " 1M", -EINVAL, 0 },
	{ "1MM", -EINVAL, 0 },
	{ "1MB", -EINVAL, 0 },
	{ "1.5G", -EINVAL, 0 },
	{ "1x", -EINVAL, 0 },
	{ "0x", -EINVAL, 0 },
	{ "08M", -EINVAL, 0 },
};

START_TEST(size)
{
	u64 bytes = 0;

	ck_assert_int_eq(cmdline_size(sizes[_i].text, &bytes), sizes[_i].ret);
	ck_assert_uint_eq(bytes, sizes[_i].bytes);
}
END_TEST

/* What becomes of words that are not the host's. */
static const struct {
	const char *argv[MAX_ARGS];
	const char *guest;
} guests[] = {
	{ { "linux", NULL }, "" },
	{ ARGS("root=/dev/ubda", "rw"), "root=/dev/ubda rw" },
	{ ARGS("mem=64M", "quiet", "ncpus=2"), "quiet" },
	{ ARGS("a=b c"), "a=\"b c\"" },
	{ ARGS("b c"), "\"b c\"" },
	{ ARGS("b c=d"), "\"b c=d\"" },
	{ ARGS("a=\"b c\" d"), "a=\"b c\" d" },
	{ ARGS("a=b\tc"), "a=\"b\tc\"" },
	{ ARGS("x", "", "y"), "x y" },
	{ ARGS("init=/bin/sh", "--", "-c", "--help"), "init=/bin/sh -- -c --help" },
	{ ARGS("--", "mem=3", "noreboot"), "-- mem=3 noreboot" },
	{ ARGS("-x"), "-x" },
	{ ARGS("member=1", "umidx=2", "noreboots"), "member=1 umidx=2 noreboots" },
	{ ARGS("noreboot", "panic=1"), "panic=1" },
	{ ARGS("ubd0=cow,back", "con0=fd:0,fd:1"), "ubd0=cow,back con0=fd:0,fd:1" },
};

START_TEST(guest)
{
	ck_assert_int_eq(parse(guests[_i].argv), 0);
	ck_assert_str_eq(o.guest, guests[_i].guest);
}
END_TEST

static const char *const wrong[] = {
	"mem=", "mem=0", "mem=15M", "mem=9T", "mem=8796093026304",
	"mem=lots", "mem=1e9", "ncpus=", "ncpus=0", "ncpus=65", "ncpus=2x",
	"ncpus=-1", "initrd=", "umid=", "umid=a/b", "umid=.", "umid=..",
	"umid=0123456789012345678901234567890123456789012345678901234567890123456789",
	"uml_dir=", "--nonsense", "--helpme", "--mem=64M",
};

START_TEST(refused)
{
	const char *argv[] = { "linux", wrong[_i], NULL };

	ck_assert_int_eq(parse(argv), -EINVAL);
	ck_assert_str_eq(err.object, wrong[_i]);
	ck_assert_ptr_nonnull(err.what);
	ck_assert_ptr_nonnull(err.reason);
}
END_TEST

START_TEST(values)
{
	const char *argv[] = ARGS("mem=100000K", "ncpus=64", "initrd=i", "umid=u",
			    "uml_dir=d", "noreboot");

	ck_assert_int_eq(parse(argv), 0);
	ck_assert_uint_eq(o.mem, 102400000 & ~4095);
	ck_assert_uint_eq(o.ncpus, 64);
	ck_assert_str_eq(o.initrd, "i");
	ck_assert_str_eq(o.umid, "u");
	ck_assert_str_eq(o.uml_dir, "d");
	ck_assert(o.noreboot);
	ck_assert(!o.nosync && !o.nokillable && !o.nolockdown && !o.nosupervisor);
}
END_TEST

START_TEST(defaults_and_repeats)
{
	const char *none[] = { "linux", NULL };
	const char *twice[] = ARGS("mem=64M", "mem=128M");

	ck_assert_int_eq(parse(none), 0);
	ck_assert_uint_eq(o.mem, 512u << 20);
	ck_assert_uint_eq(o.ncpus, 1);
	ck_assert_ptr_null(o.initrd);
	ck_assert_ptr_null(o.umid);
	ck_assert_int_eq(o.action, CMDLINE_RUN);
	ck_assert_int_eq(parse(twice), 0);
	ck_assert_uint_eq(o.mem, 128u << 20);
}
END_TEST

START_TEST(actions)
{
	const char *help[] = ARGS("quiet", "--help");
	const char *version[] = ARGS("--version", "--help");

	ck_assert_int_eq(parse(help), 0);
	ck_assert_int_eq(o.action, CMDLINE_HELP);
	ck_assert_int_eq(parse(version), 0);
	ck_assert_int_eq(o.action, CMDLINE_VERSION);
}
END_TEST

START_TEST(too_long)
{
	static char word[5000];
	const char *argv[] = ARGS(word);

	memset(word, 'a', 4095);
	ck_assert_int_eq(parse(argv), 0);
	ck_assert_uint_eq(strlen(o.guest), 4095);
	memset(word, 'a', 4096);
	ck_assert_int_eq(parse(argv), -EINVAL);
	ck_assert_str_eq(err.object, "too long");
}
END_TEST

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

TCase *cmdline_case(void)
{
	TCase *t = tcase_create("command line");

	tcase_add_loop_test(t, size, 0, COUNT(sizes));
	tcase_add_loop_test(t, guest, 0, COUNT(guests));
	tcase_add_loop_test(t, refused, 0, COUNT(wrong));
	tcase_add_test(t, values);
	tcase_add_test(t, defaults_and_repeats);
	tcase_add_test(t, actions);
	tcase_add_test(t, too_long);
	return t;
}
