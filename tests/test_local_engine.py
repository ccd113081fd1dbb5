"""The local engine: results, causes of failures, killed workers, threads."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungmet_worc.engines import make_engine, memory
from lungmet_worc.tasks import Failure, Task, TaskResult, TaskState, unfinished
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


def task(folder: Path, name: str, function: Any) -> Task:
    return Task(
        key=f"test/{name}",
        label=name,
        function=f"{function.__module__}:{function.__name__}",
        arguments={"text": name},
        output=folder / f"{name}.txt",
        stamp="s",
    )


def run(
    folder: Path, tasks: list[Task], cores: int = 2, notes: list[str] | None = None
) -> dict[str, TaskResult]:
    scratch = folder / "scratch"
    scratch.mkdir()
    said = [] if notes is None else notes
    with make_engine("local", cores=cores, folder=scratch, note=said.append) as engine:
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


def test_a_task_that_was_killed_is_tried_again(tmp_path: Path) -> None:
    tasks = [task(tmp_path, "a", die_once), *(task(tmp_path, name, write) for name in "bc")]
    assert all(result.done for result in run(tmp_path, tasks).values())


def test_ends_of_the_process_and_want_of_memory_are_told_after_two_tries(tmp_path: Path) -> None:
    tasks = [
        task(tmp_path, "killed", die),
        task(tmp_path, "left", leave),
        task(tmp_path, "memory", want_too_much),
        task(tmp_path, "exit", exit_python),
        task(tmp_path, "good", write),
    ]
    results = run(tmp_path, tasks)
    kinds = {name: result.failure for name, result in results.items() if not result.done}
    assert kinds == {
        "killed": Failure.MEMORY,
        "left": Failure.DIED,
        "memory": Failure.MEMORY,
        "exit": Failure.TASK,
    }
    assert (tmp_path / "left.txt.tried").read_text() == "xx"
    assert "ended in the middle of the task (exit code 7)" in results["left"].error
    for name in ("killed", "left", "memory"):
        assert "of memory were free, a task used up to" in results[name].error
        assert results[name].error.endswith("It was tried twice.")


def test_where_memory_is_short_one_task_runs_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100 * 2**20)
    notes: list[str] = []
    tasks = [task(tmp_path, name, together) for name in "abcd"]
    assert all(result.done for result in run(tmp_path, tasks, notes=notes).values())
    assert {each.output.read_text().splitlines()[1] for each in tasks} == {"1"}
    assert len(notes) == 1
    assert notes[0].startswith("Memory is short (100 MB free, a task used up to ")
    assert "1 of 2 tasks run at the same time" in notes[0]


@pytest.mark.slow
def test_a_process_that_keeps_memory_is_replaced_without_a_word(tmp_path: Path) -> None:
    tasks = [task(tmp_path, name, keep_memory) for name in "abcd"]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert all(result.done for result in run(tmp_path, tasks, cores=1).values())
    assert [str(each.message) for each in said] == []
    assert len({each.output.read_text().splitlines()[1] for each in tasks}) > 1
