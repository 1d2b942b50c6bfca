// SPDX-License-Identifier: GPL-2.0
/*
 * What root of a guest may do whatever the host forbids to the guest's
 * processes: mounts, namespaces, host name, BPF, keys, chroot. Containers deny
 * all of these calls to those inside them, so they must never reach the host.
 */
#include "tap.h"
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/socket.h>

static char dir[] = "/tmp/guest-root-XXXXXX";

/* ok, or a skip where the kernel is configured without it */
static int ok_or_absent(long ret, const char *what)
{
	if (ret < 0 && (errno == ENOSYS || errno == EINVAL ||
			errno == EAFNOSUPPORT || errno == ENODEV)) {
		skip(what, "not in this kernel");
		return 0;
	}
	return ok(ret >= 0, "%s: %s", what, ret < 0 ? strerror(errno) : "done");
}

static void test_mount(void)
{
	char file[64];
	int fd;

	snprintf(file, sizeof file, "%s/file", dir);
	ok(mount("none", dir, "tmpfs", 0, "size=1m") == 0, "mount a tmpfs");
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	ok(fd >= 0 && write(fd, "x", 1) == 1, "write to it");
	close(fd);
	ok(mount("none", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0,
	   "remount it read-only");
	eq_err(open(file, O_WRONLY), EROFS, "no more writing");
	ok(umount2(dir, 0) == 0, "unmount it");
	eq_err(access(file, F_OK), ENOENT, "its file is gone");
}

/* In the kernel's way since 5.2: the calls that came last to profiles. */
static void test_new_mount(void)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), mnt = -1;

	if (!ok_or_absent(fs, "fsopen"))
		return;
	ok(syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0) == 0, "fsconfig");
	mnt = (int)syscall(SYS_fsmount, fs, 0, 0);
	ok(mnt >= 0, "fsmount");
	ok(syscall(SYS_move_mount, mnt, "", -1, dir, 4) == 0, "move_mount");
	ok(umount2(dir, MNT_DETACH) == 0, "unmount it");
	close(mnt);
	close(fs);
}

/* The exit status: what failed, by bits. */
static int in_mount_namespace(void *v)
{
	(void)v;
	return (unshare(CLONE_NEWNS) ? 1 : 0) |
	       (mount("none", dir, "tmpfs", 0, NULL) ? 2 : 0) |
	       (umount2(dir, 0) ? 4 : 0);
}

static int in_uts_namespace(void *v)
{
	char name[65] = "";

	(void)v;
	if (unshare(CLONE_NEWUTS))
		return errno == EINVAL ? 77 : 1;
	return (sethostname("inner", 5) ? 2 : 0) |
	       (gethostname(name, sizeof name) ? 4 : 0) |
	       (strcmp(name, "inner") ? 8 : 0);
}

static void test_unshare(void)
{
	char before[65] = "", after[65] = "";
	int st;
	pid_t p;

	eq(in_child(in_mount_namespace, NULL), EXITED(0),
	   "unshare the mounts, and mount in there");
	gethostname(before, sizeof before);
	st = in_child(in_uts_namespace, NULL);
	gethostname(after, sizeof after);
	if (st == EXITED(77))
		skip("unshare the host name", "not in this kernel");
	else
		eq(st, EXITED(0), "unshare and set the host name");
	ok(!strcmp(before, after), "the host name outside is as before");
	p = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (p == 0)
		_exit(syscall(SYS_getpid) != 1);
	if (ok_or_absent(p, "clone with a PID namespace"))
		eq(tap_wait(p), EXITED(0), "its first process is 1");
}

static int try_chroot(void *v)
{
	(void)v;
	return chroot(dir) || chdir("/") || access("/proc", F_OK) == 0;
}

static void test_bpf(void)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 4,
	};
	uint64_t value = 42, got = 0;
	uint32_t key = 1;
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a);

	if (!ok_or_absent(fd, "bpf makes a map"))
		return;
	memset(&a, 0, sizeof a);
	a.map_fd = (uint32_t)fd;
	a.key = (uintptr_t)&key;
	a.value = (uintptr_t)&value;
	ok(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &a, sizeof a) == 0,
	   "puts a value in it");
	a.value = (uintptr_t)&got;
	ok(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &a, sizeof a) == 0 &&
		   got == 42,
	   "and finds it");
	close(fd);
}

static void test_keys(void)
{
	char got[8] = "";
	long key = syscall(SYS_add_key, "user", "guest-root", "key", 3,
			   KEY_SPEC_PROCESS_KEYRING);

	if (!ok_or_absent(key, "add_key"))
		return;
	eq(syscall(SYS_keyctl, KEYCTL_READ, key, got, sizeof got), 3,
	   "keyctl reads the key");
	ok(!strcmp(got, "key"), "it is what was stored");
}

/* Profiles judge these by their arguments. */
static void test_arguments(void)
{
	int was = (int)syscall(SYS_personality, 0xffffffffUL);
	int set = (int)syscall(SYS_personality, 0x0040000UL), fd;

	ok(was >= 0 && set == was, "personality ADDR_NO_RANDOMIZE");
	eq(syscall(SYS_personality, 0xffffffffUL), 0x0040000,
	   "personality says so");
	syscall(SYS_personality, was);
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (ok_or_absent(fd, "socket AF_VSOCK"))
		close(fd);
}

int main(void)
{
	tap_start(60);
	if (getuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip_all("needs root");
	mkdir("/tmp", 01777);
	if (!mkdtemp(dir))
		skip_all("cannot write to /tmp");
	test_mount();
	test_new_mount();
	test_unshare();
	eq(in_child(try_chroot, NULL), EXITED(0), "chroot");
	test_bpf();
	test_keys();
	test_arguments();
	rmdir(dir);
	return tap_done();
}
