"""Splits in which an arm has nobody to test, or cannot be trained on, never end a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc import Run, Study
from lungmet_worc.checks.study import check_study
from lungmet_worc.study_file import load_study
from tests.stand_in import WITHOUT_FINGERPRINT, use_stand_in
from tests.synthetic import write_rows


def write_clinical_study(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    arms: Mapping[str, Sequence[str]],
    *,
    search: str = "splits = 20",
    cohort: str = 'patients = "available"',
    more: str = "",
    impute: Sequence[str] = (),
) -> Path:
    """Write a study of clinical arms: arm -> its columns."""
    write_rows(folder / "manifest.csv", rows)
    said = "".join(
        f"[arms.{arm}]\nclinical = {list(columns)}\n"
        + ('missing = "impute"\n' if arm in impute else "")
        for arm, columns in arms.items()
    )
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "small"\noutcome = "lung_met"\n'
        f'[cohort]\nmanifest = "manifest.csv"\n{cohort}\n{said}'
        f'[search]\npreset = "smoke"\ncandidates = 4\nensemble = {{method = "top_N", size = 1}}\n'
        f"{search}\n{WITHOUT_FINGERPRINT}{more}\n",
        "utf-8",
    )
    return path


def fourteen_patients() -> list[dict[str, Any]]:
    """Return patients of whom four have no size, and one no age."""
    return [
        {
            "patient_id": f"P{number + 1}",
            "lung_met": number % 2,
            "age": "" if number == 9 else 40 + (7 * number) % 31,
            "size": "" if number in (1, 4, 6, 11) else 20 + (11 * number) % 37,
        }
        for number in range(14)
    ]


ARMS = {"age": ["age"], "size": ["size"], "both": ["age", "size"]}


@pytest.fixture(scope="module")
def unlucky_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run in which arms are not tested in some of 20 splits."""
    folder = tmp_path_factory.mktemp("unlucky")
    study = write_clinical_study(folder, fourteen_patients(), ARMS)
    with pytest.MonkeyPatch.context() as patched:
        use_stand_in(patched)
        return Study.from_toml(study).run(folder / "run")


def test_an_unlucky_split_is_said_by_check_and_ends_no_run(unlucky_run: Run) -> None:
    report = check_study(load_study(unlucky_run.paths.folder.parent / "study.toml"))
    assert report.ok
