// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor. The process that was started forks at once; the child is
 * the kernel process, the parent stays and does what the kernel process
 * cannot do for itself:
 *
 * - Clean up after it, however it dies: the umid folder, and any process it
 *   left. The supervisor is their reaper (PR_SET_CHILD_SUBREAPER) and ends
 *   only when all of them are gone; it then has the kernel process's exit
 *   status, or dies of the same signal.
 * - Start the program again on reboot. The kernel process is under a system
 *   call filter by then, and a filter survives execve(); the new kernel could
 *   not run guests. The supervisor has no filter and keeps the pid.
 * - Be a container's init: reap orphans, take SIGTERM.
 *
 * It passes on signals that were sent to it alone. Signals of the terminal go
 * to the whole process group, so the kernel process has them already. When
 * the kernel process stops (job.c) the supervisor stops too.
 *
 * If the supervisor itself is killed, the kernel process gets SIG_ORPHAN and
 * ends, cleaning up. Only a SIGKILL of both at once leaves files behind, and
 * no process.
 *
 * Under a debugger or strace there is no supervisor, so that the program seen
 * by the tracer is the kernel.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../abi/host.h"
#include "cmdline.h"
#include "diag.h"
#include "signals.h"
#include "supervise.h"

#define MAX_OLD_CHILDREN 64
#define GRACE_MS	1000	/* for orphans to end by themselves */
#define GIVE_UP_MS	5000

/* Shared by both processes; the supervisor does not trust it further than
 * these two meanings go. */
struct shared {
	atomic_int reboot;	/* start the program again */
	atomic_int umid;	/* the files are ours */
};

static struct shared *shared;

static struct {
	pid_t kernel;
	int status;
	bool ended;
	char *const *argv;
	const char *const *umid_files;
	sigset_t start_mask;
	/* children we had before (exec in a shell): not ours to kill */
	pid_t old[MAX_OLD_CHILDREN];
	int nr_old;
} sup;

extern char **environ;

/* ---- the kernel process's side ---- */

bool supervised(void)
{
	return shared != NULL;
}

void supervise_umid(bool made)
{
	if (shared)
		atomic_store(&shared->umid, made);
}

void supervise_ask_reboot(void)
{
	atomic_store(&shared->reboot, 1);
}

/* ---- small helpers ---- */

static int read_file(const char *path, char *buf, int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int n = fd < 0 ? -1 : (int)read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static bool traced(void)
{
	static char buf[2048];
	char *p;

	read_file("/proc/self/status", buf, sizeof(buf));
	p = strstr(buf, "TracerPid:");
	return p && atoi(p + 10) != 0;
}

static void nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Calls fn with each child of this process, as far as /proc tells. */
static void each_child(void (*fn)(pid_t))
{
	static char buf[4096];
	char path[64] = "/proc/self/task/", *p = buf, *end;

	diag_utoa(path + strlen(path), getpid());
	strcat(path, "/children");
	read_file(path, buf, sizeof(buf));
	for (;;) {
		pid_t pid = strtol(p, &end, 10);

		if (end == p)
			break;
		fn(pid);
		p = end;
	}
}

/* ---- what is left of the kernel process ---- */

static void note_old_child(pid_t pid)
{
	if (sup.nr_old < MAX_OLD_CHILDREN)
		sup.old[sup.nr_old++] = pid;
}

static bool is_old_child(pid_t pid)
{
	int i;

	for (i = 0; i < sup.nr_old; i++)
		if (sup.old[i] == pid)
			return true;
	return false;
}

static int nr_left;

static void count_child(pid_t pid)
{
	nr_left += !is_old_child(pid);
}

static void kill_child(pid_t pid)
{
	if (!is_old_child(pid))
		kill(pid, SIGKILL);
}

static bool any_left(void)
{
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	if (errno == ECHILD)
		return false;
	nr_left = 0;
	each_child(count_child);
	return nr_left > 0;
}

static void reap_all(void)
{
	int ms;

	for (ms = 0; any_left() && ms < GIVE_UP_MS; ms++) {
		if (ms >= GRACE_MS && ms % 100 == 0)
			each_child(kill_child);
		nap_ms(1);
	}
}

static void remove_umid(void)
{
	const char *const *f = sup.umid_files;

	if (!atomic_load(&shared->umid))
		return;
	for (; *f; f++)
		if (f[1])
			unlink(*f);
		else
			rmdir(*f);
}

static void say_killed(int sig)
{
	struct diag_line l;

	/* sent on purpose, or the kernel process has told why */
	if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGABRT)
		return;
	diag_start(&l);
	diag_str(&l, "kernel process: killed by signal ");
	diag_dec(&l, sig);
	if (sig == SIGKILL)
		diag_str(&l, ": if you did not send it, the host or its "
			     "container ran out of memory");
	diag_end(&l);
}

static void die_alike(int sig)
{
	struct rlimit none = { 0, 0 };

	say_killed(sig);
	setrlimit(RLIMIT_CORE, &none);
	signals_raise_default(sig);
	_exit(128 + sig);
}

static void start_again(void)
{
	sigprocmask(SIG_SETMASK, &sup.start_mask, NULL);
	execve("/proc/self/exe", sup.argv, environ);
	diag_err("reboot", "/proc/self/exe", errno);
	_exit(1);
}

static void finish(void)
{
	reap_all();
	remove_umid();
	if (WIFSIGNALED(sup.status))
		die_alike(WTERMSIG(sup.status));
	if (atomic_load(&shared->reboot))
		start_again();
	_exit(WEXITSTATUS(sup.status));
}

/* ---- while the kernel process lives ---- */

static void stop_too(int sig)
{
	sigset_t s;

	if (sig != SIGTSTP)
		return;
	sigemptyset(&s);
	sigaddset(&s, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &s, NULL);	/* stops here */
	sigprocmask(SIG_BLOCK, &s, NULL);
	kill(sup.kernel, SIGCONT);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while (!sup.ended &&
	       (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0) {
		if (pid != sup.kernel)
			continue;
		if (WIFSTOPPED(status)) {
			stop_too(WSTOPSIG(status));
		} else {
			sup.status = status;
			sup.ended = true;
		}
	}
}

static void pass_on(const siginfo_t *si)
{
	/* from the terminal: the kernel process is in the group too */
	if (si->si_code == SI_KERNEL && si->si_signo != SIGCONT)
		return;
	kill(sup.kernel, si->si_signo);
}

static void watch(const sigset_t *set)
{
	siginfo_t si;

	while (!sup.ended) {
		if (sigwaitinfo(set, &si) < 0)
			continue;
		if (si.si_signo == SIGCHLD)
			reap();
		else
			pass_on(&si);
	}
	finish();
}

/* Everything that may come to a program from outside and is not a fault of
 * its own. SIGTTOU and SIGTTIN stay blocked and unheard. */
static void watched_signals(sigset_t *set)
{
	static const int sigs[] = {
		SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT,
		SIGTSTP, SIGUSR1, SIGUSR2, SIGPWR, SIGALRM,
	};
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaddset(set, sigs[i]);
}

static void kernel_process(pid_t parent)
{
	sigprocmask(SIG_SETMASK, &sup.start_mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIG_ORPHAN);
	if (getppid() != parent)
		_exit(128 + SIGKILL);
}

void supervise_start(const struct host_options *o, char *const argv[],
		     const char *const *umid_files)
{
	pid_t self = getpid();
	sigset_t set;

	if (o->nosupervisor || traced())
		return;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		host_fatal("supervisor", "shared page", errno);
	sup.argv = argv;
	sup.umid_files = umid_files;
	each_child(note_old_child);
	watched_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &sup.start_mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sup.kernel = fork();
	if (sup.kernel < 0)
		host_fatal("supervisor", "fork", errno);
	if (sup.kernel)
		watch(&set);
	kernel_process(self);
}
