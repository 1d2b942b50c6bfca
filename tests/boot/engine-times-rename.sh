#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SOURCE_DATE_EPOCH, where the guest's clock goes on in the middle of a rename:
# exfat gives the directory that gets the name a new time of birth.
. "$UMKIT_SRC/tests/boot/engine.sh"
IMGTOOL=imgtool
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mkfs.exfat mke2fs python3
need_mount

empty_image exfat img
mkdir m
SOURCE_DATE_EPOCH=1600000000 imgtool mount -f --rw img m &
server=$!
retry 60 mounted m || fail "not mounted"
guest=$(pgrep -P $server) || fail "no guest"

# The guest stands still for a while, again and again: some renames meet that.
python3 - "$guest" <<'END'
import os, signal, sys, threading, time
guest = int(sys.argv[1])
done = threading.Event()

def stops():
    while not done.is_set():
        os.kill(guest, signal.SIGSTOP)
        time.sleep(0.015)
        os.kill(guest, signal.SIGCONT)
        time.sleep(0.002)

os.mkdir("m/from")
for i in range(3000):
    os.mkdir(f"m/to-{i}")
    open(f"m/from/{i}", "w").close()
thread = threading.Thread(target=stops)
thread.start()
for i in range(3000):
    os.rename(f"m/from/{i}", f"m/to-{i}/{i}")
done.set()
thread.join()
END
imgtool umount m
wait $server
imgtool find --json img:/ >found
python3 - found <<'END' || fail "other times"
import json, sys
seen = wrong = 0
for f in json.load(open(sys.argv[1])):
    if not f["path"].startswith("/to-"):
        continue
    seen += 1
    for time in "mtime", "crtime":
        if f[time] != "2020-09-13T12:26:40.000000000Z":
            print(f["path"], time, f[time], file=sys.stderr)
            wrong += 1
sys.exit(wrong > 0 or seen != 6000)
END
