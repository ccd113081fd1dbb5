"""A run that is asked for its parts one by one, on images, with a stand-in for WORC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc import Study
from lungmet_worc.pipeline import pipeline
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.task import Task, TaskResult
from lungmet_worc.worc.fingerprint import fingerprint_images
from lungmet_worc.worc.storage import write_features
from tests.stand_in import WITHOUT_FINGERPRINT, StandInEngine
from tests.synthetic import write_cohort, write_study

EXCLUDES = '[run]\non_error = "exclude-patient"\n'


class EngineWithImages(StandInEngine):
    """Takes a number for the features of an image; those of P5 cannot be extracted."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        for task in tasks:
            given: dict[str, Any] = {"output": str(task.output), "stamp": task.stamp}
            if task.key.stage == "fingerprint":
                fingerprint_images(**task.arguments, **given)
            elif task.key.patient == "P5":
                yield TaskResult(task, 0.0, "ValueError: no such tumour")
                continue
            elif task.key.stage == "extraction":
                number = float(task.key.patient[1:]) % 5
                write_features(task.output, [number], ["x"], image_type="", stamp=task.stamp)
            else:
                yield from super().run([task])
                continue
            yield TaskResult(task, 0.0)


def test_who_failed_in_the_extraction_is_excluded_from_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "make_engine", lambda *args, **options: EngineWithImages())
    manifest = write_cohort(tmp_path / "study", 16, ["MRI"])
    file = write_study(manifest, ["MRI"], search="splits = 2", more=WITHOUT_FINGERPRINT + EXCLUDES)
    study = Study.from_toml(file)
    run = study.run(tmp_path / "run", only="extraction", progress=Quiet())
    excluded = json.loads(run.paths.run_json.read_text())["excluded"]
    assert [each["patient_id"] for each in excluded] == ["P5"]
    study.run(tmp_path / "run", only="search", progress=Quiet())
    state = json.loads(run.paths.run_json.read_text())
    assert state["excluded"] == excluded
    assert state["arms"]["MRI_only"]["n_patients"] == 15
    assert "P5" not in run.paths.labels("MRI_only").read_text()
