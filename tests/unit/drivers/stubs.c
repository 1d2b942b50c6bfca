// SPDX-License-Identifier: GPL-2.0
/* The few calls of the host side that driver code makes outside itself. */
#include <stdatomic.h>
#include <stdlib.h>

#include "../../../kernel/arch/um/abi/host.h"
#include "../../../kernel/arch/um/host/lockdown.h"
#include "check.h"

int host_at_exit(void (*fn)(void));

int check_failures;
int stub_events;
char stub_written[4096];
int stub_writes;

int host_at_exit(void (*fn)(void))
{
	return atexit(fn) ? -1 : 0;
}

void host_event_raise(int id)
{
	(void)id;
	__atomic_fetch_add(&stub_events, 1, __ATOMIC_SEQ_CST);
}

void host_early_write(const char *s, u64 len)
{
	size_t have = strlen(stub_written);

	if (len >= sizeof(stub_written) - have)
		len = sizeof(stub_written) - have - 1;
	memcpy(stub_written + have, s, len);
	stub_written[have + len] = '\0';
	stub_writes++;
}

void lockdown_allow_files(void)
{
}
