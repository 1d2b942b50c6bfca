// SPDX-License-Identifier: GPL-2.0
/*
 * Starting the command.
 *
 * Without a terminal it leads a session of its own, so that its process group
 * can be signalled as a whole.
 *
 * With a terminal there is one process more, the leader. It leads the session
 * that owns the pty and does nothing but wait to be killed. The reason: when a
 * session leader exits, the kernel hangs its terminal up, and a hangup of a
 * pty throws away what has been written and not yet reached the master. Were
 * the command itself the leader, its last words could be lost. The command is
 * the leader's sibling (CLONE_PARENT), so its status comes straight to us; it
 * is the foreground process group, and orphaned in the sense of POSIX as any
 * login shell is, so that ^Z does not stop it for ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "imgtool/agent/agent.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Bytes a pipe of the command should hold; less where that is refused. */
#define PIPE_BYTES (1 << 20)

/* What the child's side of the start can fail at. */
enum stage { STAGE_PID, STAGE_TERMINAL, STAGE_USER, STAGE_WORKDIR, STAGE_EXEC };

/* What it says through a pipe: first its pid, then, if exec fails, that. */
struct report {
	enum stage stage;
	int value; /* pid or errno */
};

/* The command's side of everything. */
struct plan {
	const struct start *start;
	struct user user;
	char **argv, **env;
	int fds[3];
	int slave;  /* -1: no terminal */
	int report; /* write end */
};

/* ---- in the child ---- */

static void say(const struct plan *plan, enum stage stage, int value)
{
	struct report r = { .stage = stage, .value = value };

	if (write(plan->report, &r, sizeof(r)) < 0)
		_exit(127);
}

static void die(const struct plan *plan, enum stage stage)
{
	say(plan, stage, errno);
	_exit(127);
}

static void reset_signals(void)
{
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_user(const struct plan *plan)
{
	const struct user *u = &plan->user;

	if (agent_native && !*plan->start->user)
		return;
	if (setgroups(u->group_count, u->groups) || setgid(u->gid) ||
	    setuid(u->uid))
		die(plan, STAGE_USER);
}

static void run_command(const struct plan *plan) __attribute__((noreturn));
static void run_command(const struct plan *plan)
{
	int i;

	if (agent_native)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	say(plan, STAGE_PID, syscall(SYS_getpid));
	if (plan->slave >= 0) {
		/* Signals are blocked, so this does not stop us. */
		setpgid(0, 0);
		if (tcsetpgrp(plan->slave, syscall(SYS_getpid)))
			die(plan, STAGE_TERMINAL);
	} else {
		setsid();
	}
	for (i = 0; i < 3; i++)
		dup2(plan->fds[i], i);
	become_user(plan);
	if (chdir(*plan->start->workdir ? plan->start->workdir : "/"))
		die(plan, STAGE_WORKDIR);
	reset_signals();
	execvpe(plan->argv[0], plan->argv, plan->env);
	die(plan, STAGE_EXEC);
	_exit(127);
}

/* The session leader. Its signals are blocked; it ends by SIGKILL. */
static void run_leader(const struct plan *plan) __attribute__((noreturn));
static void run_leader(const struct plan *plan)
{
	pid_t pid;

	prctl(PR_SET_NAME, "umkit-tty");
	if (agent_native)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	if (ioctl(plan->slave, TIOCSCTTY, 0))
		die(plan, STAGE_TERMINAL);
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		die(plan, STAGE_TERMINAL);
	if (pid == 0)
		run_command(plan);
	close(plan->report);
	for (;;)
		pause();
}

/* ---- environment ---- */

/* Is a variable of the same name as DEFAULTS (NAME=VALUE) in LIST? */
static bool has_variable(char **list, const char *variable)
{
	size_t n = strcspn(variable, "=") + 1;

	for (; *list; list++)
		if (!strncmp(*list, variable, n))
			return true;
	return false;
}

static void add_default(char **env, const char *name, const char *value)
{
	char *variable;

	if (!*value || asprintf(&variable, "%s=%s", name, value) < 0)
		return;
	if (has_variable(env, variable)) {
		free(variable);
		return;
	}
	while (*env)
		env++;
	*env = variable;
}

static char **make_env(const struct start *start, const struct user *user)
{
	char **env = calloc(start->head.envc + 8, sizeof(*env));

	if (!env)
		return NULL;
	memcpy(env, start->env, start->head.envc * sizeof(*env));
	add_default(env, "PATH", DEFAULT_PATH);
	add_default(env, "HOME", user->home);
	add_default(env, "USER", user->name);
	add_default(env, "LOGNAME", user->name);
	add_default(env, "SHELL", *user->shell ? user->shell : "/bin/sh");
	return env;
}

/* Exec of a file without #! gives it to /bin/sh, as execvpe does it. NULL:
 * told the host. */
static char **script_argv(const struct start *start)
{
	char **argv = calloc(start->head.argc + 2, sizeof(*argv));

	if (!argv) {
		ctl_fail(AGENT_EXIT_FAILED, start->script_name, "no memory");
		return NULL;
	}
	memcpy(argv + 1, start->argv, start->head.argc * sizeof(*argv));
	argv[0] = script_place(start);
	return argv[0] ? argv : NULL;
}

/* The command's arguments, or those of a shell. */
static char **make_argv(const struct start *start)
{
	static char bash[] = "/bin/bash", sh[] = "/bin/sh", login[] = "-l";
	static char *shell[] = { sh, login, NULL };

	if (start->head.flags & AGENT_SCRIPT)
		return script_argv(start);
	if (start->head.argc)
		return start->argv;
	if (!access(bash, X_OK))
		shell[0] = bash;
	return shell;
}

/* ---- descriptors ---- */

static int set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/*
 * A pipe between the command's descriptor N and a channel. Only our end does
 * not block; the command's is as any program expects it.
 */
static int open_pipe(int n, unsigned int channel)
{
	const char *output = n == 0 ? NULL :
			     n == 1 ? "standard output" : "standard error";
	int p[2], device;

	device = agent_channel(channel, output ? O_WRONLY : O_RDONLY);
	if (device < 0 || pipe2(p, O_CLOEXEC))
		return -1;
	fcntl(p[0], F_SETPIPE_SZ, PIPE_BYTES);
	set_nonblocking(p[output ? 0 : 1]);
	if (output)
		pump_add(p[0], device, output, false);
	else
		pump_add(device, p[1], NULL, false);
	return p[output ? 1 : 0];
}

static int open_stdio(const struct start *start, struct plan *plan, int n)
{
	uint32_t kind = start->head.stdio[n];

	if (kind == AGENT_STDIO_TTY)
		return plan->slave;
	if (kind == AGENT_STDIO_NULL)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (n == 2 && kind == start->head.stdio[1])
		return plan->fds[1];
	return open_pipe(n, kind - AGENT_STDIO_CHANNEL(0));
}

static void set_termios(int fd, const struct agent_start *head)
{
	struct termios t;
	size_t i;

	if (!(head->flags & AGENT_TERMIOS) || tcgetattr(fd, &t))
		return;
	t.c_iflag = head->termios[0];
	t.c_oflag = head->termios[1];
	t.c_cflag = head->termios[2];
	t.c_lflag = head->termios[3];
	for (i = 0; i < AGENT_TERMIOS_CC && i < NCCS; i++)
		t.c_cc[i] = head->termios_cc[i];
	tcsetattr(fd, TCSANOW, &t);
}

/* A pty, pumped to its channel both ways. */
static int open_terminal(const struct start *start, struct plan *plan,
			 struct child *child)
{
	int device = agent_channel(start->head.tty_channel, O_RDWR);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	if (device < 0 || master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, name, sizeof(name)))
		return -1;
	plan->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (plan->slave < 0)
		return -1;
	if (fchown(plan->slave, plan->user.uid, -1) && errno != EPERM)
		return -1;
	set_nonblocking(master);
	child->master = master;
	child_winsize(child, &start->head.winsize);
	set_termios(plan->slave, &start->head);
	pump_add(fcntl(device, F_DUPFD_CLOEXEC, 3),
		 fcntl(master, F_DUPFD_CLOEXEC, 3), NULL, true);
	pump_add(fcntl(master, F_DUPFD_CLOEXEC, 3), device, "terminal",
		 true);
	return 0;
}

static bool wants_terminal(const struct agent_start *head)
{
	int i;

	for (i = 0; i < 3; i++)
		if (head->stdio[i] == AGENT_STDIO_TTY)
			return true;
	return false;
}

static int open_all(const struct start *start, struct plan *plan,
		    struct child *child)
{
	int i;

	plan->slave = -1;
	if (wants_terminal(&start->head) &&
	    open_terminal(start, plan, child) < 0) {
		ctl_fail(AGENT_EXIT_FAILED, "terminal",
			 "cannot be opened in the guest: %s", strerror(errno));
		return -1;
	}
	for (i = 0; i < 3; i++) {
		plan->fds[i] = open_stdio(start, plan, i);
		if (plan->fds[i] >= 0)
			continue;
		ctl_fail(AGENT_EXIT_FAILED, "",
			 "standard descriptor %d cannot be opened in the guest: %s",
			 i, strerror(errno));
		return -1;
	}
	return 0;
}

static void close_command_side(struct plan *plan)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (plan->fds[i] != plan->slave &&
		    (i != 2 || plan->fds[2] != plan->fds[1]))
			close(plan->fds[i]);
	}
	close(plan->report);
}

/* ---- how the start went ---- */

static void fail_exec(const char *command, int err)
{
	uint32_t status = AGENT_EXIT_NOT_EXEC;

	if (err == ENOENT || err == ENOTDIR)
		status = AGENT_EXIT_NOT_FOUND;
	if (err == ENOENT && strchr(command, '/') && !access(command, F_OK))
		ctl_fail(status, command,
			 "cannot be executed: its interpreter or loader is not in the image");
	else if (err == ENOENT)
		ctl_fail(status, command, "not found in the image");
	else
		ctl_fail(status, command, "cannot be executed: %s",
			 strerror(err));
}

static void fail_start(const struct plan *plan, const struct report *r)
{
	const char *workdir = plan->start->workdir;

	switch (r->stage) {
	case STAGE_EXEC:
		fail_exec(plan->argv[0], r->value);
		break;
	case STAGE_WORKDIR:
		ctl_fail(AGENT_EXIT_FAILED, workdir, "cannot be entered: %s",
			 strerror(r->value));
		break;
	case STAGE_USER:
		ctl_fail(AGENT_EXIT_FAILED, plan->start->user,
			 "cannot become this user: %s", strerror(r->value));
		break;
	default:
		ctl_fail(AGENT_EXIT_FAILED, plan->argv[0],
			 "cannot be started: %s", strerror(r->value));
	}
}

/* Read what the child's side says until it has executed, which closes FD. */
static int hear(int fd, const struct plan *plan, struct child *child)
{
	struct report r;
	ssize_t n;

	for (;;) {
		n = read(fd, &r, sizeof(r));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(r))
			break;
		if (r.stage != STAGE_PID) {
			fail_start(plan, &r);
			return -1;
		}
		child->pid = r.value;
	}
	if (child->pid)
		return 0;
	ctl_fail(AGENT_EXIT_FAILED, plan->argv[0], "cannot be started");
	return -1;
}

static int launch(struct plan *plan, struct child *child)
{
	int report[2], result;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC)) {
		ctl_fail(AGENT_EXIT_FAILED, plan->argv[0],
			 "cannot be started: %s", strerror(errno));
		return -1;
	}
	plan->report = report[1];
	pid = fork();
	if (pid == 0) {
		if (plan->slave >= 0)
			run_leader(plan);
		run_command(plan);
	}
	close_command_side(plan);
	if (pid < 0) {
		ctl_fail(AGENT_EXIT_FAILED, plan->argv[0],
			 "cannot be started: %s", strerror(errno));
		close(report[0]);
		return -1;
	}
	child->leader = plan->slave >= 0 ? pid : 0;
	result = hear(report[0], plan, child);
	close(report[0]);
	return result;
}

int child_start(const struct start *start, struct child *child)
{
	struct plan plan = { .start = start };

	child->master = -1;
	if (user_find(start->user, &plan.user) < 0)
		return -1;
	plan.argv = make_argv(start);
	if (!plan.argv)
		return -1;
	plan.env = make_env(start, &plan.user);
	if (!plan.env) {
		ctl_fail(AGENT_EXIT_FAILED, plan.argv[0], "no memory");
		return -1;
	}
	/* execvpe searches our PATH, not the one it passes on. */
	environ = plan.env;
	if (open_all(start, &plan, child) < 0)
		return -1;
	return launch(&plan, child);
}

/* ---- afterwards ---- */

void child_signal(const struct child *child, int signo)
{
	if (child->pid <= 0 || child->exited)
		return;
	if (signo == SIGINT || signo == SIGQUIT || signo == SIGKILL)
		kill(-child->pid, signo);
	else
		kill(child->pid, signo);
}

void child_winsize(const struct child *child, const struct agent_winsize *size)
{
	struct winsize w = {
		.ws_row = size->rows,
		.ws_col = size->columns,
		.ws_xpixel = size->x_pixels,
		.ws_ypixel = size->y_pixels,
	};

	if (child->master >= 0)
		ioctl(child->master, TIOCSWINSZ, &w);
}
