// SPDX-License-Identifier: GPL-2.0
/* Read and write the whole stub region, as far as it can be found. */
#include "attack.h"
#include <sys/auxv.h>

static int touch_one(unsigned long a)
{
	amap->out[0]++;
	if (fault_read((void *)a) == 0)
		amap->out[1]++;
	else if (flt.sig != SIGSEGV || (unsigned long)flt.addr != a)
		amap->out[3]++;
	if (fault_write((void *)a, (int)rnd()) == 0)
		amap->out[2]++;
	return 0;
}

/* A position in steps of 2 MiB, then at random, then the last 16 MiB by page.
 */
static int coarse(void *v)
{
	(void)v;
	use_altstack();
	for (unsigned long a = STUB_START + (MAP_PAGES * PG); a < STUB_END;
	     a += 2 << 20)
		touch_one(a + (rnd() & 511 ? 0 : rnd() % (2 << 20)));
	return 0;
}

static int scattered(void *v)
{
	(void)v;
	use_altstack();
	for (int i = 0; i < 8192; i++)
		touch_one(STUB_START + rnd() % (STUB_END - STUB_START));
	return 0;
}

static int last(void *v)
{
	(void)v;
	use_altstack();
	for (unsigned long a = STUB_END - (16 << 20); a < STUB_END; a += PG)
		touch_one(a);
	return 0;
}

/* Every page; takes minutes: only when asked for. */
static int every(void *v)
{
	(void)v;
	use_altstack();
	for (unsigned long a = STUB_START; a < STUB_END; a += PG)
		touch_one(a);
	return 0;
}

/* Every byte of every page that can be read: no fault in the middle. */
static int read_all(void *v)
{
	volatile unsigned long sum = 0;

	(void)v;
	use_altstack();
	for (size_t i = 0; i < MAP_PAGES; i++)
		for (size_t o = 0; amap->r[i] && o < PG; o += 8)
			if (fault_read(stub + i * PG + o) == 0)
				sum += stub[i * PG + o];
	return 0;
}

static int edges(void *v)
{
	static const unsigned long at[] = {
		STUB_START - 8,	      STUB_START - 1,
		STUB_END - 8,	      STUB_END,
		0x7fffffffffffUL,     0x800000000000UL,
		0xffff800000000000UL, 0xffffffffff600000UL,
		0xfffffffffffff000UL, ~0UL - 7,
	};

	(void)v;
	use_altstack();
	for (volatile size_t i = 0; i < sizeof at / sizeof *at; i++) {
		FAULT_TRY((void)*(volatile unsigned long *)at[i]);
		FAULT_TRY(*(volatile unsigned long *)at[i] = 1);
		fault_call((void *)at[i]);
	}
	return 0;
}

static int maps_clean(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char b[512];
	int n = 0;
	unsigned long lo, hi;

	while (f && fgets(b, sizeof b, f))
		if (sscanf(b, "%lx-%lx", &lo, &hi) == 2 && hi > STUB_START &&
		    lo < STUB_END)
			n++;
	if (f)
		fclose(f);
	return n;
}

static void report(int st, const char *what)
{
	all_well(st, what);
	tap_note("%s: %ld places, %ld read, %ld written", what, amap->out[0],
		 amap->out[1], amap->out[2]);
	eq(amap->out[3], 0, "%s: each fault is a SIGSEGV with its address",
	   what);
	memset((void *)amap->out, 0, sizeof amap->out);
}

int main(int argc, char **argv)
{
	attack_start(argc, argv, 400, 1);
	attack_probe();
	if (!attack_fake) {
		eq(maps_clean(), 0,
		   "/proc/self/maps shows nothing of the stub region");
		ok(getauxval(AT_SYSINFO_EHDR) < STUB_START,
		   "the vDSO isn't in it: %#lx", getauxval(AT_SYSINFO_EHDR));
		/* natively the own stack lies there */
		report(attack_run(coarse, NULL, 60000), "steps of 2 MiB");
		report(attack_run(scattered, NULL, 30000),
		       "8192 random places");
		report(attack_run(last, NULL, 30000), "the last 16 MiB");
		if (argc > 1 && !strcmp(argv[1], "--all"))
			report(attack_run(every, NULL, 390000), "every page");
	}
	all_well(attack_run(read_all, NULL, 20000),
		 "every byte that can be read");
	all_well(attack_run(edges, NULL, 5000),
		 "the edges of the address space");
	return tap_done();
}
