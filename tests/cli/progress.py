# SPDX-License-Identifier: GPL-2.0
"""Run a verb with a terminal as its standard error, and stand in its way.

usage: progress.py read|feed|run FILE COMMAND...

"read" reads what it prints only after a while, "feed" gives it FILE with a
pause in the middle: then the work is long, however fast this machine is. "run"
only runs it.
Prints what came on the terminal.
"""
import os
import subprocess
import sys
import threading
import time

how, name = sys.argv[1:3]
master, slave = os.openpty()
child = subprocess.Popen(sys.argv[3:], stderr=slave, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
os.close(slave)
said = b""


def listen():
    global said
    try:
        while True:
            data = os.read(master, 4096)
            if not data:
                break
            said += data
    except OSError:
        pass


t = threading.Thread(target=listen)
t.start()
if how == "feed":
    data = open(name, "rb").read()
    child.stdin.write(data[:len(data) // 2])
    child.stdin.flush()
    time.sleep(1.5)
    child.stdin.write(data[len(data) // 2:])
child.stdin.close()
if how == "read":
    time.sleep(1.5)
child.stdout.read()
status = child.wait()
t.join()
sys.stdout.write(said.decode().replace("\r", "\n"))
sys.exit(status)
