/* SPDX-License-Identifier: GPL-2.0 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/engine/watch.h"

#define IDLE_MS	  60000
#define BUSY_MORE 20

/* Of the time, what a guest that is stuck uses for its clock: less than a
 * twentieth. */
#define IDLE_SHARE 20
#define TICK_MS	   10

/* If more has passed since the last look, it is we who were stopped. */
#define STEP_MS 1000

static int64_t idle_limit(void)
{
	const char *text = getenv("UMKIT_ENGINE_TIMEOUT");
	char *end;
	long n = text ? strtol(text, &end, 10) : 0;

	return text && *text && !*end && n > 0 && n <= 86400 ? n * 1000 :
							       IDLE_MS;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* The state of a process or thread and the time that it has used, in
 * milliseconds. Behind the name, which may hold anything. */
static bool read_stat(const char *file, char *state, int64_t *used)
{
	unsigned long long user, kernel;
	char text[1024], *p;
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = 0;
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
			 "%*u %llu %llu", state, &user, &kernel) != 3)
		return false;
	*used = (user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
	return true;
}

/* Does a thread of it wait for the processor (R) or a disk (D)? */
static bool wants_to_work(pid_t pid)
{
	char path[300];
	struct dirent *e;
	bool found = false;
	int64_t used;
	char state;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat",
			 (int)pid, e->d_name);
		found = *e->d_name != '.' && read_stat(path, &state, &used) &&
			(state == 'R' || state == 'D');
	}
	if (dir)
		closedir(dir);
	return found;
}

static int64_t processor_of(pid_t pid)
{
	char path[64], state;
	int64_t used;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_stat(path, &state, &used) ? used : -1;
}

void watch_reset(struct watch *watch)
{
	*watch = (struct watch){ .processor = -1 };
}

const char *watch_look(struct watch *watch, pid_t pid, int *timeout)
{
	int64_t limit = idle_limit(), at = now(), step, used;

	*timeout = STEP_MS;
	if (!watch->last)
		watch_reset(watch);
	step = watch->last ? at - watch->last : 0;
	watch->last = at;
	watch->waited += step < 2 * STEP_MS ? step : 2 * STEP_MS;
	/* the first look costs nothing: most answers come at once */
	if (watch->waited < STEP_MS / 2)
		return NULL;
	if (watch->waited >= limit * BUSY_MORE)
		return "does not come to an end";
	used = processor_of(pid);
	if (watch->processor < 0 || used < 0 || wants_to_work(pid) ||
	    used - watch->processor > step / IDLE_SHARE + TICK_MS)
		watch->worked = watch->waited;
	watch->processor = used;
	return watch->waited - watch->worked < limit ? NULL :
						       "has stopped working";
}
