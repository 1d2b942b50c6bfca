// SPDX-License-Identifier: GPL-2.0
/*
 * One run from start to end.
 *
 *	BOOTING	  the kernel was started		-> RUNNING on STARTED
 *	RUNNING	  the command runs			-> LEAVING on EXIT or FAILED
 *	LEAVING	  the agent has had its last word, BYE was sent; the guest
 *		  powers off, or is killed after LEAVE_MS
 *	any	  the kernel's process ends		-> end
 *
 * The status is decided by the first of: EXIT or FAILED, a signal that kills
 * the guest, the time limit, the kernel's death.
 *
 * Signals while the command has no terminal are passed on to it, and the
 * second one kills the guest. With a terminal, keys do not make signals here,
 * so one that comes is meant for us: it ends the guest in good order, and the
 * second kills it. Before the command runs, the first one kills.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* How long the guest may take to power off after its last word. */
#define LEAVE_MS 3000

/* How long it may take to end in good order when it is asked to. */
#define END_MS 30000

enum state { BOOTING, RUNNING, LEAVING };

struct session {
	const struct run_options *options;
	struct run_image image;
	struct run_stdio stdio;
	struct guest guest;
	enum state state;
	int signals;	  /* signalfd */
	int status;	  /* -1: not known yet */
	int interrupts;	  /* signals that ask for an end, so far */
	bool started;	  /* the command was */
	bool hung_up;	  /* the terminal is gone */
	bool lost;	  /* output could not be delivered */
	int64_t kill_at;  /* 0: never */
	int64_t limit_at; /* --timeout; 0: none */
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void kill_by(struct session *s, int ms)
{
	int64_t at = now_ms() + ms;

	if (!s->kill_at || at < s->kill_at)
		s->kill_at = at;
}

static void decide(struct session *s, int status)
{
	if (s->status < 0)
		s->status = status;
}

/* ---- signals ---- */

static const int taken[] = { SIGTERM, SIGINT,  SIGHUP,	SIGQUIT,
			     SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT,
			     SIGTSTP, SIGCHLD };

/* Take these by descriptor. One that we were started to ignore (by nohup, or
 * in the background of a script) stays ignored. */
static int take_signals(struct session *s)
{
	struct sigaction action;
	sigset_t set;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (!sigaction(taken[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return msg_errno("signals", errno, "cannot be taken");
	return 0;
}

static void kill_guest(struct session *s)
{
	guest_signal(&s->guest, SIGKILL);
}

/* A signal that asks for an end. */
static void interrupted(struct session *s, int signo)
{
	s->interrupts++;
	if (s->state == BOOTING || s->interrupts > 1) {
		decide(s, 128 + signo);
		kill_guest(s);
	} else if (s->state == RUNNING && s->stdio.terminal) {
		decide(s, 128 + signo);
		control_send(AGENT_END, NULL, 0);
		kill_by(s, END_MS);
	} else if (s->state == RUNNING) {
		control_send_number(AGENT_SIGNAL, signo);
	}
}

/* The terminal is gone: a SIGHUP and an end of file come, in any order. */
static void hung_up(struct session *s)
{
	if (!s->hung_up)
		interrupted(s, SIGHUP);
	s->hung_up = true;
}

/* ^Z without a terminal of the command's own, or kill -TSTP: stop the guest
 * with us, and go on with it. */
static void stop_here(struct session *s)
{
	bool was_raw = terminal_is_raw();

	terminal_leave();
	guest_signal(&s->guest, SIGSTOP);
	raise(SIGSTOP);
	guest_signal(&s->guest, SIGCONT);
	if (was_raw)
		terminal_enter();
}

static void send_size(void)
{
	struct agent_winsize size;

	terminal_size(&size);
	control_send(AGENT_WINSIZE, &size, sizeof(size));
}

static void take_signal(struct session *s, int signo)
{
	switch (signo) {
	case SIGCHLD:
		break;
	case SIGWINCH:
		if (s->stdio.terminal)
			send_size();
		break;
	case SIGTSTP:
		stop_here(s);
		break;
	case SIGCONT:
		/* Stopped by SIGSTOP: the shell has changed the settings. */
		if (terminal_is_raw()) {
			terminal_leave();
			terminal_enter();
			send_size();
		}
		break;
	case SIGQUIT:
	case SIGUSR1:
	case SIGUSR2:
		if (s->state == RUNNING)
			control_send_number(AGENT_SIGNAL, signo);
		break;
	case SIGHUP:
		if (s->stdio.terminal) {
			hung_up(s);
			break;
		}
		/* fall through */
	default:
		interrupted(s, signo);
	}
}

static void read_signals(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(s, info.ssi_signo);
}

/* ---- the agent ---- */

/* An error line while the terminal is raw would be a staircase. */
static void say(const struct session *s, bool warning, const char *object,
		const char *reason)
{
	bool was_raw = terminal_is_raw();

	if (!*object)
		object = s->options->image;
	terminal_leave();
	if (warning)
		msg_warning(object, "%s", reason);
	else
		msg_error(object, "%s", reason);
	if (was_raw)
		terminal_enter();
}

static int exit_status(uint32_t wait_status)
{
	int status = wait_status & 0xffff;

	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static void last_word(struct session *s, int status)
{
	decide(s, status);
	if (s->state == LEAVING)
		return;
	s->state = LEAVING;
	control_send(AGENT_BYE, NULL, 0);
	s->kill_at = 0;
	kill_by(s, LEAVE_MS);
}

static uint32_t number_in(const struct agent_header *head, const char *data)
{
	struct agent_number number = { .value = AGENT_EXIT_FAILED << 8 };

	if (head->size >= sizeof(number))
		memcpy(&number, data, sizeof(number));
	return number.value;
}

static void failed(struct session *s, const struct agent_header *head,
		   const char *data)
{
	const char *object, *reason;
	uint32_t status = number_in(head, data);

	if (head->size < sizeof(status) ||
	    !control_strings(data + sizeof(status),
			     head->size - sizeof(status), &object, &reason)) {
		object = "";
		reason = "the guest has failed";
	}
	if (s->status < 0)
		say(s, false, object, reason);
	last_word(s, status & 0xff ? (int)(status & 0xff) : AGENT_EXIT_FAILED);
}

static void hear(struct session *s, const struct agent_header *head,
		 const char *data)
{
	const char *object, *reason;

	switch (head->type) {
	case AGENT_STARTED:
		if (s->state != BOOTING)
			break;
		s->state = RUNNING;
		s->started = true;
		if (s->stdio.terminal)
			terminal_enter();
		break;
	case AGENT_LOST:
		s->lost = true;
		/* fall through */
	case AGENT_WARNING:
		if (control_strings(data, head->size, &object, &reason))
			say(s, head->type == AGENT_WARNING, object, reason);
		break;
	case AGENT_EXIT:
		last_word(s, exit_status(number_in(head, data)));
		break;
	case AGENT_FAILED:
		failed(s, head, data);
		break;
	}
}

static void run_control(struct session *s)
{
	struct agent_header head;
	const char *data;

	control_run();
	while (control_next(&head, &data))
		hear(s, &head, data);
}

/* ---- the wait ---- */

static int time_left(const struct session *s)
{
	int64_t at = s->kill_at, left;

	if (s->limit_at && (!at || s->limit_at < at))
		at = s->limit_at;
	if (!at)
		return -1;
	left = at - now_ms();
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void act_on_time(struct session *s)
{
	int64_t now = now_ms();

	if (s->limit_at && now >= s->limit_at) {
		s->limit_at = 0;
		if (s->status < 0)
			say(s, false, "", "the time limit is over");
		decide(s, AGENT_EXIT_TIMEOUT);
		if (s->state == RUNNING) {
			control_send(AGENT_END, NULL, 0);
			kill_by(s, END_MS / 3);
		} else {
			kill_guest(s);
		}
	}
	if (s->kill_at && now >= s->kill_at) {
		s->kill_at = 0;
		kill_guest(s);
	}
}

static void wait_once(struct session *s)
{
	struct pollfd fds[4 + TERMINAL_POLL_MAX];
	int n = 4;

	fds[0] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = control_fd(),
				  .events = control_events() };
	fds[2] = (struct pollfd){ .fd = console_fd(), .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = console_errors_fd(), .events = POLLIN };
	if (s->stdio.terminal)
		n += terminal_poll(fds + 4);
	if (poll(fds, n, time_left(s)) < 0)
		return;
	if (fds[0].revents)
		read_signals(s);
	if (fds[1].revents)
		run_control(s);
	if (fds[2].revents | fds[3].revents)
		console_read();
	if (s->stdio.terminal && !terminal_run(fds + 4, n - 4))
		hung_up(s);
	act_on_time(s);
}

/* Show what is left of the output, unless somebody insists on an end. */
static void drain_terminal(struct session *s)
{
	terminal_end_input();
	while (!terminal_drained() && s->interrupts < 2) {
		s->kill_at = s->limit_at = 0;
		wait_once(s);
	}
}

static void wait_for_end(struct session *s)
{
	while (!guest_check(&s->guest))
		wait_once(s);
	/* What it said last is still in the pipes. */
	console_read();
	run_control(s);
	if (s->stdio.terminal)
		drain_terminal(s);
	terminal_leave();
}

/* ---- start and end ---- */

static int start_guest(struct session *s, const char *kernel)
{
	const struct initrd what = {
		.init = run_init_start,
		.init_size = run_init_end - run_init_start,
	};
	int fds[RUN_CHANNELS + 3], initrd = initrd_create(&what), result;
	char **argv;
	size_t i;

	if (initrd < 0)
		return -1;
	memcpy(fds, s->stdio.kernel_fd, sizeof(s->stdio.kernel_fd));
	fds[RUN_CHANNELS] = initrd;
	fds[RUN_CHANNELS + 1] = s->image.fd;
	fds[RUN_CHANNELS + 2] = s->image.keep_fd;
	argv = kernel_arguments(s->options, &s->image, &s->stdio, kernel,
				initrd);
	result = guest_start(&s->guest, kernel, argv, fds,
			     sizeof(fds) / sizeof(*fds));
	close(initrd);
	for (i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
	return result;
}

static int start(struct session *s)
{
	const char *kernel = kernel_find(s->options);

	if (!kernel)
		return -1;
	if (stdio_prepare(&s->stdio) < 0)
		return -1;
	if (s->stdio.terminal && terminal_prepare(s->stdio.tty) < 0)
		return -1;
	if (take_signals(s) < 0)
		return -1;
	death_prepare();
	control_start(s->stdio.control);
	if (control_send_start(s->options, &s->image, &s->stdio) < 0 ||
	    start_guest(s, kernel) < 0)
		return -1;
	stdio_release(&s->stdio);
	console_start(s->guest.console, s->guest.errors, s->options->verbose);
	if (s->options->timeout)
		s->limit_at = now_ms() + s->options->timeout * 1000ll;
	return 0;
}

static int final_status(struct session *s)
{
	if (s->status >= 0) {
		console_show_complaints(s->options->image);
		return s->lost && !s->status ? AGENT_EXIT_FAILED : s->status;
	}
	/* The command may switch the guest off: that is no failure. */
	if (s->state == RUNNING && WIFEXITED(s->guest.status) &&
	    !WEXITSTATUS(s->guest.status))
		return 0;
	death_explain(&s->guest, s->options, s->state != BOOTING);
	return AGENT_EXIT_FAILED;
}

int session_run(const struct run_options *options)
{
	struct session s = { .options = options, .status = -1 };
	int status = AGENT_EXIT_FAILED;

	if (!image_open(options, &s.image) && !start(&s)) {
		wait_for_end(&s);
		status = final_status(&s);
		guest_reap(&s.guest);
	}
	terminal_finish();
	image_close(&s.image, s.started);
	return status;
}
