"""What the report's stamp depends on, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.analyses.power import check as power_check
from lungmet_worc.basics import versions
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline import reporting
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.reporting import report_stamp
from lungmet_worc.pipeline.stages import tasks_of
from lungmet_worc.study.cohort import build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.synthetic import change_cell, make_study, read_rows, write_cohort, write_rows

IMAGES = ("mri_image", "mri_mask")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort"), 16, ["MRI"])


@pytest.fixture
def study(manifest: Path) -> StudyConfig:
    return make_study(manifest, ["MRI"], search="splits = 2")


def stamp(study: StudyConfig, unusable: dict[tuple[str, str], str] | None = None) -> str:
    checked = check_study(study)
    plan = Plan(study, checked.cohort, checked.digests, RunPaths(Path("/nowhere")))
    return report_stamp(plan, tasks_of(plan)["evaluation"], unusable or {})


def changed(study: StudyConfig, part: str, **values: object) -> StudyConfig:
    inner = getattr(study, part).model_copy(update=values)
    return study.model_copy(update={part: inner})


def test_same_for_the_same_study(study: StudyConfig) -> None:
    assert stamp(study) == stamp(study)


def test_how_and_where_it_is_run_does_not_count(study: StudyConfig, tmp_path: Path) -> None:
    first = stamp(study)
    assert stamp(changed(study, "run", cores=7, accelerate=False)) == first
    assert stamp(study.model_copy(update={"path": tmp_path / "other.toml"})) == first
    rows = read_rows(study.cohort.manifest)
    for row in rows:
        for column in ("mri_image", "mri_mask"):
            row[column] = str(study.cohort.manifest.parent / row[column])
    other = write_rows(tmp_path / "elsewhere.csv", rows)
    assert stamp(changed(study, "cohort", manifest=other)) == first


def test_nothing_is_made_from_images_that_cannot_be_used(tmp_path: Path) -> None:
    arms = '[arms.both]\nmodalities = ["MRI", "CT"]\nmissing = "impute"'
    study = make_study(write_cohort(tmp_path, 16), arms=arms)
    entering = build_cohort(study, read_manifest(study), {("P3", "CT"): "It is damaged."})
    plan = Plan(study, entering, {}, RunPaths(Path("/nowhere")))
    assert "P3" in entering.arms["both"]
    needed = {(patient.patient_id, modality) for patient, modality in plan.needed()}
    assert len(needed) == 31
    assert ("P3", "CT") not in needed


def test_what_the_report_says_counts(study: StudyConfig) -> None:
    first = stamp(study)
    others = [
        stamp(study.model_copy(update={"name": "another name"})),
        stamp(changed(study, "search", seed=1)),
        stamp(changed(study, "cohort", exclude=("P3",))),
        stamp(study, {("P3", "MRI"): "one cause"}),
        stamp(study, {("P3", "MRI"): "another cause"}),
    ]
    assert len({first, *others}) == 6


def test_a_patient_who_enters_no_arm_counts(study: StudyConfig, tmp_path: Path) -> None:
    """The cohort's table names everybody, with outcome and scans."""
    first = stamp(study)
    rows = read_rows(study.cohort.manifest)
    for row in rows:
        for column in ("mri_image", "mri_mask"):
            row[column] = str(study.cohort.manifest.parent / row[column])
    nobody = {**rows[0], "patient_id": "P99", "mri_image": "", "mri_mask": ""}
    other = write_rows(tmp_path / "manifest.csv", [*rows, nobody])
    second = stamp(changed(study, "cohort", manifest=other))
    change_cell(other, "P99", "lung_met", "")
    assert len({first, second, stamp(changed(study, "cohort", manifest=other))}) == 3


def test_versions_count(study: StudyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stamp(study)
    monkeypatch.setattr(reporting, "REVISION", reporting.REVISION + 1)
    second = stamp(study)
    installed = versions.of
    monkeypatch.setattr(versions, "of", lambda names: {**installed(names), "matplotlib": "0"})
    assert len({first, second, stamp(study)}) == 3


def test_the_order_of_arms_counts(manifest: Path) -> None:
    arms = ["[arms.one]\nmodalities = ['MRI']", "[arms.two]\nmodalities = ['MRI']"]
    one = make_study(manifest, ["MRI"], arms="\n".join(arms))
    other = make_study(manifest, ["MRI"], arms="\n".join(arms[::-1]))
    assert stamp(one) != stamp(other)


def test_columns_that_an_analysis_reads_count(
    study: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_rows(study.cohort.manifest)
    manifests = []
    for first in ("2026-01-05", "2026-02-05"):
        for number, row in enumerate(rows):
            row |= {column: str(study.cohort.manifest.parent / row[column]) for column in IMAGES}
            row["scan_date"] = "2026-03-01" if number else first
        manifests.append(write_rows(tmp_path / f"{first}.csv", rows))
    studies = [changed(study, "cohort", manifest=manifest) for manifest in manifests]
    assert len({stamp(one) for one in studies}) == 1  # nothing reads it
    monkeypatch.setattr(power_check, "columns", lambda study: ("scan_date",), raising=False)
    assert len({stamp(one) for one in studies}) == 2


def test_a_new_analysis_makes_the_report_again(
    study: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stamp(study)
    monkeypatch.setattr(reporting, "ANALYSES", (*reporting.ANALYSES, "delay"))
    assert stamp(study) != first
