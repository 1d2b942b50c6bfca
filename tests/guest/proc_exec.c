// SPDX-License-Identifier: GPL-2.0
/* execve: arguments, environment, what is reset, scripts, failures, threads. */
#include "tap.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/auxv.h>

static char self[4096];

static int exec_self(void *v)
{
	char **argv = v;
	char *env[] = {"A=1", "LONG_NAME=two words", NULL};

	argv[0] = "test-argv0";
	execve(self, argv, env);
	return 120;
}

/* The new program: checks by name, result as exit status. */
static int after_exec(int argc, char **argv, char **envp)
{
	if (!strcmp(argv[1], "--args")) {
		if (argc != 5 || strcmp(argv[0], "test-argv0") ||
		    strcmp(argv[3], "") || strlen(argv[4]) != 100000)
			return 1;
		if (strcmp(envp[0], "A=1") ||
		    strcmp(envp[1], "LONG_NAME=two words") || envp[2])
			return 2;
		if (getauxval(AT_PAGESZ) != 4096 || !getauxval(AT_RANDOM) ||
		    getauxval(AT_UID) != getuid() || !getauxval(AT_ENTRY))
			return 3;
		return strcmp((char *)getauxval(AT_EXECFN), self) ? 4 : 0;
	}
	if (!strcmp(argv[1], "--reset")) {
		struct sigaction sa;
		sigset_t s;
		stack_t st;

		sigaction(SIGUSR1, NULL, &sa);
		if (sa.sa_handler != SIG_DFL)
			return 1;
		sigaction(SIGUSR2, NULL, &sa);
		if (sa.sa_handler != SIG_IGN)
			return 2;
		sigprocmask(0, NULL, &s);
		if (!sigismember(&s, SIGHUP) || sigismember(&s, SIGINT))
			return 3;
		sigaltstack(NULL, &st);
		if (!(st.ss_flags & SS_DISABLE))
			return 4;
		if (fcntl(20, F_GETFD) < 0 || fcntl(21, F_GETFD) >= 0)
			return 5;
		sigpending(&s);
		return sigismember(&s, SIGHUP) ? 0 : 6;
	}
	if (!strcmp(argv[1], "--thread")) {
		DIR *d = opendir("/proc/self/task");
		int n = 0;

		while (d && readdir(d))
			n++;
		if (getpid() != atoi(argv[2]) ||
		    syscall(SYS_gettid) != getpid())
			return 1;
		return n == 3 ? 0 : 2; /* ".", ".." and the one thread */
	}
	if (!strcmp(argv[1], "--chain")) {
		char b[16], *next[] = {argv[0], "--chain", b, NULL};
		int n = atoi(argv[2]);

		if (n == 0)
			return 33;
		snprintf(b, sizeof b, "%d", n - 1);
		execve(self, next, envp);
		return 1;
	}
	return 121;
}

static int set_state(void *v)
{
	char *argv[] = {"x", "--reset", NULL};
	stack_t st = {.ss_sp = malloc(65536), .ss_size = 65536};
	sigset_t s;

	(void)v;
	signal(SIGUSR1, _exit);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGHUP);
	sigaltstack(&st, NULL);
	int fd = open("/", O_RDONLY);
	dup2(fd, 20);
	dup3(fd, 21, O_CLOEXEC);
	execv(self, argv);
	return 120;
}

static volatile int stop_none;
static void *busy(void *v)
{
	(void)v;
	while (!stop_none)
		;
	return NULL;
}

static void *sleepy(void *v)
{
	(void)v;
	for (;;)
		pause();
	return NULL;
}

static void *exec_thread(void *v)
{
	char pid[16], *argv[] = {"x", "--thread", pid, NULL};

	(void)v;
	snprintf(pid, sizeof pid, "%d", getpid());
	execv(self, argv);
	_exit(122);
}

static int thread_exec(void *v)
{
	pthread_t t;

	(void)v;
	pthread_create(&t, NULL, busy, NULL);
	pthread_create(&t, NULL, sleepy, NULL);
	msleep(5);
	pthread_create(&t, NULL, exec_thread, NULL);
	for (;;)
		pause();
	return 123;
}

static void put(const char *name, const void *b, size_t n, mode_t m)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, b, n) != (ssize_t)n || fchmod(fd, m) < 0) {
		perror(name);
		exit(1);
	}
	close(fd);
}

static int try_exec(const char *p)
{
	char *argv[] = {(char *)p, NULL};
	pid_t c = tap_fork();

	if (c == 0) {
		execv(p, argv);
		_exit(errno);
	}
	int st = tap_wait(c);

	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static void failures(void)
{
	eq(try_exec("/does/not/exist"), ENOENT, "exec: ENOENT");
	eq(try_exec("/"), EACCES, "exec of a directory: EACCES");
	put("plain", "data\n", 5, 0700);
	eq(try_exec("./plain"), ENOEXEC, "exec of a text without #!: ENOEXEC");
	put("plain", "data\n", 5, 0600);
	eq(try_exec("./plain"), EACCES, "exec without the x bit: EACCES");
	put("plain", "#!/does/not/exist\n", 18, 0700);
	eq(try_exec("./plain"), ENOENT,
	   "exec of a script without its interpreter: ENOENT");
	put("plain", "\177ELF\2\1\1", 7, 0700);
	eq(try_exec("./plain"), ENOEXEC, "exec of a cut ELF header: ENOEXEC");
	eq_err(syscall(SYS_execve, 8, NULL, NULL), EFAULT,
	       "exec of a bad pointer: EFAULT");
	unlink("plain");
}

static void script(void)
{
	char text[5000], *argv[] = {"./script", "one", NULL}, *big;
	pid_t p;

	snprintf(text, sizeof text, "#!%s --script-interpreter\n", self);
	put("script", text, strlen(text), 0700);
	p = tap_fork();
	if (p == 0) {
		execv("./script", argv);
		_exit(errno);
	}
	eq(tap_wait(p), EXITED(44),
	   "a #! script runs its interpreter with its argument");
	unlink("script");

	big = malloc(200000);
	memset(big, 'a', 200000);
	big[199999] = 0;
	argv[1] = big;
	eq_err(execv(self, argv), E2BIG, "an argument over 128 KiB: E2BIG");
	free(big);
}

static __attribute__((noinline)) pid_t vfork_chain(void)
{
	static char *argv[] = {self, "--chain", "0", NULL};
	pid_t p = vfork();

	if (p == 0) {
		execv(self, argv);
		_exit(1);
	}
	return p;
}

static void vfork_exec(void)
{
	int good = 0;

	for (int i = 0; i < 20; i++)
		good += tap_wait(vfork_chain()) == EXITED(33);
	eq(good, 20, "vfork and exec, 20 times");
}

int main(int argc, char **argv, char **envp)
{
	char big[100001];
	char *args[] = {"", "--args", "x", "", big, NULL};
	char *chain[] = {"", "--chain", "30", NULL};

	need_proc();
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0) {
		perror("/proc/self/exe");
		return 1;
	}
	if (argc > 1 && !strcmp(argv[1], "--script-interpreter"))
		return argc == 4 && !strcmp(argv[2], "./script") &&
				       !strcmp(argv[3], "one")
			       ? 44
			       : 1;
	if (argc > 1)
		return after_exec(argc, argv, envp);

	tap_start(60);
	memset(big, 'b', sizeof big - 1);
	big[sizeof big - 1] = 0;
	eq(in_child(exec_self, args), 0,
	   "arguments, environment, auxiliary vector");
	eq(in_child(exec_self, chain), EXITED(33),
	   "a program execs itself 30 times");
	eq(in_child(set_state, NULL), 0,
	   "handlers, mask, pending, altstack, close-on-exec");
	int good = 0;
	for (int i = 0; i < 10; i++)
		good += in_child(thread_exec, NULL) == 0;
	eq(good, 10, "exec from a thread that isn't the leader, 10 times");
	const char *d = chdir_tmp();
	failures();
	script();
	rmdir_tmp(d);
	vfork_exec();
	return tap_done();
}
