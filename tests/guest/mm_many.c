// SPDX-License-Identifier: GPL-2.0
/*
 * 300,000 mappings in one process, more than the host allows one of its own:
 * every second page has another protection, so that none can merge. Needs
 * vm.max_map_count above that; as root it is raised here, and put back.
 */
#include "fault.h"

#define PG    4096UL
#define COUNT "/proc/sys/vm/max_map_count"

static long get_limit(void)
{
	char b[32] = "";
	int fd = open(COUNT, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, b, sizeof b - 1);

	close(fd);
	return n > 0 ? atol(b) : -1;
}

static int set_limit(long v)
{
	char b[32];
	int fd = open(COUNT, O_WRONLY), n = snprintf(b, sizeof b, "%ld", v);
	int r = fd >= 0 && write(fd, b, (size_t)n) == n ? 0 : -1;

	close(fd);
	return r;
}

static long count_maps(void)
{
	static char b[65536];
	int fd = open("/proc/self/maps", O_RDONLY);
	long lines = 0;
	ssize_t n;

	while ((n = read(fd, b, sizeof b)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += b[i] == '\n';
	close(fd);
	return lines;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 300000, bad = 0, limit;
	unsigned char *p;

	tap_start(180);
	need_proc();
	limit = get_limit();
	if (limit < n + 1000 && set_limit(n + 10000) < 0)
		skip_all("vm.max_map_count is too low, and can't be raised");

	/*
	 * One file page would be enough natively; here each virtual page is
	 * another mapping of a few file pages, so memory stays small.
	 */
	size_t fpages = 1024;
	int fd = (int)syscall(SYS_memfd_create, "many", 0U);
	if (fd < 0 || ftruncate(fd, (off_t)(fpages * PG)) < 0) {
		ok(0, "memfd: %s", strerror(errno));
		return tap_done();
	}
	unsigned long *all = mmap(NULL, fpages * PG, PROT_READ | PROT_WRITE,
				  MAP_SHARED, fd, 0);
	p = mmap(NULL, (size_t)n * PG, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (long i = 0; i < n; i++) {
		/* a stride of 7 file pages: neighbours never merge */
		off_t o = (off_t)((size_t)i * 7 % fpages * PG);
		int prot = i & 1 ? PROT_READ | PROT_WRITE
				 : PROT_READ | PROT_WRITE | PROT_EXEC;

		if (mmap(p + i * (long)PG, PG, prot, MAP_SHARED | MAP_FIXED, fd,
			 o) == MAP_FAILED) {
			ok(0, "mapping %ld: %s", i, strerror(errno));
			return tap_done();
		}
		/* slot i / fpages of its page: every mapping has its own word
		 */
		*(unsigned long *)(p + i * (long)PG + i / (long)fpages * 8) =
			(unsigned long)i + 1;
	}
	long maps = count_maps();
	ok(maps >= n,
	   "%ld mappings made, each page written; maps has %ld lines", n, maps);
	for (long i = 0; i < n; i++)
		bad += *(unsigned long *)(p + i * (long)PG +
					  i / (long)fpages * 8) !=
		       (unsigned long)i + 1;
	eq(bad, 0, "each read back, in order");
	for (long k = 0, i = 0; k < 50000; k++, i = (i + 104729) % n)
		bad += *(unsigned long *)(p + i * (long)PG +
					  i / (long)fpages * 8) !=
		       (unsigned long)i + 1;
	eq(bad, 0, "50000 read back, scattered");
	for (long i = 0; i < n; i += 997)
		bad += all[(size_t)i * 7 % fpages * 512 + (size_t)i / fpages] !=
		       (unsigned long)i + 1;
	eq(bad, 0, "and seen through the file");

	pid_t c = tap_fork();
	if (c == 0) {
		for (long i = 0; i < n; i += 101)
			bad += *(unsigned long *)(p + i * (long)PG +
						  i / (long)fpages * 8) !=
			       (unsigned long)i + 1;
		_exit(bad ? 1 : 0);
	}
	eq(tap_wait(c), 0, "a forked child has them all");
	fault_setup();
	mprotect(p + 5000 * PG, PG, PROT_READ);
	eq(fault_write(p + 5000 * PG, 1), SIGSEGV,
	   "one of them made read-only");
	munmap(p + 7000 * PG, PG);
	eq(fault_read(p + 7000 * PG), SIGSEGV, "one of them unmapped");
	eq(munmap(p, (size_t)n * PG), 0, "all unmapped at once");
	ok(count_maps() < 100, "and gone");
	if (limit > 0 && limit < n + 1000)
		set_limit(limit);
	return tap_done();
}
