"""The local engine: results, causes of failures, killed workers, threads."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc.engines import make_engine
from lungmet_worc.tasks import Task, TaskResult, TaskState, unfinished
from lungmet_worc.worc.storage import write_stamped_text

pytestmark = pytest.mark.worc


def write(*, text: str, output: str, stamp: str) -> None:
    """Write a text, as a task does."""
    write_stamped_text(Path(output), text, stamp=stamp)


def fail(*, text: str, output: str, stamp: str) -> None:
    """Fail as WORC does."""
    raise ValueError(text)


def die(*, text: str, output: str, stamp: str) -> None:
    """Be killed, as for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def environment(*, text: str, output: str, stamp: str) -> None:
    """Write what the worker sees of threads and of the home folder."""
    import threadpoolctl

    pools = {str(pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
    write_stamped_text(Path(output), f"{','.join(sorted(pools))} {Path.home()}", stamp=stamp)


def task(folder: Path, name: str, function: Any) -> Task:
    return Task(
        key=f"test/{name}",
        label=name,
        function=f"{function.__module__}:{function.__name__}",
        arguments={"text": name},
        output=folder / f"{name}.txt",
        stamp="s",
    )


def run(folder: Path, tasks: list[Task], cores: int = 2) -> dict[str, TaskResult]:
    scratch = folder / "scratch"
    scratch.mkdir()
    with make_engine("local", cores=cores, folder=scratch) as engine:
        return {result.task.label: result for result in engine.run(tasks)}


def test_tasks_write_their_output_and_failures_have_a_cause(tmp_path: Path) -> None:
    tasks = [task(tmp_path, "a", write), task(tmp_path, "b", fail), task(tmp_path, "c", write)]
    results = run(tmp_path, tasks)
    assert results["a"].done
    assert results["c"].done
    assert (results["b"].done, results["b"].error) == (False, "ValueError: b")
    assert "Traceback" in results["b"].traceback
    assert [each.state() for each in tasks] == [
        TaskState.FRESH,
        TaskState.MISSING,
        TaskState.FRESH,
    ]
    assert unfinished(tasks) == [tasks[1]]


def test_a_killed_worker_is_reported_and_the_other_tasks_are_done(tmp_path: Path) -> None:
    tasks = [task(tmp_path, "a", die), *(task(tmp_path, name, write) for name in "bcdef")]
    results = run(tmp_path, tasks)
    assert set(results) == set("abcdef")
    assert "memory runs out" in results["a"].error
    assert all(results[name].done for name in "bcdef")


def test_workers_have_one_thread_and_a_home_folder_of_their_own(tmp_path: Path) -> None:
    seen = task(tmp_path, "seen", environment)
    assert run(tmp_path, [seen], cores=1)["seen"].done
    threads, home = seen.output.read_text().splitlines()[1].split(" ", 1)
    assert threads == "1"
    assert Path(home).name == "home"
    assert Path(home).parents[1] == tmp_path / "scratch"
    assert (Path(home) / ".fastr").exists()
