#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
imgtool build and the verbs that read, beside their peers: from a directory and
from a tar against mke2fs -d, many names in one directory against tar x, a tree
that is four times as large, the time of ls, cat and info on an image of 10 GiB.
It reports medians, ratios (of the medians, of the shortest times and of the
processor's time, which tell on a host that has other work), and the bounds the
project has set itself; it does not pass or fail.

	TREE=rootfs/debian-minbase.tar ./run python3 ../tests/bench/build.py

Variables: TREE (a tar of a distribution), IMGTOOL (imgtool), ROUNDS (5), IMAGES
(where images are made: a tmpfs, where a sync costs neither side anything;
/dev/shm), MANY (inodes of the large tree: 1000000). As root also with cold
caches. Needs TMPDIR for the trees.
"""
import os, shutil, statistics, subprocess, sys, tarfile, tempfile, time

TREE = os.path.abspath(os.environ.get("TREE") or sys.exit(
    "build.py: TREE: not set; give a tar of a distribution"))
IMGTOOL = os.environ.get("IMGTOOL", "imgtool")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MANY = int(os.environ.get("MANY", "1000000"))
os.environ["PATH"] += ":/usr/sbin:/sbin"

work = tempfile.mkdtemp(prefix="bench-build.")
images = tempfile.mkdtemp(prefix="bench-build.",
                          dir=os.environ.get("IMAGES", "/dev/shm"))
image = images + "/t.img"


def run(*command, cwd=None):
    """Milliseconds, those of the processor, and the KiB of memory at most."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=cwd)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    took = (time.monotonic() - begin) * 1000
    if status:
        sys.exit(f"build.py: {' '.join(command)}: status {status}")
    return took, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss


def ours(*source):
    if os.path.exists(image):
        os.unlink(image)
    return run(IMGTOOL, "build", "-q", *source, "-o", image)


def mke2fs(tree, size):
    if os.path.exists(image):
        os.unlink(image)
    return run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, image, f"{size}k")


def drop():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("3")


def report(what, took, peer, peer_took, bound, unit="ms", least=None, cpu=None):
    ratio = took / peer_took if peer_took else None
    value = took if ratio is None else ratio
    over = "  over" if bound and value > bound else ""
    print(f"{what:<30}{took:>10.1f} {unit:<3} {peer:<16}"
          f"{peer_took and format(peer_took, '.1f') or '-':>10}"
          f"{ratio and format(ratio, '.3f') or '-':>9}{bound or '-':>8}"
          f"{least and format(least, '.3f') or '-':>9}"
          f"{cpu and format(cpu, '.3f') or '-':>9}{over}",
          flush=True)


def beside(what, mine, peer_name, peer, bound, before=None):
    """Both in turn."""
    times, cpus = ([], []), ([], [])
    for _ in range(ROUNDS):
        for i, call in enumerate((mine, peer)):
            if before:
                before()
            took, cpu, _ = call()
            times[i].append(took)
            cpus[i].append(cpu)
    report(what, statistics.median(times[0]), peer_name,
           statistics.median(times[1]), bound,
           least=min(times[0]) / min(times[1]),
           cpu=statistics.median(cpus[0]) / statistics.median(cpus[1]))


def distribution():
    tree = work + "/tree"
    os.mkdir(tree)
    run("tar", "xf", TREE, "-C", tree)
    ours(tree)
    size = os.stat(image).st_size // 1024 * 5 // 4
    kinds = [("warm", None)]
    if os.geteuid() == 0 and os.access("/proc/sys/vm/drop_caches", os.W_OK):
        kinds.append(("cold", drop))
    for kind, before in kinds:
        beside(f"from a directory, {kind}", lambda: ours(tree), "mke2fs -d",
               lambda: mke2fs(tree, size), 0.35, before)
        beside(f"from a tar, {kind}", lambda: ours(TREE), "mke2fs -d",
               lambda: mke2fs(tree, size), 0.5, before)


def make_tar(name, files, per_dir):
    with tarfile.open(name, "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(files):
            tar.addfile(tarfile.TarInfo(
                f"d{i // per_dir}/a-file-with-a-usual-name-{i}"))
            # what we have at most counts as a child's, too
            tar.members.clear()


def one_directory():
    make_tar(work + "/names.tar", 100000, 100000)

    def unpack():
        shutil.rmtree(work + "/names", ignore_errors=True)
        os.mkdir(work + "/names")
        return run("tar", "xf", work + "/names.tar", "-C", work + "/names")
    beside("100,000 names in a directory", lambda: ours(work + "/names.tar"),
           "tar x", unpack, 2)


def large_tree():
    make_tar(work + "/quarter.tar", MANY // 4, 100)
    make_tar(work + "/whole.tar", MANY, 100)
    took = {"quarter": [], "whole": []}
    memory = 0
    for _ in range(min(ROUNDS, 3)):
        for name in took:
            t, _, m = ours(f"{work}/{name}.tar")
            took[name].append(t)
            memory = max(memory, m)
    report(f"{MANY:,} inodes", statistics.median(took["whole"]),
           "a quarter of it", statistics.median(took["quarter"]), 4.4)
    report("its memory", memory / 1024, "", None, 200, "MiB")


def readers():
    big = images + "/big.img"
    run(IMGTOOL, "build", "-q", TREE, "--size", "10G", "-o", big)
    for verb, path in ("ls", ":/usr/bin"), ("cat", ":/etc/passwd"), ("info", ""):
        times = [run(IMGTOOL, verb, big + path)[0] for _ in range(ROUNDS)]
        report(f"{verb}, of 10 GiB", statistics.median(times), "", None, 30)


print("load average", *(f"{load:.1f}" for load in os.getloadavg()))
print(f"{'median':<30}{'imgtool':>10}     {'peer':<16}{'peer':>10}{'ratio':>9}"
      f"{'bound':>8}{'least':>9}{'cpu':>9}")
try:
    for part in distribution, one_directory, large_tree, readers:
        part()
finally:
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(images, ignore_errors=True)
