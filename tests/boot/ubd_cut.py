#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# ubd_cut.py LOG BEFORE AFTER OUT SEED: a power cut somewhere in what strace has
# seen. LOG has the calls on an image and on the file of marks, with -f -y -xx;
# BEFORE is the image as it was, AFTER as it is; its bytes go to OUT after the
# cut. Prints the number of the last mark made before it, and what was kept.
#
# What a sync covers that was complete before the cut is there: each write that
# had returned when it began. Of other writes any part is, in pieces of 4 KiB of
# data or one sector of anything else, which a disk writes whole.
import random
import re
import sys

DATA_AT, MAP_PIECE, DATA_PIECE = 12288, 512, 4096
CALL = re.compile(r'(\d+) +(pwritev|fdatasync|fallocate)\(\d+<([^>]*)>(.*)')
RESUMED = re.compile(r'(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+)')
IOV = re.compile(r'iov_base="([^"]*)", iov_len=(\d+)')


def unhex(text):
    return bytes.fromhex(text.replace('\\x', ''))


class Op:
    def __init__(self, line, kind, name, args):
        self.start, self.end, self.result = line, None, None
        self.kind, self.name = kind, name
        self.args = args

    def done(self, line, result):
        self.end, self.result = line, int(result)

    # (offset, bytes) of what it has written
    def content(self):
        numbers = [int(n, 0) for n in
                   re.findall(r', (\d+)', self.args.rsplit(']')[-1])]
        if self.kind == 'fallocate':
            if 'PUNCH' not in self.args and 'ZERO' not in self.args:
                sys.exit('fallocate: ' + self.args)
            return numbers[-2], bytes(numbers[-1])
        parts = IOV.findall(self.args)
        data = b''.join(unhex(base) for base, _ in parts)
        if len(data) != sum(int(n) for _, n in parts):
            sys.exit('a write was not traced whole')
        if self.result is not None:
            data = data[:max(self.result, 0)]
        return numbers[1], data


def read_log(name):
    ops, open_calls, line = [], {}, 0
    with open(name, encoding='latin-1') as log:
        for line, text in enumerate(log):
            m = RESUMED.match(text)
            if m:
                if m.group(1) in open_calls:
                    open_calls.pop(m.group(1)).done(line, m.group(3))
                continue
            m = CALL.match(text)
            if not m:
                continue
            path = unhex(m.group(3)).decode()
            args, whole, result = m.group(4).rstrip().rpartition(') = ')
            op = Op(line, m.group(2), path.rsplit('/', 1)[-1],
                    args if whole else m.group(4).split(' <unfinished')[0])
            if whole:
                op.done(line, result.split()[0])
            else:
                open_calls[m.group(1)] = op
            ops.append(op)
    return ops, line


def pieces(off, data):
    at = 0
    while at < len(data):
        size = MAP_PIECE if off + at < DATA_AT else DATA_PIECE
        n = size - (off + at) % size
        yield off + at, data[at:at + n]
        at += n


def apply(image, ops, cut, chance):
    synced = max([op.start for op in ops if op.kind == 'fdatasync' and
                  op.end is not None and op.end <= cut and op.result == 0],
                 default=-1)
    kept = dropped = 0
    for op in ops:
        if op.kind == 'fdatasync' or op.start > cut:
            continue
        sure = op.end is not None and op.end < synced
        off, data = op.content()
        data = data[:max(len(image) - off, 0)]    # a hole behind the end
        for at, part in pieces(off, data):
            if sure or random.random() < chance:
                image[at:at + len(part)] = part
                kept += 1
            else:
                dropped += 1
    return kept, dropped


def main():
    log, before, after, out, seed = sys.argv[1:]
    random.seed(int(seed))
    ops, lines = read_log(log)
    disk = [op for op in ops if op.name == 'cow']
    marks = [op for op in ops if op.name == 'marks' and op.kind == 'pwritev']
    image = bytearray(open(before, 'rb').read())
    # all of it must give what is there: else we have missed something
    whole = bytearray(image)
    apply(whole, disk, lines, 1.1)
    if whole != open(after, 'rb').read():
        sys.exit('the log does not tell all')
    # most often when most has not been synced: just before a sync
    syncs = [op for op in disk[1:] if op.kind == 'fdatasync']
    if syncs and random.random() < .7:
        cut = random.choice(syncs).start - 1
    else:
        cut = random.randint(disk[0].start, disk[-1].start)
    kept, dropped = apply(image, disk, cut, random.choice((0, .1, .5, .9, 1.1)))
    open(out, 'wb').write(image)
    safe = [op.content()[0] // 4096 for op in marks if op.start <= cut]
    print(max(safe, default=0), kept, dropped)


main()
