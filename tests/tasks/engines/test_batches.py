"""How tasks are cut into jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.tasks.engines.fastr.batches import OVERHEAD, ROUNDS, SHARE, Pace, cut
from lungmet_worc.tasks.task import Task, TaskKey


def tasks(kind: str, number: int) -> list[Task]:
    return [
        Task(TaskKey.parse(f"{kind}/{n}"), str(n), "a:b", {}, Path(f"{n}"), "s")
        for n in range(number)
    ]


def pace(overhead: float = OVERHEAD, **seconds: float) -> Pace:
    known = Pace()
    known.add_overhead(overhead)
    for name, each in seconds.items():
        known.add(tasks(f"search/{name}", 1)[0], each)
    return known


def test_few_tasks_have_a_job_each() -> None:
    few = tasks("search/MRI", 3)
    assert cut(few, Pace(), 4) == ([[each] for each in few], [])


def test_what_was_not_measured_is_tried_once_on_each_core_the_kinds_in_turn() -> None:
    mri, ct = tasks("search/MRI", 10), tasks("search/CT", 10)
    jobs, later = cut([*mri, *ct], Pace(), 4)
    assert jobs == [[mri[0]], [ct[0]], [mri[1]], [ct[1]]]
    assert later == [*mri[2:], *ct[2:]]


def test_short_tasks_share_jobs_so_that_starting_them_takes_a_small_part() -> None:
    jobs, later = cut(tasks("search/MRI", 4000), pace(overhead=8.0, MRI=1.0), 4)
    assert later == []
    seconds = [float(len(job)) for job in jobs]
    assert len(jobs) * 8.0 <= SHARE * sum(seconds) * 1.01
    assert max(seconds) - min(seconds) <= 1


def test_no_core_is_without_a_job() -> None:
    jobs, _ = cut(tasks("search/MRI", 40), pace(overhead=8.0, MRI=1.0), 4)
    assert [len(job) for job in jobs] == [10, 10, 10, 10]


def test_long_tasks_make_few_jobs_for_each_core() -> None:
    jobs, _ = cut(tasks("search/MRI", 1000), pace(overhead=8.0, MRI=600.0), 4)
    assert len(jobs) == ROUNDS * 4


def test_a_core_does_not_get_all_of_the_long_tasks() -> None:
    short, long = tasks("search/CT", 100), tasks("search/MRI", 100)
    jobs, _ = cut([*long, *short], pace(CT=1.0, MRI=9.0), 4)
    assert max(sum(9 if each.key.of == "MRI" else 1 for each in job) for job in jobs) <= 260


def test_a_clock_that_jumped_is_not_believed() -> None:
    known = pace(overhead=6.0)
    known.add_overhead(-3600.0)
    known.add_overhead(86400.0)
    assert known.overhead == 6.0


@given(
    numbers=st.lists(st.integers(0, 50), min_size=1, max_size=3),
    seconds=st.lists(st.floats(0.001, 1e5), min_size=3, max_size=3),
    cores=st.integers(1, 40),
    overhead=st.floats(0.1, 100),
)
def test_each_task_is_in_one_job(
    numbers: list[int], seconds: list[float], cores: int, overhead: float
) -> None:
    every = [each for n, number in enumerate(numbers) for each in tasks(f"search/{n}", number)]
    known = pace(overhead, **{str(n): each for n, each in enumerate(seconds)})
    for measured in (known, Pace()):
        jobs, later = cut(every, measured, cores)
        assert all(jobs)
        assert sorted(str(each.key) for job in [*jobs, later] for each in job) == sorted(
            str(each.key) for each in every
        )


def test_a_study_without_measured_times_is_refused_nothing() -> None:
    assert cut([], Pace(), 2) == ([], [])


@pytest.mark.parametrize("cores", [1, 3])
def test_tasks_that_took_no_time_are_cut_as_well(cores: int) -> None:
    known = Pace()
    known.add(tasks("search/MRI", 1)[0], 0.0)
    jobs, later = cut(tasks("search/MRI", 10), known, cores)
    assert sum(map(len, jobs)) == 10
    assert later == []
