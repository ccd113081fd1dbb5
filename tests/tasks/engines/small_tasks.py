"""Tasks that take no time, or go wrong in one way each; both engines run them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lungmet_worc.basics.stamped_files import write_stamped_text
from lungmet_worc.tasks.task import Task, TaskKey


def write(*, text: str, output: str, stamp: str) -> None:
    """Write a text, as a task does."""
    write_stamped_text(Path(output), text, stamp=stamp)


def fail(*, text: str, output: str, stamp: str) -> None:
    """Fail as WORC does."""
    raise ValueError(text)


def die(*, text: str, output: str, stamp: str) -> None:
    """Be killed, as for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(*, text: str, output: str, stamp: str) -> None:
    """Be killed at the first try."""
    first = Path(f"{output}.tried")
    if not first.exists():
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    write(text=text, output=output, stamp=stamp)


def leave(*, text: str, output: str, stamp: str) -> None:
    """End the process without a word, as a library may."""
    with Path(f"{output}.tried").open("a") as file:
        file.write("x")
    os._exit(7)


def exit_python(*, text: str, output: str, stamp: str) -> None:
    """End Python, as a library may."""
    raise SystemExit(text)


def want_too_much(*, text: str, output: str, stamp: str) -> None:
    """Run out of memory, as numpy says it."""
    np.empty(2**57)


_kept: list[bytes] = []


def keep_memory(*, text: str, output: str, stamp: str) -> None:
    """Keep 400 MB, as a library that leaks."""
    _kept.append(b"x" * 400 * 2**20)
    time.sleep(1.1)  # loky looks at most once a second
    write(text=str(os.getpid()), output=output, stamp=stamp)


def together(*, text: str, output: str, stamp: str) -> None:
    """Write how many of these tasks run at this moment."""
    running = Path(output).parent / "running" / text
    running.parent.mkdir(exist_ok=True)
    running.touch()
    time.sleep(0.3)
    number = len(list(running.parent.iterdir()))
    running.unlink()
    write(text=str(number), output=output, stamp=stamp)


def environment(*, text: str, output: str, stamp: str) -> None:
    """Write what the worker sees of threads and of the home folder."""
    import threadpoolctl

    pools = {str(pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
    write_stamped_text(Path(output), f"{','.join(sorted(pools))} {Path.home()}", stamp=stamp)


def break_pool_once(*, text: str, output: str, stamp: str) -> None:
    """Kill the process of fastr's pool that waits for this job, at the first try."""
    first = Path(f"{output}.tried")
    if not first.exists():
        first.touch()
        psutil.Process().parents()[1].kill()
        time.sleep(60)
    write(text=text, output=output, stamp=stamp)


def take_time(*, text: str, output: str, stamp: str) -> None:
    """Take some seconds, and count how often it is run to its end."""
    Path(f"{output}.started").touch()
    time.sleep(12)
    with Path(f"{output}.ended").open("a") as file:
        file.write("x")
    write(text=text, output=output, stamp=stamp)


def take_long(*, text: str, output: str, stamp: str) -> None:
    """Take so long that it has to be stopped."""
    Path(f"{output}.started").touch()
    time.sleep(600)


def see_environment(*, text: str, output: str, stamp: str) -> None:
    """Write the names of all variables that the job has, and its home folder."""
    names = " ".join(sorted(os.environ))
    write(text=f"{os.environ['HOME']}\n{names}", output=output, stamp=stamp)


def task(folder: Path, name: str, function: Any) -> Task:
    return Task(
        key=TaskKey("search", arm=f"test/{name}"),
        label=name,
        function=f"{function.__module__}:{function.__name__}",
        arguments={"text": name},
        output=folder / f"{name}.txt",
        stamp="s",
        tool="lungmet/SearchSplits:1.0",
    )
