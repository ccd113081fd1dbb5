"""What an exception means for the run, and what is told of many failures."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from lungmet_worc.basics.errors import InputChangedError
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.tasks import failures
from lungmet_worc.tasks.task import Failure, Task, TaskKey, TaskResult


def full(number: int = errno.ENOSPC) -> OSError:
    return OSError(number, os.strerror(number), "some/file")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
def test_errors_of_the_disk(number: int) -> None:
    assert failures.kind(full(number)) is Failure.STORAGE
    hidden = RuntimeError(f"HDF5: write failed, errno = {number}, error message")
    assert failures.kind(hidden) is Failure.STORAGE
    wrapped = ValueError("no pixels")
    wrapped.__cause__ = full(number)
    assert failures.kind(wrapped) is Failure.STORAGE


def test_errors_of_memory() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(2**57)
    assert failures.kind(caught.value) is Failure.MEMORY
    assert failures.kind(RuntimeError("std::bad_alloc")) is Failure.MEMORY


def test_other_errors() -> None:
    assert failures.kind(ValueError("No space left on device")) is Failure.TASK
    assert failures.kind(FileNotFoundError(errno.ENOENT, "gone")) is Failure.TASK
    assert failures.kind(InputChangedError("changed")) is Failure.INPUT


def failed(label: str, error: str, failure: Failure = Failure.TASK) -> TaskResult:
    task = Task(
        TaskKey("extraction", "CT", label), f"{label} CT", "module:name", {}, Path("x"), "s"
    )
    return TaskResult(task, 1.0, error, "", failure)


def test_each_cause_is_listed_once() -> None:
    results = [failed("P1", "broken"), failed("P2", "other"), failed("P3", "broken")]
    error = failures.as_error(results)
    assert error.message.startswith("3 tasks of the stage extraction failed.")
    assert [problem.what for problem in error.problems] == ["P1 CT, P3 CT: broken", "P2 CT: other"]
    assert [problem.patient for problem in error.problems] == ["", "P2"]
    assert all("on_error" in problem.remedy for problem in error.problems)


def test_remedies_fit_the_kind_of_failure() -> None:
    error = failures.as_error([failed("P1", "killed", Failure.MEMORY)])
    assert "ran out of memory" in error.problems[0].what
    assert "--cores 1" in error.problems[0].remedy
    assert "on_error" not in error.problems[0].remedy


@pytest.mark.parametrize("patient", ["P 7", "S 0 12", "a/b c"])
def test_the_whole_id_of_a_patient_is_told(patient: str) -> None:
    error = failures.as_error([failed(patient, "broken")])
    assert [problem.patient for problem in error.problems] == [patient]
    key = TaskKey.parse(f"extraction/CT/{patient}")
    (cause,) = failures.failed_tasks([failures.Failed(key, f"{patient} has no tumour")], STAGES)
    assert cause.patients == (patient,)
    assert cause.what == f"CT features of {patient} failed: {patient} has no tumour."
