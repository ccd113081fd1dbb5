"""Worker processes never see Ctrl-C, and end with the process that started them."""

from __future__ import annotations

import subprocess
import sys

import psutil

#: In a process of its own: what loky starts only once must not have been started by another test.
START = """
import os, signal, time
from loky import ProcessPoolExecutor
from lungmet_worc.tasks.engines.processes import end_with, starting_processes

pool = ProcessPoolExecutor(max_workers=2, initializer=end_with, initargs=(os.getpid(),))
with starting_processes():
    masks = [pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()) for _ in range(2)]
masked = all(signal.SIGINT in mask.result() for mask in masks)
ours = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
pool.submit(time.sleep, 600)
print(masked, ours, *pool._processes, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_never_see_ctrl_c_and_end_with_their_parent() -> None:
    # The workers hold the pipe: that it ends says that they did.
    command = [sys.executable, "-c", START]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    masked, ours, *pids = run.stdout.split()
    assert (masked, ours) == ("True", "False"), run.stderr
    assert len(pids) == 2
    alive = [int(pid) for pid in pids if psutil.pid_exists(int(pid))]
    assert [pid for pid in alive if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE] == []
