// SPDX-License-Identifier: GPL-2.0
/*
 * reaper [-t SECONDS] [-g MILLISECONDS] [-o FILE] COMMAND...
 *
 * Runs COMMAND and returns its exit status (128 + signal for a death by one),
 * unless something of it is left behind: then it says what, and returns 125.
 *
 * - A process. Being a subreaper, this program becomes the parent of every
 *   descendant that outlives its own parent, whatever its session, group or
 *   credentials. Those still there after the grace time (-g, 2000) are listed
 *   and killed.
 * - A changed terminal. The settings of standard input, output and error are
 *   compared, and put back.
 *
 * After the time limit (-t, none) everything is killed and the status is 124.
 * SIGINT, SIGTERM and SIGHUP kill everything too.
 *
 * COMMAND may itself return 124 or 125. With -o, FILE tells whose status it is:
 * "own STATUS", "timeout", "left STATUS" (COMMAND's own), or "stopped".
 *
 * Only own children are ever killed, never a number read from /proc alone: a
 * child that has not been waited for cannot be another process meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_TIMEOUT = 124, STATUS_LEFTOVER = 125, STATUS_CANNOT = 126 };

static const char *verdict_file;

static struct tty_state {
	bool is_tty;
	struct termios settings;
} ttys[3];

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void verdict(const char *text, int status)
{
	FILE *file = verdict_file ? fopen(verdict_file, "we") : NULL;

	if (verdict_file && !file)
		perror("reaper: -o");
	if (!file)
		return;
	fputs(text, file);
	if (status >= 0)
		fprintf(file, " %d", status);
	fputc('\n', file);
	fclose(file);
}

static void save_ttys(void)
{
	for (int fd = 0; fd < 3; fd++)
		ttys[fd].is_tty = tcgetattr(fd, &ttys[fd].settings) == 0;
}

/* Put back what has changed; says whether anything had. */
static bool restore_ttys(void)
{
	bool changed = false;

	for (int fd = 0; fd < 3; fd++) {
		const struct termios *old = &ttys[fd].settings;
		struct termios now;

		if (!ttys[fd].is_tty || tcgetattr(fd, &now) != 0)
			continue;
		if (now.c_iflag == old->c_iflag &&
		    now.c_oflag == old->c_oflag &&
		    now.c_cflag == old->c_cflag &&
		    now.c_lflag == old->c_lflag &&
		    !memcmp(now.c_cc, old->c_cc, sizeof(now.c_cc)))
			continue;
		changed = true;
		tcsetattr(fd, TCSANOW, old);
	}
	return changed;
}

/* Call f for each child of ours. */
static void each_child(void (*f)(pid_t pid, const char *name, char state))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		char path[64], line[512], name[64], state, *paren;
		pid_t pid = atoi(entry->d_name), parent;
		FILE *stat;

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		stat = fopen(path, "r");
		if (!stat)
			continue;
		/* The name may hold anything: it ends at the last ')'. */
		if (fgets(line, sizeof(line), stat) &&
		    (paren = strrchr(line, ')')) &&
		    sscanf(paren + 1, " %c %d", &state, &parent) == 2 &&
		    parent == getpid()) {
			*paren = '\0';
			snprintf(name, sizeof(name), "%s",
				 strchr(line, '(') + 1);
			f(pid, name, state);
		}
		fclose(stat);
	}
	closedir(proc);
}

static void report_child(pid_t pid, const char *name, char state)
{
	fprintf(stderr, "reaper: left behind: process %d (%s), state %c\n",
		pid, name, state);
}

static void kill_child(pid_t pid, const char *name, char state)
{
	kill(pid, SIGKILL);
}

/*
 * Wait for children until deadline (0: none) or until a signal asks to stop.
 * Returns -ECHILD when none is left, -ETIME at the deadline, the signal's
 * number, or 0 when main_child has ended, with its wait status in *status.
 */
static int wait_children(pid_t main_child, int *status, long long deadline,
			 const sigset_t *signals)
{
	for (;;) {
		struct timespec slice = { 1, 0 };
		int wstatus, sig;
		pid_t pid;

		while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
			if (pid == main_child) {
				*status = wstatus;
				return 0;
			}
		}
		if (pid < 0)
			return -ECHILD;
		if (deadline) {
			long long left = deadline - now_ms();

			if (left <= 0)
				return -ETIME;
			if (left < 1000)
				slice = (struct timespec){ 0, left * 1000000 };
		}
		sig = sigtimedwait(signals, NULL, &slice);
		if (sig > 0 && sig != SIGCHLD)
			return sig;
	}
}

/* Kill all descendants: those of a killed child become children of ours. */
static void kill_all(const sigset_t *signals)
{
	long long deadline = now_ms() + 10000;
	int unused;

	while (now_ms() < deadline) {
		each_child(kill_child);
		if (wait_children(0, &unused, now_ms() + 20, signals) ==
		    -ECHILD)
			return;
	}
	fprintf(stderr, "reaper: children survive SIGKILL\n");
	each_child(report_child);
}

static pid_t start(char **argv, const sigset_t *old_mask)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, old_mask, NULL);
	/* what a shell or nohup made us ignore is not the case's business */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "reaper: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int supervise(char **argv, double limit, int grace_ms)
{
	int wstatus = 0, result, status;
	sigset_t signals, old_mask;
	bool left = false;
	pid_t child;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &old_mask);
	/* A shell that starts jobs in the background ignores SIGINT. */
	signal(SIGCHLD, SIG_DFL);

	save_ttys();
	child = start(argv, &old_mask);
	if (child < 0) {
		perror("reaper: fork");
		return STATUS_CANNOT;
	}

	result = wait_children(child, &wstatus,
			       limit ? now_ms() + (long long)(limit * 1000) : 0,
			       &signals);
	if (result != 0) {
		kill_all(&signals);
		restore_ttys();
		if (result == -ETIME) {
			fprintf(stderr, "reaper: %s: killed after %g s\n",
				argv[0], limit);
			verdict("timeout", -1);
			return STATUS_TIMEOUT;
		}
		verdict("stopped", -1);
		return result > 0 ? 128 + result : STATUS_CANNOT;
	}
	status = WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) :
					WEXITSTATUS(wstatus);

	if (wait_children(0, &wstatus, now_ms() + grace_ms, &signals) !=
	    -ECHILD) {
		each_child(report_child);
		kill_all(&signals);
		left = true;
	}
	if (restore_ttys()) {
		fprintf(stderr, "reaper: left behind: terminal settings\n");
		left = true;
	}
	if (left)
		fprintf(stderr, "reaper: %s: its own status was %d\n", argv[0],
			status);
	verdict(left ? "left" : "own", status);
	return left ? STATUS_LEFTOVER : status;
}

int main(int argc, char **argv)
{
	double limit = 0;
	int grace_ms = 2000, opt;

	while ((opt = getopt(argc, argv, "+t:g:o:")) != -1) {
		switch (opt) {
		case 't':
			limit = atof(optarg);
			break;
		case 'g':
			grace_ms = atoi(optarg);
			break;
		case 'o':
			verdict_file = optarg;
			break;
		default:
			return STATUS_CANNOT;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "usage: reaper [-t SECONDS] "
				"[-g MILLISECONDS] [-o FILE] COMMAND...\n");
		return STATUS_CANNOT;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
		perror("reaper: cannot become a subreaper");
		return STATUS_CANNOT;
	}
	return supervise(argv + optind, limit, grace_ms);
}
