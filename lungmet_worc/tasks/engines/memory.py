"""How much memory this machine, or the part of it that we may use, has left.

A container or a batch system may allow less than the machine has; the kernel kills what goes
beyond, so the limits of control groups (versions 1 and 2) count as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

#: A worker that has imported WORC and done nothing yet has about this much, in bytes.
SMALLEST_WORKER = 500 * 2**20

#: More than a task was seen using must be free, as a part of it.
MARGIN = 0.1

_CGROUPS = Path("/sys/fs/cgroup")
#: Limits above this are no limits; version 1 writes 2**63 less a page.
_NO_LIMIT = 1 << 60


def available() -> int:
    """Return how many bytes can still be used without swapping or being killed."""
    left = [int(psutil.virtual_memory().available)]
    left += _left_in_groups(Path("/proc/self/cgroup"), _CGROUPS)
    return max(min(left), 0)


def _left_in_groups(membership: Path, root: Path) -> Iterator[int]:
    """Yield what is left under the limit of each control group that this process is in."""
    try:
        lines = membership.read_text("utf-8").splitlines()
    except OSError:  # no control groups
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, names = root, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / path.strip("/")
        # A limit further up holds as well.
        for folder in (group, *group.parents):
            if not folder.is_relative_to(top):
                break
            left = _left(folder, *names)
            if left is not None:
                yield left


def _left(folder: Path, limit_name: str, used_name: str, cache_name: str) -> int | None:
    try:
        limit = int((folder / limit_name).read_text("utf-8"))
        used = int((folder / used_name).read_text("utf-8"))
        statistics = (folder / "memory.stat").read_text("utf-8").splitlines()
    except (OSError, ValueError):  # the group has no such file, or the limit is "max"
        return None
    if limit >= _NO_LIMIT:
        return None
    # Files that were read once are counted as used, but given up when memory is short.
    cached = sum(int(line.split()[1]) for line in statistics if line.startswith(f"{cache_name} "))
    return limit - max(used - cached, 0)


def used_by(pid: int) -> tuple[int, int]:
    """Return what a process has in memory now, and the most it ever had, in bytes."""
    now = most = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == "VmRSS":
                now = int(value.split()[0]) * 1024
            elif name == "VmHWM":
                most = int(value.split()[0]) * 1024
    except OSError:  # it is gone
        pass
    return now, max(now, most)


def has_room(free: int, largest: int, running: Sequence[int], worker: int) -> bool:
    """Return whether one more task fits, if each may use as much as the largest so far.

    Parameters
    ----------
    free : int
        What is available now, in bytes.
    largest : int
        The most that a worker used so far, in bytes.
    running : sequence of int
        What each worker with a task has now; it may still grow to the largest.
    worker : int
        What the worker that would take the task has already.
    """
    wanted = round(max(largest, SMALLEST_WORKER) * (1 + MARGIN))
    growth = sum(max(wanted - now, 0) for now in running)
    return free - growth >= wanted - worker


def said(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size < 2**30:
        return f"{size / 2**20:.0f} MB"
    return f"{size / 2**30:.1f} GB"
