"""How much memory is left, and whether one more task fits."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.tasks.engines import memory

GB = 2**30
SIZES = st.integers(0, 64 * GB)


def test_what_is_available_is_no_more_than_the_machine_has() -> None:
    assert 0 < memory.available() <= psutil.virtual_memory().total
    now, most = memory.used_by(os.getpid())
    assert 0 < now <= most
    assert memory.used_by(2**22 + 1) == (0, 0)


@given(SIZES, SIZES, st.lists(SIZES, max_size=4), SIZES, SIZES)
def test_more_memory_never_leaves_less_room(
    free: int, largest: int, running: list[int], worker: int, more: int
) -> None:
    if memory.has_room(free, largest, running, worker):
        assert memory.has_room(free + more, largest, running, worker)
        assert free >= (largest - worker)


def test_workers_that_run_may_still_grow() -> None:
    assert memory.has_room(5 * GB, 2 * GB, [2 * GB], 0)
    assert memory.has_room(5 * GB, 2 * GB, [0], 0)
    assert not memory.has_room(4 * GB, 2 * GB, [0], 0)
    assert memory.has_room(GB, 2 * GB, [], 2 * GB)  # a worker that has it already


def write_group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def left(root: Path, membership: str) -> list[int]:
    (root / "membership").write_text(membership)
    return list(memory._left_in_groups(root / "membership", root))


def test_limits_of_groups_of_version_2(tmp_path: Path) -> None:
    stat = "anon 5\ninactive_file 100\n"
    write_group(tmp_path / "job", memory__max="1000", memory__current="700", memory__stat=stat)
    write_group(
        tmp_path / "job" / "step", memory__max="max", memory__current="600", memory__stat=stat
    )
    assert left(tmp_path, "0::/job/step\n") == [400]
    assert left(tmp_path, "0::/\n") == []


def test_limits_of_groups_of_version_1(tmp_path: Path) -> None:
    write_group(
        tmp_path / "memory" / "job",
        memory__limit_in_bytes="1000",
        memory__usage_in_bytes="1200",
        memory__stat="total_inactive_file 50\n",
    )
    write_group(
        tmp_path / "memory",
        memory__limit_in_bytes=str(2**63 - 4096),
        memory__usage_in_bytes="1200",
        memory__stat="total_inactive_file 50\n",
    )
    assert left(tmp_path, "4:cpu,cpuacct:/job\n3:memory:/job\n") == [-150]


def test_no_groups_at_all(tmp_path: Path) -> None:
    assert list(memory._left_in_groups(tmp_path / "none", tmp_path)) == []


@pytest.mark.parametrize(("size", "said"), [(500 * 2**20, "500 MB"), (3 * 2**29, "1.5 GB")])
def test_sizes_as_people_say_them(size: int, said: str) -> None:
    assert memory.said(size) == said
