// SPDX-License-Identifier: GPL-2.0
/*
 * Probes of the host. Each looks at one thing and knows its message; what only
 * a back end needs (listeners, outer filters) is probed there: without user
 * notification it takes another transport.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../abi/host.h"
#include "../abi/host_vcpu.h"
#include "diag.h"
#include "probe_host.h"

#define HWCAP2_FSGSBASE_ (1ul << 1)

static struct utsname uts;

static void refuse(const char *what, const char *object, const char *reason)
{
	diag_say(what, object, reason);
	host_exit(1);
}

const char *probe_host_release(void)
{
	return uts.release;
}

static void probe_version(void)
{
	int major = 0, minor = 0;

	if (uname(&uts))
		host_fatal("host", "uname", errno);
	if (sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return;		/* an odd name; the other probes tell */
	if (major < 5 || (major == 5 && minor < 10))
		refuse("host", uts.release, "too old, or a sandbox that poses as "
		       "an old kernel: Linux 5.10 or later is needed");
}

static void probe_cpu(void)
{
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_))
		refuse("host", "FSGSBASE", "the CPU or the host kernel lacks it "
		       "(is `nofsgsbase` on the host's command line?)");
}

static void probe_seccomp_action(u32 action, const char *name)
{
	if (!syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		return;
	if (errno == EOPNOTSUPP)
		refuse("host", name, "the host kernel lacks this seccomp action");
	if (errno == ENOSYS)
		refuse("host", "seccomp", "the host kernel lacks it, or a sandbox hides it");
	refuse("host", "seccomp", errno == EPERM || errno == EACCES ?
	       "denied here: run the container with a profile that allows seccomp(2)" :
	       diag_strerror(errno));
}

static void probe_memfd(void)
{
	int fd = memfd_create("um-probe", MFD_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EPERM || errno == EACCES)
		refuse("host", "memfd_create",
		       "denied here: run the container with a profile that allows it");
	host_fatal("host", "memfd_create", errno);
}

/* Address space: physmem, and the ranges that are reserved beside it. */
static void probe_address_space(u64 mem)
{
	u64 need = mem + (UM_VMALLOC_END - UM_VMALLOC_START) +
		   (UM_MODULES_END - UM_MODULES_START) + (1ull << 30);
	struct rlimit rl;
	struct diag_line l;

	if (getrlimit(RLIMIT_AS, &rl) || rl.rlim_cur == RLIM_INFINITY ||
	    rl.rlim_cur >= need)
		return;
	if (rl.rlim_max == RLIM_INFINITY || rl.rlim_max >= need) {
		rl.rlim_cur = rl.rlim_max;
		if (!setrlimit(RLIMIT_AS, &rl))
			return;
	}
	diag_start(&l);
	diag_str(&l, "host: address space limit ");
	diag_size(&l, rl.rlim_cur);
	diag_str(&l, ": too small, most of it is only reserved: `ulimit -v unlimited`");
	diag_end(&l);
	host_exit(1);
}

/* The guest kernel describes each page in 64 bytes (struct page), all of them
 * written at start: with more mem= than this it would not get anywhere. */
static void probe_page_structs(u64 mem)
{
	u64 host = (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGESIZE);

	if (mem / 64 >= host)
		refuse("mem=", "too large for this host",
		       "its page structures alone need more memory than there is");
}

void probe_raise_nofile(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur == rl.rlim_max)
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

/* ---- memory limit of the container ---- */

/* "max", "", or a number; cgroup v1 has a huge number for none */
static u64 read_limit(const char *path)
{
	char buf[32] = "", *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	u64 v;

	if (fd < 0)
		return ~0ull;
	if (read(fd, buf, sizeof(buf) - 1) < 0)
		buf[0] = '\0';
	close(fd);
	v = strtoull(buf, &end, 10);
	return end == buf ? ~0ull : v;
}

/* The group's limit and its ancestors'. Cuts path short. */
static u64 limit_upwards(const char *root, char *path, const char *file)
{
	static char full[4200];
	u64 v, least = ~0ull;
	char *slash;

	do {
		snprintf(full, sizeof(full), "%s%s/%s", root, path, file);
		v = read_limit(full);
		if (v < least)
			least = v;
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (slash);
	return least;
}

/* One line of /proc/self/cgroup: id:controllers:path */
static u64 limit_of_line(const char *cgroup_root, char *line)
{
	char root[512];
	char *ctl = strchr(line, ':');
	char *path = ctl ? strchr(ctl + 1, ':') : NULL;

	if (!path)
		return ~0ull;
	*path++ = '\0';
	if (ctl[1] == '\0')
		return limit_upwards(cgroup_root, path, "memory.max");
	if (strcmp(ctl + 1, "memory"))
		return ~0ull;
	snprintf(root, sizeof(root), "%s/memory", cgroup_root);
	return limit_upwards(root, path, "memory.limit_in_bytes");
}

u64 probe_cgroup_limit(const char *cgroup_root, const char *self)
{
	static char text[4096];
	char *save, *line;
	u64 v, least = ~0ull;

	snprintf(text, sizeof(text), "%s", self);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		v = limit_of_line(cgroup_root, line);
		if (v < least)
			least = v;
	}
	return least;
}

u32 probe_vsyscall(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], prot[5];
	u32 ret = 0;

	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, " [vsyscall]\n") &&
		    sscanf(line, "%*x-%*x %4s", prot) == 1)
			ret = (prot[0] == 'r' ? HOST_PROT_READ : 0) |
			      (prot[2] == 'x' ? HOST_PROT_EXEC : 0);
	fclose(maps);
	return ret;
}

static void warn_memory(u64 mem)
{
	static char self[4096];
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	struct diag_line l;
	u64 limit;

	if (fd < 0)
		return;
	if (read(fd, self, sizeof(self) - 1) < 0)
		self[0] = '\0';
	close(fd);
	limit = probe_cgroup_limit("/sys/fs/cgroup", self);
	if (limit >= mem)
		return;
	diag_start(&l);
	diag_str(&l, "warning: memory.max ");
	diag_size(&l, limit);
	diag_str(&l, ": smaller than mem=");
	diag_size(&l, mem);
	diag_str(&l, ": the host kills the guest when it uses more");
	diag_end(&l);
}

void probe_host(u64 mem)
{
	probe_version();
	probe_cpu();
	probe_seccomp_action(SECCOMP_RET_TRAP, "seccomp trap");
	probe_memfd();
	probe_address_space(mem);
	probe_page_structs(mem);
	warn_memory(mem);
}
