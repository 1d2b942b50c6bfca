/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the attackers share. The stub region lies above the guest's TASK_SIZE;
 * its first pages hold stub code, a read-only control page and each thread's
 * frames. An attack runs in a child, which may die or hang as it likes; the
 * harness goes on, and afterwards forks, execs, and asks a victim process
 * whether its memory is intact.
 *
 * On an ordinary kernel that region is plain address space, so these programs
 * skip. ATTACK_FAKE=1 puts look-alike pages there instead, to try the
 * programs themselves.
 */
#ifndef GUEST_ATTACK_H
#define GUEST_ATTACK_H

#include "fault.h"

/* Others by -D: above an ordinary kernel's address space, attack_syscall runs
 * there too. */
#ifndef STUB_START
#define STUB_START 0x7ff000000000UL
#define STUB_END   0x7ffffffff000UL
#endif
#define PG	  4096UL
#define MAP_PAGES 4096 /* pages looked at one by one: 16 MiB */

struct attack_map {
	unsigned char r[MAP_PAGES], w[MAP_PAGES], x[MAP_PAGES];
	volatile int progress, done;
	volatile long out[64];
};
static struct attack_map *amap;
static int attack_fake, victim_ask[2], victim_say[2];
static unsigned char *const stub = (unsigned char *)STUB_START;

static unsigned long rnd_state = 0x2545f4914f6cdd1dUL;
static inline unsigned long rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

static inline int in_guest(void)
{
	char here;

	return (uintptr_t)&here < STUB_START;
}

/* Verifies 1 MiB of its own memory each time it is asked. */
static inline void victim(void)
{
	size_t n = 1 << 20;
	unsigned *m = malloc(n), pid = (unsigned)getpid();
	char c;

	for (unsigned i = 0; i < n / 4; i++)
		m[i] = i * 2654435761U ^ pid;
	while (read(victim_ask[0], &c, 1) == 1) {
		c = (unsigned)getpid() == pid ? 'k' : 'p';
		for (unsigned i = 0; i < n / 4; i++)
			if (m[i] != (i * 2654435761U ^ pid))
				c = 'm';
		if (write(victim_say[1], &c, 1) != 1)
			break;
	}
	_exit(0);
}

static inline void attack_start(int argc, char **argv, unsigned seconds,
				int need_stub)
{
	if (argc > 1 && !strcmp(argv[1], "--alive"))
		_exit(17);
	if (need_stub && !in_guest()) {
		attack_fake = getenv("ATTACK_FAKE") != NULL;
		if (!attack_fake)
			skip_all(
				"the stub region exists in a umkit guest only");
	}
	tap_start(seconds);
	need_proc();
	amap = shared_alloc(sizeof *amap);
	fault_setup();
	if (attack_fake) {
		static const unsigned char code[] = {0x0f, 0x05, 0xc3, 0x90,
						     0xb8, 0x0f, 0,    0,
						     0,	   0x0f, 0x05, 0xf4};
		unsigned char *p =
			mmap(stub, 6 * PG, PROT_READ | PROT_WRITE,
			     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p, 0xf4, PG);
		memcpy(p + 100, code, sizeof code);
		mprotect(p, PG, PROT_READ | PROT_EXEC);
		mprotect(p + PG, PG, PROT_READ);
	}
	if (pipe(victim_ask) < 0 || pipe(victim_say) < 0)
		exit(1);
	if (tap_fork() == 0) {
		close(victim_ask[1]);
		victim();
	}
	close(victim_ask[0]);
	close(victim_say[1]);
}

/*
 * Run an attack with a time limit. Result: its wait status; -1: it had to be
 * killed; -2: it could not be.
 */
static inline int attack_run(int (*fn)(void *), void *arg, unsigned ms)
{
	pid_t p = tap_fork();
	int st;

	if (p == 0) {
		setpgid(0, 0);
		fault_quiet = 1;
		_exit(fn(arg));
	}
	setpgid(p, p);
	for (unsigned i = 0; i < ms; i++) {
		pid_t r = waitpid(p, &st, WNOHANG);

		if (r == p) {
			kill(-p, SIGKILL);
			return st;
		}
		usleep(i < 20 ? 200 : 1000);
	}
	kill(-p, SIGKILL);
	kill(p, SIGKILL);
	for (int i = 0; i < 10000; i++) {
		if (waitpid(p, &st, WNOHANG) == p)
			return -1;
		usleep(1000);
	}
	return -2;
}

/* After an attack: the attacker is gone, and everyone else is well. */
static inline int all_well(int st, const char *what)
{
	char *argv[] = {"attack", "--alive", NULL}, c = 'q';
	pid_t p;
	int alive, victim_ok;

	p = tap_fork();
	if (p == 0) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	alive = tap_wait(p) == EXITED(17);
	victim_ok = write(victim_ask[1], &c, 1) == 1 &&
		    read(victim_say[0], &c, 1) == 1;
	if (st >= 0)
		tap_note("%s: the attacker %s %d", what,
			 WIFEXITED(st) ? "exited with" : "died by signal",
			 WIFEXITED(st) ? WEXITSTATUS(st) : WTERMSIG(st));
	else if (st == -1)
		tap_note("%s: the attacker hung, and was killed", what);
	return ok(st != -2 && alive && victim_ok && c == 'k',
		  "%s:%s fork and exec %s, the victim is %s", what,
		  st == -2 ? " the attacker CAN'T BE KILLED," : "",
		  alive ? "work" : "FAIL", c == 'k' ? "intact" : "DAMAGED");
}

static inline void use_altstack(void)
{
	size_t n = 128 << 10;
	stack_t st = {.ss_sp = malloc(n), .ss_size = n};

	sigaltstack(&st, NULL);
}

static __attribute__((noinline, unused)) int
fault_rewrite(volatile unsigned char *p)
{
	return FAULT_TRY(*p = *p);
}

/* Which of the first pages can be read and written; done in a child. */
static inline int probe_rw(void *v)
{
	(void)v;
	use_altstack();
	for (size_t i = 0; i < MAP_PAGES; i++) {
		volatile unsigned char *p = stub + i * PG;

		amap->r[i] = fault_read(p) == 0;
		if (amap->r[i])
			amap->w[i] = fault_rewrite(p) == 0;
		else
			amap->w[i] = fault_write(p, 0) == 0;
		amap->progress = (int)i + 1;
	}
	return 0;
}

/* Executable: running it gives anything but an instruction-fetch fault there.
 */
static inline int probe_x(void *v)
{
	size_t i = (size_t)v;
	unsigned char *p = stub + i * PG + PG - 1;
	int s;

	use_altstack();
	amap->x[i] = 1;
	s = fault_call(p);
	if (s == SIGSEGV && flt.ip == (unsigned long)p && flt.cr2 == flt.ip &&
	    (flt.err & 16))
		amap->x[i] = 0;
	return 0;
}

static inline void attack_probe(void)
{
	int r = 0, w = 0, x = 0, wx = 0, st = attack_run(probe_rw, NULL, 20000);

	all_well(st, "a look at the first 16 MiB");
	for (size_t i = 0; i < MAP_PAGES; i++) {
		if (amap->r[i])
			attack_run(probe_x, (void *)i, 1000);
		r += amap->r[i];
		w += amap->w[i];
		x += amap->x[i];
		wx += amap->w[i] && amap->x[i];
	}
	tap_note("%d pages readable, %d writable, %d executable", r, w, x);
	eq(wx, 0, "no page of the stub region is writable and executable");
	if (!x)
		tap_note(
			"no executable page found: the stub may be execute-only or elsewhere");
}

/* The n-th place with these bytes in the executable pages, or NULL. */
static inline unsigned char *find_code(const void *b, size_t len, int n)
{
	for (size_t i = 0; i < MAP_PAGES; i++)
		for (size_t o = 0; amap->r[i] && amap->x[i] && o < PG; o++) {
			unsigned char *p = stub + i * PG + o;

			if (o + len > PG &&
			    (i + 1 == MAP_PAGES || !amap->r[i + 1]))
				break;
			if (!memcmp(p, b, len) && n-- == 0)
				return p;
		}
	return NULL;
}

#endif
