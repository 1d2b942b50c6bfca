# SPDX-License-Identifier: GPL-2.0
"""What a directory makes of ACLs: as acl(5) says, and as another directory does.

usage: mount-acl.py DIR HOSTDIR
"""
import errno, os, stat, struct, sys
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
TAGS = {"u": 1, "U": 2, "g": 4, "G": 8, "m": 16, "o": 32}
def acl(*entries):
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", TAGS[t], perm, 0xffffffff if i is None else i)
        for t, perm, i in entries)
def get(path, name):
    try:
        return os.getxattr(path, name)
    except OSError as e:
        if e.errno not in (errno.ENODATA, errno.EOPNOTSUPP):
            raise
def error(name, call, *args):
    try:
        call(*args)
    except OSError as e:
        return name, errno.errorcode[e.errno]
    return name, "ok"
PLAIN = acl(("u", 7, None), ("g", 5, None), ("o", 0, None))
NAMED = acl(("u", 7, None), ("U", 6, 1234), ("g", 5, None), ("G", 7, 70000),
            ("m", 7, None), ("o", 5, None))
MASKED = acl(("u", 6, None), ("U", 7, 5), ("g", 7, None), ("m", 1, None),
             ("o", 1, None))
def look(path):
    st = os.lstat(path)
    name = os.path.basename(path)
    if stat.S_ISLNK(st.st_mode):
        return name, oct(st.st_mode)
    return name, oct(st.st_mode), get(path, ACCESS), get(path, DEFAULT)
def run(top):
    said = []
    for n, default in enumerate((None, PLAIN, NAMED, MASKED)):
        d = f"{top}/d{n}"
        os.umask(0)
        os.mkdir(d, 0o755)
        if default:
            os.setxattr(d, DEFAULT, default)
        said.append(look(d))
        for umask in 0, 0o27, 0o777:
            os.umask(umask)
            for mode in 0o666, 0o777, 0o604, 0o4711, 0:
                p = f"{d}/{umask:o}-{mode:o}-"
                os.close(os.open(p + "file", os.O_CREAT | os.O_WRONLY, mode))
                os.mkdir(p + "dir", mode)
                os.mkfifo(p + "fifo", mode)
                os.symlink("x", p + "link")
                said += [look(p + x) for x in ("file", "dir", "fifo", "link")]
                if mode & 0o300 == 0o300 and not umask:
                    os.mkdir(p + "dir/in", mode)
                    said.append(look(p + "dir/in"))
    os.umask(0)
    f = top + "/f"
    os.close(os.open(f, os.O_CREAT, 0o644))
    for value in NAMED, PLAIN, MASKED, acl(), MASKED:
        said += [error("access", os.setxattr, f, ACCESS, value), look(f)]
    os.chmod(f, 0o750)
    said += [look(f), error("removed", os.removexattr, f, ACCESS), look(f)]
    said.append(error("of a file", os.setxattr, f, DEFAULT, NAMED))
    d = top + "/d2"
    for value in MASKED, acl(), PLAIN:
        said += [error("default", os.setxattr, d, DEFAULT, value), look(d)]
    return said
said = run(sys.argv[1])
def expect(name, got, want):
    if got != want:
        sys.exit(f"{name}: {got}, {want} expected")
# by the rules: a default ACL counts instead of the umask, and mode bits that
# were not asked for go
def in_dir(n, name):
    p = f"{sys.argv[1]}/d{n}/{name}"
    return oct(os.lstat(p).st_mode & 0o7777), get(p, ACCESS)
expect("umask", in_dir(0, "27-666-file"), ("0o640", None))
expect("plain", in_dir(1, "27-666-file"), ("0o640", None))
expect("plain, umask", in_dir(1, "777-666-file"), ("0o640", None))
expect("named", in_dir(2, "27-604-file"), ("0o604", acl(
    ("u", 6, None), ("U", 6, 1234), ("g", 5, None), ("G", 7, 70000),
    ("m", 0, None), ("o", 4, None))))
expect("masked", in_dir(3, "0-777-dir"), ("0o611", MASKED))
expect("inherited", get(f"{sys.argv[1]}/d2/0-777-dir/in", DEFAULT), NAMED)
host = sys.argv[2]
try:
    os.mkdir(host + "/probe")
    os.setxattr(host + "/probe", DEFAULT, NAMED)
except OSError:
    print("not compared: the host's file system has no ACLs")
    sys.exit()
for got, want in zip(said, run(host)):
    expect("as on the host", got, want)
