"""A stage runs what is not fresh, says what failed, and keeps run.json and what it replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc.basics.errors import ResultsError, StorageError, TaskFailedError
from lungmet_worc.basics.stamped_files import write_stamped_text
from lungmet_worc.pipeline.stages.extraction import EXTRACTION
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.stage_runner import StageRunner, require_complete
from lungmet_worc.tasks.task import Failure, Task, TaskKey, TaskResult


class Listener(Quiet):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, int]] = []
        self.notes: list[str] = []

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        self.stages.append((stage.name, total, fresh))

    def note(self, text: str) -> None:
        self.notes.append(text)


class Engine:
    """Writes the output of each task at once, unless it is to fail."""

    start_up = 0.0

    def __init__(self, failures: Mapping[str, Failure]) -> None:
        self.failures = failures
        self.ran: list[str] = []

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        for task in tasks:
            self.ran.append(task.label)
            if failure := self.failures.get(task.label):
                error = "the disk is full" if failure is Failure.STORAGE else "it broke"
                yield TaskResult(task, 1.0, error, failure=failure)
            else:
                write_stamped_text(task.output, task.stamp, stamp=task.stamp)
                yield TaskResult(task, 1.0)


def make_runner(folder: Path, failures: Mapping[str, Failure] | None = None, **state: Any) -> Any:
    paths = RunPaths(folder)
    aside = KeptAside(paths, "2026-11-23T18:01:49+00:00")
    return StageRunner(Engine(failures or {}), paths, Listener(), state, aside, lambda: None)


def make_tasks(folder: Path, *names: str, stamp: str = "s") -> list[Task]:
    return [
        Task(
            TaskKey("extraction", "CT", name), name, "m:f", {}, folder / f"{name}.ini", stamp + name
        )
        for name in names
    ]


def test_only_what_is_not_fresh_runs(tmp_path: Path) -> None:
    first, second = make_tasks(tmp_path, "P1", "P2")
    write_stamped_text(first.output, "", stamp=first.stamp)
    runner = make_runner(tmp_path)
    assert runner.run(EXTRACTION, [first, second]) == []
    assert runner.engine.ran == ["P2"]
    assert runner.progress.stages == [("extraction", 2, 1)]
    entries = read_state(runner.paths)["tasks"]
    assert {key: (entry["state"], entry["stamp"]) for key, entry in entries.items()} == {
        "extraction/CT/P1": ("done", "sP1"),
        "extraction/CT/P2": ("done", "sP2"),
    }


def test_a_stage_forgets_its_own_tasks_only(tmp_path: Path) -> None:
    gone = {"state": "done", "stamp": "x"}
    runner = make_runner(tmp_path, tasks={"extraction/CT/P9": gone, "search/CT/0": gone})
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1"))
    assert sorted(read_state(runner.paths)["tasks"]) == ["extraction/CT/P1", "search/CT/0"]


def test_failures_are_returned_or_end_the_run_all_at_once(tmp_path: Path) -> None:
    tasks = make_tasks(tmp_path, "P1", "P2", "P3")
    failures = {"P1": Failure.TASK, "P3": Failure.TASK}
    runner = make_runner(tmp_path, failures)
    assert [result.task.label for result in runner.run(EXTRACTION, tasks)] == ["P1", "P3"]
    assert runner.progress.notes == ["P1 failed: it broke", "P3 failed: it broke"]
    states = {key: entry["state"] for key, entry in read_state(runner.paths)["tasks"].items()}
    assert list(states.values()) == ["failed", "done", "failed"]
    with pytest.raises(TaskFailedError) as caught:
        runner.must(EXTRACTION, tasks)
    assert [problem.what for problem in caught.value.problems] == ["P1, P3: it broke"]


def test_a_full_disk_ends_the_stage_at_its_first_task(tmp_path: Path) -> None:
    runner = make_runner(tmp_path, {"P1": Failure.STORAGE})
    with pytest.raises(StorageError, match="the disk is full"):
        runner.run(EXTRACTION, make_tasks(tmp_path, "P1", "P2"))
    assert runner.engine.ran == ["P1"]


def test_what_is_made_again_is_kept_and_said_once(tmp_path: Path) -> None:
    runner = make_runner(tmp_path)
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1", "P2"))
    assert runner.progress.notes == []
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1", stamp="t"))
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1", "P2", stamp="u"))
    (note,) = runner.progress.notes
    folder = tmp_path / note.removesuffix(".").rpartition(" ")[2]
    assert sorted(path.name for path in folder.iterdir()) == ["P1.ini", "P2.ini"]


def test_ingredients_of_outputs_that_are_gone_are_dropped(tmp_path: Path) -> None:
    def kept(path: Path) -> dict[str, str]:
        text = path.read_text("utf-8")
        return {stamp: text for stamp in ("sP1", "tP1") if f'"{stamp}"' in text}

    runner = make_runner(tmp_path)
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1"))
    runner.must(EXTRACTION, make_tasks(tmp_path, "P1", stamp="t"))
    path = runner.paths.made_from
    assert set(kept(path)) == {"sP1", "tP1"}
    runner.forget_ingredients()
    assert set(kept(path)) == {"tP1"}
    assert not MadeFrom(path).keep_only(["tP1"])


def test_a_stage_that_is_not_complete_names_the_command(tmp_path: Path) -> None:
    tasks = make_tasks(tmp_path, "P1", "P2", "P3", "P4")
    with pytest.raises(ResultsError, match="P1, P2, P3, P4") as caught:
        require_complete("extraction", tasks)
    assert '"--only extraction"' in str(caught.value)
    make_runner(tmp_path).must(EXTRACTION, tasks)
    require_complete("extraction", tasks)
