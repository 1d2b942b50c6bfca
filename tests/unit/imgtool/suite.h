/* SPDX-License-Identifier: GPL-2.0 */
/* What every unit test begins and ends with. */
#ifndef TESTS_UNIT_IMGTOOL_SUITE_H
#define TESTS_UNIT_IMGTOOL_SUITE_H

#include <check.h>
#include <stdlib.h>

/* main() for one test case; TESTS are names of START_TESTs. */
#define RUN_TESTS(name, ...)						\
	int main(void)							\
	{								\
		const TTest *const tests[] = { __VA_ARGS__ };		\
		Suite *suite = suite_create(name);			\
		TCase *tcase = tcase_create(name);			\
		SRunner *runner;					\
		size_t i;						\
		int failed;						\
									\
		for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)	\
			tcase_add_test(tcase, tests[i]);		\
		tcase_set_timeout(tcase, 60);				\
		suite_add_tcase(suite, tcase);				\
		runner = srunner_create(suite);				\
		srunner_run_all(runner, CK_NORMAL);			\
		failed = srunner_ntests_failed(runner);			\
		srunner_free(runner);					\
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;		\
	}

#endif
