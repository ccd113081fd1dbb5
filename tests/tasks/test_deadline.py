"""Times of day and moments, what is started in time, and which splits are evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.cli import main
from lungmet_worc.pipeline.stages.evaluation import EVALUATION
from lungmet_worc.pipeline.stages.extraction import EXTRACTION
from lungmet_worc.pipeline.stages.search import SEARCH
from lungmet_worc.study.clock import parse_deadline
from lungmet_worc.study.run_config import RunConfig
from lungmet_worc.tasks import deadline, timed_tasks
from lungmet_worc.tasks.deadline import (
    DeadlineError,
    common_splits,
    next_batch,
    next_moment,
    reserve,
)
from lungmet_worc.tasks.task import Task, TaskKey, TaskResult
from lungmet_worc.tasks.timed_tasks import TimeLimit
from tests.synthetic import make_study, write_cohort, write_study

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("text", ["07:00", "7:00", " 07:00 ", "07:00:00"])
def test_a_time_of_day_is_the_next_one(text: str) -> None:
    assert parse_deadline(text) == time(7)
    moment = next_moment(text, NOW)
    assert NOW < moment <= NOW + timedelta(hours=25)
    assert moment.astimezone().time() == time(7)


def test_a_time_of_day_that_just_passed_is_tomorrow() -> None:
    now = local(2026, 11, 23, 7, 0)
    assert next_moment("07:00", now) == local(2026, 11, 24, 7, 0)
    assert next_moment("07:01", now) == local(2026, 11, 23, 7, 1)


def test_a_moment() -> None:
    assert next_moment("2026-11-24 07:00", NOW) == local(2026, 11, 24, 7, 0)
    assert next_moment("2026-11-24T07:00:00+00:00", NOW) == datetime(2026, 11, 24, 7, tzinfo=UTC)
    with pytest.raises(DeadlineError, match="2026-11-20 07:00 is over") as caught:
        next_moment("2026-11-20 07:00", NOW)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("7", '"07:00"'),
        ("0730", '"07:30"'),
        ("7.30", '"07:30"'),
        ("7h30", '"07:30"'),
        ("7 uur", '"07:00"'),
        ("7:30 pm", '"19:30"'),
        ("12 am", '"00:00"'),
        ("24:00", '"00:00"'),
        ("25:00", "Write a time such as"),
        ("tomorrow", "Write a time such as"),
        ("2026-13-01 07:00", "Write a time such as"),
        ("", "Write a time such as"),
    ],
)
def test_no_time_has_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="is no time") as caught:
        parse_deadline(text)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"07:00"', "07:00"),
        ("07:00:00", "07:00:00"),
        ("2026-11-24 07:00:00", "2026-11-24 07:00:00"),
    ],
)
def test_the_study_file(tmp_path: Path, written: str, text: str) -> None:
    manifest = write_cohort(tmp_path, 2, ["MRI"])
    study = make_study(manifest, ["MRI"], more=f"[run]\ndeadline = {written}")
    assert study.run.deadline == text


def test_the_study_file_refuses_what_is_no_time(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path, 2, ["MRI"])
    with pytest.raises(StudyFileError) as caught:
        make_study(manifest, ["MRI"], more='[run]\ndeadline = "7.30"')
    (problem,) = caught.value.problems
    assert problem.column == "run.deadline"
    assert problem.what == '"7.30" is no time. Did you mean "07:30"?'
    with pytest.raises(StudyFileError):
        make_study(manifest, ["MRI"], more="[run]\ndeadline = 7")
    assert RunConfig().deadline is None


def test_until_is_checked_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["run", "study.toml", "--out", "x", "--until", "7.30"])
    assert stopped.value.code == 2
    assert 'Did you mean "07:30"?' in capsys.readouterr().err


@given(st.integers(0, 5000), st.floats(-100, 1e6), st.floats(0.01, 1e4), st.integers(1, 64))
def test_no_batch_is_longer_than_the_time(
    waiting: int, seconds: float, each: float, cores: int
) -> None:
    number = next_batch(waiting, seconds, each, cores)
    assert 0 <= number <= waiting
    assert -(-number // cores) * each <= max(seconds, 0) * (1 + 1e-9)
    if waiting and seconds >= each:
        assert number  # what fits is started


def test_everything_is_one_batch_where_there_is_time() -> None:
    assert next_batch(100, 1e6, 1.0, 2) == 100
    assert next_batch(3, 10, 0.0, 2) == 3


def test_time_is_kept_for_the_report() -> None:
    assert reserve({"evaluation": 2.0}, arms=3, splits=100, cores=2) == 4 + 10 + 30
    assert reserve({"evaluation": 2.0, "report": 7.0}, arms=3, splits=100, cores=4) == 9


def make_task(key: str, folder: Path) -> Task:
    return Task(TaskKey.parse(key), key, "m:f", {}, folder / key, "stamp")


def searches(folder: Path, splits: int = 4) -> list[Task]:
    return [make_task(f"search/{arm}/{split}", folder) for split in range(splits) for arm in "ab"]


def test_arms_are_evaluated_on_the_same_splits(tmp_path: Path) -> None:
    tasks = searches(tmp_path)
    common, partial = common_splits(tasks, [tasks[3], tasks[7]])  # b/1 and b/3
    assert [str(task.key) for task in common] == [
        "search/a/0", "search/b/0", "search/a/2", "search/b/2",
    ]  # fmt: skip
    assert partial == {"splits": 2, "of": 4}
    assert common_splits(tasks, []) == (tasks, None)
    with pytest.raises(DeadlineError, match="1 of 4 splits are done in every arm, and it takes 2"):
        common_splits(tasks, [tasks[1], tasks[3], tasks[6]])
    # A study that asks for one split alone is complete with it.
    assert common_splits(tasks[:2], []) == (tasks[:2], None)


def test_splits_in_which_an_arm_is_not_tested_do_not_count_for_it(tmp_path: Path) -> None:
    # b is tested in splits 1 and 3 only.
    tasks = [
        task for task in searches(tmp_path) if str(task.key) not in ("search/b/0", "search/b/2")
    ]
    assert common_splits(tasks, []) == (tasks, None)
    common, partial = common_splits(tasks, [make_task("search/a/2", tmp_path)])
    assert [task.key.split for task in common if task.key.arm == "b"] == [1, 3]
    assert partial == {"splits": 3, "of": 4}
    last = make_task("search/a/3", tmp_path)
    with pytest.raises(DeadlineError, match="b is tested in 1 of the 3 splits that are done"):
        common_splits(tasks, [last])


class ClockedEngine:
    """An engine whose tasks move the clock."""

    def __init__(self, seconds: float, cores: int, start_up: float = 0.0) -> None:
        self.seconds, self.cores, self.start_up = seconds, cores, start_up
        self.clock = 0.0
        self.batches: list[int] = []

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        self.batches.append(len(tasks))
        self.clock += self.start_up
        self.clock += -(-len(tasks) // self.cores) * self.seconds
        for task in tasks:
            yield TaskResult(task, self.seconds)


@pytest.mark.parametrize("foretold", [1.0, 10.0, 30.0])
def test_tasks_end_in_time_and_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foretold: float
) -> None:
    """What was foretold is corrected by what is measured, too much or too little."""
    engine: Any = ClockedEngine(10.0, cores=2)
    notes: list[str] = []
    monkeypatch.setattr(timed_tasks, "seconds_left", lambda _: 200 - engine.clock)
    seconds = {"search": foretold, "evaluation": 5.0, "report": 25.0}
    limit = TimeLimit(NOW, seconds, arms=2, splits=50, cores=2, note=notes.append)
    done = list(limit.results(engine, SEARCH, searches(tmp_path, 50)))
    end = 200 - 5 - 25
    assert end - 10 < engine.clock <= end
    assert len(done) == engine.clock / 10 * 2
    assert len(engine.batches) < 9  # few, since at the end of each one cores wait
    assert notes == [f"The deadline leaves no time for {100 - len(done)} tasks of the search."]
    assert list(limit.results(engine, EVALUATION, searches(tmp_path, 1)))  # never limited


def test_an_engine_that_takes_time_to_start_ends_in_time_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = ClockedEngine(10.0, cores=2, start_up=15.0)
    monkeypatch.setattr(timed_tasks, "seconds_left", lambda _: 400 - engine.clock)
    limit = TimeLimit(NOW, {"search": 10.0}, arms=2, splits=50, cores=2, note=lambda _: None)
    monkeypatch.setattr(TimeLimit, "_seconds", lambda *_: 400 - engine.clock)
    done = list(limit.results(engine, SEARCH, searches(tmp_path, 50)))
    assert 400 - 10 - 15 < engine.clock <= 400
    assert 0 < len(done) < 100


def test_features_of_all_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = ClockedEngine(10.0, cores=2)
    monkeypatch.setattr(timed_tasks, "seconds_left", lambda _: 25 - engine.clock)
    limit = TimeLimit(NOW, {"extraction": 9.0}, arms=2, splits=5, cores=2, note=print)
    tasks = [make_task(f"extraction/CT/P{n}", tmp_path) for n in range(7)]
    results = limit.results(engine, EXTRACTION, tasks)
    assert len([next(results) for _ in range(4)]) == 4
    with pytest.raises(DeadlineError, match="3 tasks of the extraction are not done"):
        next(results)


def test_seconds_left() -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert deadline.seconds_left(soon) == pytest.approx(60, abs=5)


def test_a_deadline_that_is_over_is_told_before_there_is_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_study(write_cohort(tmp_path / "study", 16))
    words = ["run", str(study), "--out", str(tmp_path / "run"), "--until", "2020-01-01 07:00"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "The deadline 2020-01-01 07:00 is over." in said
    assert "no run" not in said
    assert not (tmp_path / "run").exists()
