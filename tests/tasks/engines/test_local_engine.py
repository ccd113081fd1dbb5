"""The local engine: results, causes of failures, killed workers, threads."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from lungmet_worc.study.run_config import RunConfig
from lungmet_worc.tasks.engines import make_engine, memory
from lungmet_worc.tasks.task import Failure, Task, TaskResult, TaskState, unfinished
from lungmet_worc.worc.environment import SET_UP
from tests.tasks.engines.small_tasks import (
    die,
    die_once,
    environment,
    exit_python,
    fail,
    keep_memory,
    leave,
    task,
    together,
    want_too_much,
    write,
)

pytestmark = pytest.mark.worc


def run(
    folder: Path, tasks: list[Task], cores: int = 2, notes: list[str] | None = None
) -> dict[str, TaskResult]:
    scratch = folder / "scratch"
    scratch.mkdir()
    said = [] if notes is None else notes
    with make_engine(
        RunConfig(), cores=cores, folder=scratch, set_up=SET_UP, note=said.append
    ) as engine:
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
    assert notes[0].startswith("Memory is short (100 MB free")
    assert "1 of 2 tasks run at the same time" in notes[0]


@pytest.mark.slow
def test_a_process_that_keeps_memory_is_replaced_without_a_word(tmp_path: Path) -> None:
    tasks = [task(tmp_path, name, keep_memory) for name in "abcd"]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert all(result.done for result in run(tmp_path, tasks, cores=1).values())
    assert [str(each.message) for each in said] == []
    assert len({each.output.read_text().splitlines()[1] for each in tasks}) > 1
