// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "host-tests.h"

int main(void)
{
	Suite *s = suite_create("host");
	SRunner *r;
	int failed;

	suite_add_tcase(s, cmdline_case());
	suite_add_tcase(s, probe_case());
	suite_add_tcase(s, event_case());
	suite_add_tcase(s, timer_case());
	suite_add_tcase(s, irq_case());
	suite_add_tcase(s, kick_case());
	suite_add_tcase(s, fault_case());
	suite_add_tcase(s, exit_case());
	suite_add_tcase(s, physmem_case());
	suite_add_tcase(s, lockdown_case());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
