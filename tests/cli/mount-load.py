# SPDX-License-Identifier: GPL-2.0
"""Load on a mount whose server is going to be killed.

usage: mount-load.py load DIR LOG SEED       until the first error
       mount-load.py check DIR LOG

LOG gets a line for each file that is on disk now: fsync has returned. Only
these are kept; others come, go and are renamed. "check" looks for all of them.
"""
import hashlib
import os
import random
import sys
import threading

todo, top, log_name = sys.argv[1:4]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, sync):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        for at in range(0, len(data), 50000):
            os.write(fd, data[at:at + 50000])
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def work(number, seed, log):
    rnd = random.Random(seed * 100 + number)
    here = "%s/%d" % (top, number)
    os.mkdir(here)
    for i in range(1 << 30):
        name = "%s/a name that is not very short %d" % (here, i)
        data = rnd.randbytes(rnd.choice((10, 5000, 70000, 200000)))
        what = rnd.randrange(10)
        if what < 4:
            write(name, data, True)
            log.write("%s %s\n" % (digest(data), name[len(top):]))
            log.flush()
            continue
        if what < 6:
            # a new version takes the place of the old one
            write(here + "/new", data, True)
            log.write("+%s %s\n" % (digest(data), here[len(top):] + "/kept"))
            log.flush()
            os.rename(here + "/new", here + "/kept")
            continue
        write(name, data, False)
        if what == 6:
            os.mkdir(name + ".d")
            os.rename(name, name + ".d/x")
            os.unlink(name + ".d/x")
            os.rmdir(name + ".d")
        elif what == 7:
            os.truncate(name, rnd.randrange(len(data) + 9000))
            os.unlink(name)
        elif what == 8:
            os.link(name, name + ".link")
            os.unlink(name)
            os.unlink(name + ".link")
        else:
            os.setxattr(name, "user.x", data[:50])
            os.unlink(name)


def quiet(*args):
    try:
        work(*args)
    except OSError as e:
        # the mount is gone, or full
        with open(log_name + ".end", "a") as f:
            f.write(str(e) + "\n")


def read(path):
    with open(path, "rb") as f:
        return digest(f.read())


def check():
    lost, versions, count = 0, {}, 0
    for line in open(log_name):
        if not line.endswith("\n"):
            break
        sum_, name = line[:-1].split(" ", 1)
        count += 1
        if sum_[0] == "+":
            versions.setdefault(name, []).append(sum_[1:])
        elif not os.path.exists(top + name) or read(top + name) != sum_:
            print("lost: " + name)
            lost = 1
    for name, sums in versions.items():
        # the last one may not have got its name
        have = [read(top + n) for n in (name, os.path.dirname(name) + "/new")
                if os.path.exists(top + n)]
        if sums[-1] not in have and not (len(sums) > 1 and sums[-2] in have):
            print("lost: " + name)
            lost = 1
    print("%d files were on disk" % count)
    sys.exit(lost)


if todo == "check":
    check()
with open(log_name, "a") as log:
    threads = [threading.Thread(target=quiet, args=(n, int(sys.argv[4]), log))
               for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
