// SPDX-License-Identifier: GPL-2.0
/* Memory that the kernel maps for itself, taken and given back on all cpus at
 * once: BPF arrays, which are made of it. One that loses its pages while another
 * cpu unmaps what is around it ends the kernel. */
#include "tap.h"
#include <linux/bpf.h>

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static int make_array(uint32_t value_size)
{
	union bpf_attr a = {0};

	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = value_size;
	a.max_entries = 2;
	return (int)bpf(BPF_MAP_CREATE, &a);
}

static long access_array(int cmd, int fd, uint32_t key, void *value)
{
	union bpf_attr a = {0};

	a.map_fd = (uint32_t)fd;
	a.key = (uint64_t)(uintptr_t)&key;
	a.value = (uint64_t)(uintptr_t)value;
	return bpf(cmd, &a);
}

/* Writes all of one, and reads it back. */
static int use_array(uint32_t size, char *value, char byte)
{
	int fd = make_array(size), good;

	if (fd < 0)
		return 0;
	memset(value, byte, size);
	good = !access_array(BPF_MAP_UPDATE_ELEM, fd, 1, value);
	memset(value, 0, size);
	good = good && !access_array(BPF_MAP_LOOKUP_ELEM, fd, 1, value) &&
	       value[0] == byte && value[size - 1] == byte;
	close(fd);
	return good;
}

#define LARGEST (1 << 20)

/* In KiB; what files fill counts as available. */
static long meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			kib = strtol(line + strlen(name), NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

/* The kernel gives an array's memory back later, in a worker: arrays are made
 * faster than that while the host keeps the worker's cpu away. */
static void await_memory(void)
{
	while (meminfo("MemAvailable:") < meminfo("MemTotal:") / 2)
		usleep(1000);
}

static int child(void *seed)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + 4000000000u;
	unsigned s = *(unsigned *)seed;
	char *value = malloc(LARGEST);

	while (now_ns(CLOCK_MONOTONIC) < end) {
		uint32_t size = 1u << (14 + rand_r(&s) % 7);

		await_memory();
		if (!use_array(size, value, (char)(1 + s % 100)))
			return 1;
	}
	return 0;
}

int main(void)
{
	enum { N = 4 };
	pid_t p[N];
	int fd;

	tap_start(60);
	fd = make_array(8);
	if (fd < 0)
		skip_all(errno == EPERM ? "no right to make BPF maps" :
					  "this kernel has no BPF maps");
	close(fd);
	for (unsigned i = 0; i < N; i++) {
		p[i] = tap_fork();
		if (!p[i])
			_exit(child(&i));
	}
	for (int i = 0; i < N; i++)
		eq(tap_wait(p[i]), 0, "arrays keep what is written to them");
	return tap_done();
}
