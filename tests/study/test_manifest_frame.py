"""A manifest as a DataFrame is read as a file with the same cells is."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc import Study
from lungmet_worc.basics.errors import CohortError, ManifestError, StudyFileError
from lungmet_worc.study.manifest import collect_manifest
from lungmet_worc.study.manifest_frame import cell_text, spreadsheet_of
from tests.synthetic import write_cohort

MODALITIES = {"CT": {"image": "ct_image", "segmentation": "ct_mask", "image_type": "CT"}}
ARMS = {"CT": {"modalities": ["CT"]}, "clinical": {"clinical": ["age", "grade"]}}


def study(manifest: Any, **cohort: Any) -> Study:
    return Study(
        manifest=manifest,
        outcome="lung_met",
        arms=ARMS,
        modalities=MODALITIES,
        cohort=cohort,
        search={"preset": "smoke"},
    )


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return the manifest of a cohort whose folder is the working folder."""
    manifest = write_cohort(tmp_path, 12, ["CT"])
    monkeypatch.chdir(tmp_path)
    return pd.read_csv(manifest)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (np.int8(0), "0"),
        (np.float32(0.5), "0.5"),
        (7.096, "7.096"),
        (1e-7, "1e-07"),
        (1e22, "10000000000000000000000"),
        (float("inf"), "inf"),
        (True, "true"),
        (np.bool_(False), "false"),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (" P 1 ", "P 1"),
        (Path("a/b.nii"), "a/b.nii"),
        (datetime.date(2026, 2, 1), "2026-02-01"),
        (pd.Timestamp("2026-02-01"), "2026-02-01"),
        (pd.Timestamp("2026-02-01 12:30"), "2026-02-01 12:30:00"),
    ],
)
def test_cells(value: Any, text: str) -> None:
    assert cell_text(value) == text


def test_a_frame_is_the_same_cohort_as_its_file(frame: pd.DataFrame) -> None:
    kinds = frame.astype({"lung_met": float, "grade": "category", "age": "Int64"})
    by_file, by_frame = study("manifest.csv"), study(kinds)
    reports = [each.check(cores=1) for each in (by_file, by_frame)]
    assert reports[0].cohort.table().equals(reports[1].cohort.table())
    assert reports[0].digests == reports[1].digests
    assert by_frame.check(cores=1).ok
    clinical = [
        [patient.clinical for patient in collect_manifest(each.config).patients]
        for each in (by_file, by_frame)
    ]
    assert clinical[0] == clinical[1]


@pytest.mark.parametrize("outcome", [bool, "boolean", "Int64", float, str, "category"])
def test_every_type_of_outcome(outcome: Any, frame: pd.DataFrame) -> None:
    given = frame.assign(lung_met=frame["lung_met"].astype(outcome))
    patients = collect_manifest(study(given).config).patients
    assert [patient.outcome for patient in patients] == frame["lung_met"].tolist()


def test_what_is_not_known_is_empty(frame: pd.DataFrame) -> None:
    frame = frame.astype({"lung_met": "Int64", "age": float})
    frame.loc[1, ["lung_met", "age", "ct_image", "ct_mask"]] = [pd.NA, np.nan, None, None]
    patient = collect_manifest(study(frame).config).patients[1]
    assert (patient.outcome, patient.data["CT"].present) == (None, False)
    assert patient.clinical["age"] == ""
    first = collect_manifest(study(frame).config).patients[0]
    assert first.clinical["age"] == "40"


def test_ids_may_be_the_index(frame: pd.DataFrame) -> None:
    ids = [
        p.patient_id for p in collect_manifest(study(frame.set_index("patient_id")).config).patients
    ]
    assert ids == frame["patient_id"].tolist()
    numbered = frame.assign(patient_id=range(12)).rename(columns={"patient_id": "pat"})
    found = collect_manifest(study(numbered.set_index("pat"), patient_id="pat").config).patients
    assert [p.patient_id for p in found] == [str(n) for n in range(12)]


def test_problems_name_position_column_and_patient(frame: pd.DataFrame) -> None:
    frame["lung_met"] = frame["lung_met"].astype(object)
    frame["age"] = frame["age"].astype(object)
    frame.loc[3, "lung_met"] = "perhaps"
    frame.loc[5, "ct_image"] = "images/gone.nii.gz"
    frame.at[7, "age"] = [40, 41]
    frame.loc[9, "patient_id"] = "P1"
    found = {
        (p.row, p.column, p.patient)
        for p in collect_manifest(study(frame).config).problems
        if p.severity == "error"
    }
    assert {(3, "lung_met", "P4"), (5, "ct_image", "P6"), (7, "age", "")} <= found
    assert {column for row, column, _ in found if row in (0, 9)} == {"patient_id"}
    files = {p.file for p in collect_manifest(study(frame).config).problems if p.row == 3}
    assert files == {"data frame"}


@pytest.mark.parametrize(
    ("value", "said"),
    [(float("inf"), "infinite"), (np.float32("-inf"), "infinite"), (1 + 2j, "complex")],
)
def test_numbers_that_no_table_holds(frame: pd.DataFrame, value: Any, said: str) -> None:
    frame["age"] = frame["age"].astype(object)
    frame.at[7, "age"] = value
    (problem,) = collect_manifest(study(frame).config).problems
    assert (problem.row, problem.column, problem.severity) == (7, "age", "error")
    assert said in problem.what


@pytest.mark.parametrize("value", [pd.Timedelta(days=2), pd.Period("2020-01")])
def test_other_types_are_their_text(value: Any) -> None:
    assert cell_text(value) == str(value)


def test_a_missing_column_has_no_row(frame: pd.DataFrame) -> None:
    with pytest.raises(CohortError) as caught:
        study(frame.drop(columns="age").rename(columns={"grade": "Grade"})).plan(cores=1)
    found = {(p.row, p.column) for p in caught.value.problems if p.file == "data frame"}
    assert found == {(None, "age"), (None, "grade")}


def test_columns_that_cannot_be_told(frame: pd.DataFrame) -> None:
    twice = frame.rename(columns={"grade": "age"})
    problems = spreadsheet_of(twice, "patient_id").problems
    assert [(p.what, p.column) for p in problems] == [
        ("Two columns have this name; the first is used.", "age")
    ]
    levels = pd.concat({"one": frame}, axis=1)
    with pytest.raises(ManifestError, match="several levels"):
        spreadsheet_of(levels, "patient_id")
    with pytest.raises(ManifestError, match="no patients"):
        spreadsheet_of(frame.iloc[:0], "patient_id")
    numbered = spreadsheet_of(frame.rename(columns={"age": 3}), "patient_id")
    assert "3" in numbered.frame.columns


def test_the_frame_is_copied_and_written_nowhere(frame: pd.DataFrame, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    made = study(frame)
    frame["lung_met"] = 1
    assert len({p.outcome for p in collect_manifest(made.config).patients}) == 2
    made.plan(cores=1)
    assert sorted(tmp_path.iterdir()) == before
    assert "P1_CT_image" not in made.config.model_dump_json()


def test_a_study_of_a_file_on_a_frame(frame: pd.DataFrame) -> None:
    other = study("manifest.csv").with_manifest(frame.iloc[:8])
    assert len(collect_manifest(other.config).patients) == 8
    back = other.with_manifest("manifest.csv")
    assert len(collect_manifest(back.config).patients) == 12


def test_a_study_file_cannot_name_it(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="not known"):
        study("manifest.csv", in_memory="x")


@pytest.mark.worc
@pytest.mark.slow
def test_a_run_goes_on_with_the_same_frame_and_sees_what_changed(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    def run(manifest: pd.DataFrame) -> Any:
        return study(manifest).run(tmp_path / "run", only="extraction", cores=1)

    run(frame)
    planned = study(frame).plan(tmp_path / "run")
    assert all(s.missing == s.stale == 0 for s in planned.stages if s.stage == "extraction")
    swapped = frame.assign(ct_image=[*frame["ct_image"][1::-1], *frame["ct_image"][2:]])
    swapped["ct_mask"] = [*frame["ct_mask"][1::-1], *frame["ct_mask"][2:]]
    planned = study(swapped).plan(tmp_path / "run")
    assert sum(s.stale for s in planned.stages if s.stage == "extraction") >= 1
    assert str(tmp_path) not in (tmp_path / "run" / "run.json").read_text()
