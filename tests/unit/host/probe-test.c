// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "host-tests.h"
#include "kernel/arch/um/host/probe_host.h"

static char root[64];

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, file);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void make_root(void)
{
	strcpy(root, "/tmp/probe-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	char cmd[96];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
	ck_assert_int_eq(system(cmd), 0);
}

START_TEST(cgroup_v2)
{
	put("a", "memory.max", "max\n");
	put("a/b", "memory.max", "1073741824\n");
	put("a/b/c", "memory.max", "4294967296\n");
	ck_assert_uint_eq(probe_cgroup_limit(root, "0::/a/b/c\n"), 1u << 30);
	ck_assert_uint_eq(probe_cgroup_limit(root, "0::/a\n"), ~0ull);
	ck_assert_uint_eq(probe_cgroup_limit(root, "0::/gone\n"), ~0ull);
}
END_TEST

START_TEST(cgroup_namespace_root)
{
	put("", "memory.max", "536870912\n");
	ck_assert_uint_eq(probe_cgroup_limit(root, "0::/\n"), 512u << 20);
}
END_TEST

START_TEST(cgroup_v1)
{
	put("memory", "memory.limit_in_bytes", "9223372036854771712\n");
	put("memory/x", "memory.limit_in_bytes", "65536\n");
	ck_assert_uint_eq(probe_cgroup_limit(root, "3:cpu:/x\n2:memory:/x\n"), 65536);
	ck_assert_uint_eq(probe_cgroup_limit(root, "3:cpu:/x\n"), ~0ull);
}
END_TEST

START_TEST(cgroup_nonsense)
{
	ck_assert_uint_eq(probe_cgroup_limit(root, ""), ~0ull);
	ck_assert_uint_eq(probe_cgroup_limit(root, "nonsense\n0:\n:::\n"), ~0ull);
}
END_TEST

START_TEST(nofile)
{
	struct rlimit rl;

	probe_raise_nofile();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	ck_assert_uint_eq(rl.rlim_cur, rl.rlim_max);
}
END_TEST

TCase *probe_case(void)
{
	TCase *t = tcase_create("probes");

	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, cgroup_v2);
	tcase_add_test(t, cgroup_namespace_root);
	tcase_add_test(t, cgroup_v1);
	tcase_add_test(t, cgroup_nonsense);
	tcase_add_test(t, nofile);
	return t;
}
