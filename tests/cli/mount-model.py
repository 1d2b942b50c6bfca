# SPDX-License-Identifier: GPL-2.0
"""Random operations on a directory and on a mount: both must do the same.

usage: mount-model.py DIR MOUNT SEED COUNT

What each call returned, its error and what it read are compared at once; the
trees are compared by who calls this.
"""
import errno
import os
import random
import stat
import sys

here, there, seed, count = sys.argv[1:3] + [int(n) for n in sys.argv[3:5]]
rnd = random.Random(seed)
names = ["a", "b", "c", "dd", "e" * 100, "f" * 255, "\u00e4\u00f6"]
RENAMEAT2 = 316
opened = []  # pairs of descriptors

import ctypes
libc = ctypes.CDLL(None, use_errno=True)


def renameat2(a, b, flags):
    if libc.syscall(RENAMEAT2, -100, os.fsencode(a), -100, os.fsencode(b),
                    flags):
        raise OSError(ctypes.get_errno(), "renameat2")


def path():
    depth = rnd.choice((1, 1, 2, 2, 3))
    return "/".join(rnd.choice(names) for _ in range(depth))


def data():
    size = rnd.choice((0, 1, 17, 1000, 4096, 5000, 70000, 300000))
    return rnd.randbytes(size)


def offset():
    return rnd.choice((0, 0, 1, 1023, 4096, 12345, 100000, 1 << 20,
                       rnd.randrange(1 << 21)))


def write(root, p, at, what, flags):
    fd = os.open(root + "/" + p, os.O_RDWR | os.O_NONBLOCK | flags, 0o644)
    try:
        n = os.pwrite(fd, what, at)
        return n, os.fstat(fd).st_size
    finally:
        os.close(fd)


def read(root, p, at, size):
    fd = os.open(root + "/" + p, os.O_RDONLY | os.O_NONBLOCK)
    try:
        # from who serves it, not from the kernel's cache
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        return os.pread(fd, size, at)
    finally:
        os.close(fd)


def look(root, p):
    st = os.lstat(root + "/" + p)
    # (not every file system counts links of directories)
    links = 0 if stat.S_ISDIR(st.st_mode) else st.st_nlink
    return (st.st_mode, links, 0 if stat.S_ISDIR(st.st_mode) else st.st_size,
            st.st_mtime_ns if st.st_mtime_ns % 10 ** 9 == 7007 else 0)


def utime(root, p, t):
    os.utime(root + "/" + p, ns=(t, t), follow_symlinks=False)


def fallocate(root, p, mode, at, size):
    fd = os.open(root + "/" + p, os.O_RDWR | os.O_NONBLOCK)
    try:
        if libc.fallocate(fd, mode, ctypes.c_long(at), ctypes.c_long(size)):
            raise OSError(ctypes.get_errno(), "fallocate")
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def keep_open(root, p):
    return os.open(root + "/" + p, os.O_RDWR | os.O_NONBLOCK)


def step():
    """A call for both roots."""
    p, q, d, at = path(), path(), data(), offset()
    size = rnd.choice((0, 1, 4095, 4096, 50000, 1 << 20))
    mode = rnd.choice((0o600, 0o755, 0o4711, 0o2770))
    t = rnd.randrange(1 << 31) * 1000000000 + 7000 + 7
    flags = rnd.choice((0, 1, 2, 2, 3))
    alloc = rnd.choice(allocs)
    return rnd.choice([
        lambda r: write(r, p, at, d, os.O_CREAT),
        lambda r: write(r, p, at, d, 0),
        lambda r: write(r, p, 0, d, os.O_CREAT | os.O_TRUNC),
        lambda r: write(r, p, 0, d, os.O_APPEND),
        lambda r: write(r, p, 0, d, os.O_CREAT | os.O_EXCL),
        lambda r: read(r, p, at, 200000),
        lambda r: os.mkdir(r + "/" + p),
        lambda r: os.mkdir(r + "/" + p),
        lambda r: os.rmdir(r + "/" + p),
        lambda r: os.unlink(r + "/" + p),
        lambda r: os.unlink(r + "/" + p),
        lambda r: os.rename(r + "/" + p, r + "/" + q),
        lambda r: os.rename(r + "/" + p, r + "/" + q),
        lambda r: renameat2(r + "/" + p, r + "/" + q, flags),
        lambda r: os.link(r + "/" + p, r + "/" + q, follow_symlinks=False),
        lambda r: os.symlink((p * rnd_times)[:900], r + "/" + q),
        lambda r: os.readlink(r + "/" + p),
        lambda r: os.truncate(r + "/" + p, at),
        lambda r: os.chmod(r + "/" + p, mode),
        lambda r: utime(r, p, t),
        lambda r: look(r, p),
        lambda r: sorted(os.listdir(r + "/" + p)),
        lambda r: os.mkfifo(r + "/" + p),
        lambda r: fallocate(r, p, alloc, at, size or 1),
        lambda r: sync(r, p),
    ])


def sync(root, p):
    fd = os.open(root + "/" + p, os.O_RDONLY | os.O_NONBLOCK)
    os.fsync(fd)
    os.close(fd)


def outcome(call, root):
    try:
        return call(root)
    except OSError as e:
        return "errno " + errno.errorcode[e.errno]


def use_opened(i):
    """What is open lives on, whatever happens to its names."""
    d, at = data(), offset()
    which = rnd.randrange(4)
    for a, b in opened:
        if which == 0:
            os.pwrite(a, d, at)
            os.pwrite(b, d, at)
        elif which == 1:
            os.ftruncate(a, at)
            os.ftruncate(b, at)
        os.posix_fadvise(b, 0, 0, os.POSIX_FADV_DONTNEED)
        x, y = os.pread(a, 1 << 22, 0), os.pread(b, 1 << 22, 0)
        if x != y or os.fstat(a).st_nlink != os.fstat(b).st_nlink:
            sys.exit("%d: what is open differs" % i)
    while len(opened) > 6:
        for fd in opened.pop(rnd.randrange(len(opened))):
            os.close(fd)


def can_allocate(mode):
    """Not every file system of a host can do all that ours must."""
    try:
        fallocate(here, "probe", mode, 0, 4096)
        return True
    except OSError:
        return False


os.umask(0o022)
write(here, "probe", 0, b"probe", os.O_CREAT)
allocs = [m for m in (0, 3, 16) if can_allocate(m)] or [-1]
os.unlink(here + "/probe")
for i in range(count):
    rnd_times = rnd.choice((1, 1, 8))
    call = step()
    want, got = outcome(call, here), outcome(call, there)
    full = ("errno EEXIST", "errno ENOTEMPTY")
    if want in full and got in full:
        got = want
    if want != got:
        sys.exit("%d: %r, not %r" % (i, got if len(repr(got)) < 200 else "...",
                                     want if len(repr(want)) < 200 else "..."))
    if rnd.random() < .03:
        p = path()
        try:
            pair = [keep_open(r, p) for r in (here, there)
                    if stat.S_ISREG(os.stat(r + "/" + p).st_mode)]
            if pair:
                opened.append(pair)
        except OSError:
            pass
    if rnd.random() < .05:
        use_opened(i)
for pair in opened:
    for fd in pair:
        os.close(fd)
