"""Measuring whole processes. Owns: CPU and wall time and memory of a command, and medians of commands run in turns."""

import os
import statistics
import sys
import threading
import time
from collections import namedtuple

RUNS = 5
Run = namedtuple("Run", "cpu wall peak anon")


def watch(child, done, most):
    """Notes the most anonymous memory of a process in MiB, where the system tells."""
    while not done.is_set():
        try:
            with open(f"/proc/{child}/status") as status:
                kib = [int(line.split()[1]) for line in status if line.startswith("RssAnon:")]
        except OSError:
            return
        most[0] = max([most[0], *(number / 1024 for number in kib)])
        done.wait(0.01)


def run(command, directory, codes):
    """One run of a command: CPU and wall seconds, peak and anonymous memory in MiB. Ends the program at an exit code not in codes."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.chdir(directory)
        os.execvp(command[0], command)
    done, most = threading.Event(), [0.0]
    watcher = threading.Thread(target=watch, args=(child, done, most))
    watcher.start()
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    done.set()
    watcher.join()
    code = os.waitstatus_to_exitcode(status)
    if code not in codes:
        sys.exit(f"{' '.join(command)} ended with {code}")
    # ru_maxrss is in bytes on macOS, in KiB elsewhere.
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, most[0])


def in_turns(directory, *commands, runs=RUNS):
    """The medians of each (command, accepted exit codes), run in turns after a first time that does not count."""
    taken = [[] for _ in commands]
    for turn in range(runs + 1):
        for number, (command, codes) in enumerate(commands):
            measured = run(command, directory, codes)
            if turn:
                taken[number].append(measured)
    return [Run(*(statistics.median(values) for values in zip(*runs_of))) for runs_of in taken]
