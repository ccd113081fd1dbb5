"""Stale tasks are explained in words, and the record of their ingredients stays small."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk

from lungmet_worc.basics import versions
from lungmet_worc.basics.stamped_files import write_stamped_text, write_text
from lungmet_worc.basics.words import named
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import STAGES, extraction
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.mark import claim
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc.storage import write_matrix
from tests.synthetic import change_cell, read_rows, write_cohort, write_rows, write_study

SEARCH = "splits = 2\ncandidates = 50"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(write_cohort(tmp_path / "study", 16), search=SEARCH)


@pytest.fixture
def made(study: Path, tmp_path: Path) -> RunPaths:
    """Return a run folder in which every task's output is fresh; nothing was computed."""
    paths = RunPaths(tmp_path / "run")
    claim(paths.folder, "run")
    write_state(paths, {})
    checked = check_study(load_study(study))
    plan = Plan(load_study(study), checked.cohort, checked.digests, paths)
    record = MadeFrom(paths.made_from)
    done: dict[str, list[Task]] = {}
    for name, stage in STAGES.items():
        done[name] = tasks = stage.tasks(plan, done)
        for task in tasks:
            _write(task)
        record.add(tasks)
    record.write()
    return paths


def _write(task: Task) -> None:
    import pandas as pd

    if task.output.suffix == ".ini":
        text = worc_settings.to_ini(task.arguments["settings"])
        write_stamped_text(task.output, text, stamp=task.stamp)
    elif task.key.stage == "evaluation":
        write_text(task.output, json.dumps({"lungmet_stamp": task.stamp}))
    else:
        write_matrix(task.output, pd.DataFrame({"a": [1.0]}), stamp=task.stamp)


def explained(study: Path | StudyConfig, paths: RunPaths) -> list[str]:
    config = study if isinstance(study, StudyConfig) else load_study(study)
    return [each.sentence for each in plan_summary(config, paths, cores=1).stale]


def test_nothing_is_stale_and_nothing_is_explained(study: Path, made: RunPaths) -> None:
    assert explained(study, made) == []


def edited(study: Path, old: str, new: str) -> Path:
    text = study.read_text()
    assert old in text
    study.write_text(text.replace(old, new))
    return study


def test_a_setting_of_the_search_is_one_line_a_stage(study: Path, made: RunPaths) -> None:
    edited(study, "candidates = 50", "candidates = 100")
    change = "[search] candidates was 50, is 100"
    assert explained(study, made) == [
        f"fingerprint, 2 tasks (MRI, CT): {change}",
        f"settings, 3 tasks (MRI_only, CT_only, combined): {change}",
        f"search, 6 tasks (MRI_only, CT_only, combined): {change}",
        "evaluation, 3 tasks (MRI_only, CT_only, combined): its splits are made again",
    ]
    summary = plan_summary(load_study(study), made, cores=1)
    assert [stage.stale for stage in summary.stages] == [2, 0, 3, 6, 3]
    assert change in summary.to_text()


def test_more_splits_leave_those_that_are_there(study: Path, made: RunPaths) -> None:
    edited(study, "splits = 2", "splits = 5")
    summary = plan_summary(load_study(study), made, cores=1)
    [searches] = [stage for stage in summary.stages if stage.stage == "search"]
    assert (searches.stale, searches.missing, searches.fresh) == (0, 9, 6)
    change = "[search] splits was 2, is 5"
    assert [each.sentence for each in summary.stale] == [
        f"fingerprint, 2 tasks (MRI, CT): {change}",
        f"settings, 3 tasks (MRI_only, CT_only, combined): {change}",
        "evaluation, 3 tasks (MRI_only, CT_only, combined): it is of 2 splits, now of 5",
    ]


def test_a_changed_mask_is_named_wherever_it_counts(study: Path, made: RunPaths) -> None:
    path = study.parent / "images" / "P7_CT_mask.nii.gz"
    mask = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.Cast(sitk.BinaryDilate(mask, [1, 1, 0]), mask.GetPixelID()), str(path))
    assert explained(study, made)[:3] == [
        "fingerprint, 1 task (CT): the CT mask of P7 changed",
        "extraction, 1 task (CT): the CT mask of P7 changed",
        "search, 4 tasks (CT_only, combined): the CT mask of P7 changed",
    ]


def test_many_patients_are_one_line(study: Path, made: RunPaths) -> None:
    for number in range(1, 17):
        path = study.parent / "images" / f"P{number}_MRI_image.nii.gz"
        image = sitk.ReadImage(str(path))
        sitk.WriteImage(image + 1, str(path))
    assert "extraction, 16 tasks (MRI): the MRI image of P1, P2, P3 and 13 more changed" in (
        explained(study, made)
    )


def test_patients_who_enter_leave_or_have_another_outcome(study: Path, made: RunPaths) -> None:
    edited(study, 'manifest = "manifest.csv"', 'manifest = "manifest.csv"\nexclude = ["P3"]')
    change_cell(study.parent / "manifest.csv", "P4", "lung_met", "1")
    lines = explained(study, made)
    arms = "(MRI_only, CT_only, combined)"
    assert f"search, 6 tasks {arms}: no longer in the arm: P3" in lines
    assert f"search, 6 tasks {arms}: the outcome of P4 changed" in lines
    assert "fingerprint, 2 tasks (MRI, CT): no longer in the modality: P3" in lines


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda text: text.replace("[search]", "[search]\nseed = 3"),
            "search, 6 tasks (MRI_only, CT_only, combined): [search] seed was 0, is 3",
        ),
        (
            lambda text: text.replace('outcome = "lung_met"', 'outcome = "other"'),
            "search, 6 tasks (MRI_only, CT_only, combined): [study] outcome was lung_met, is other",
        ),
        (
            lambda text: text.replace(
                "modalities = ['CT']", "modalities = ['CT']\nclinical=['age']"
            ),
            "search, 2 tasks (CT_only): [arms.CT_only] clinical was none, is age",
        ),
        (
            lambda text: text.replace('image_type = "CT"', 'image_type = "CT"\nlabel = 1'),
            "extraction, 16 tasks (CT): [modalities.CT] label was not set, is 1",
        ),
        (
            lambda text: text + "\n[worc.ImageFeatures]\nGLCM_levels = 32\n",
            "extraction, 32 tasks (MRI, CT): [worc.ImageFeatures] GLCM_levels was 16, is 32",
        ),
        (
            lambda text: text.replace("[search]", '[search]\nworc_compat = "3.7.0"'),
            "search, 6 tasks (MRI_only, CT_only, combined): "
            "[search] worc_compat was not set, is 3.7.0",
        ),
    ],
)
def test_what_the_study_file_changed(
    study: Path, made: RunPaths, change: Callable[[str], str], line: str
) -> None:
    rows = read_rows(study.parent / "manifest.csv")
    write_rows(study.parent / "manifest.csv", [{**row, "other": row["lung_met"]} for row in rows])
    before = study.read_text()
    study.write_text(change(before))
    assert study.read_text() != before
    lines = explained(study, made)
    assert line in lines
    assert not any("semantic" in text for text in lines)


def test_versions(study: Path, made: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = versions.of

    def newer(packages: tuple[str, ...]) -> dict[str, str]:
        return {**installed(packages), **({"scikit-learn": "9.9"} if "xgboost" in packages else {})}

    monkeypatch.setattr(versions, "of", newer)
    monkeypatch.setattr(extraction, "REVISION", extraction.REVISION + 1)
    lines = explained(study, made)
    was = installed(["scikit-learn"])["scikit-learn"]
    every = "(MRI_only, CT_only, combined)"
    assert f"search, 6 tasks {every}: scikit-learn was {was}, is 9.9" in lines
    assert (
        "extraction, 32 tasks (MRI, CT): this version of lungmet_worc computes it otherwise"
        in lines
    )


@pytest.mark.parametrize("damage", [None, "{", '{"parts": 1}', "[]"])
def test_without_a_record_it_says_so(study: Path, made: RunPaths, damage: str | None) -> None:
    if damage is None:
        made.made_from.unlink()
    else:
        made.made_from.write_text(damage)
    edited(study, "[search]", "[search]\nseed = 3")
    lines = explained(study, made)
    assert len(lines) == 2  # the searches and their evaluation
    assert all("no record is kept" in line for line in lines)


def test_damaged_settings_are_planned_anew(study: Path, made: RunPaths) -> None:
    made.fingerprint("CT").write_bytes(b"\xff no settings")
    assert explained(study, made) == [
        "fingerprint, 1 task (CT): it was made by an earlier version, or from something of which "
        "no record is kept"
    ]


def test_the_record_names_no_path_and_is_small(study: Path, made: RunPaths) -> None:
    text = made.made_from.read_text()
    assert str(study.parent) not in text
    assert str(made.folder) not in text
    assert ".nii" not in text
    shutil.copy(made.made_from, made.folder / "copy.json")
    record = MadeFrom(made.folder / "copy.json")
    stamp = next(iter(json.loads(text)["stamps"]))
    assert record.of(stamp)
    assert record.keep_only([stamp])
    assert not record.keep_only([stamp])
    record.write()
    assert len((made.folder / "copy.json").read_text()) < len(text) / 2
    assert MadeFrom(made.folder / "copy.json").of(stamp) == MadeFrom(made.made_from).of(stamp)


def test_plan_writes_nothing_into_the_record(study: Path, made: RunPaths) -> None:
    before = made.made_from.read_bytes()
    edited(study, "[search]", "[search]\nseed = 3")
    explained(study, made)
    assert made.made_from.read_bytes() == before


@pytest.mark.parametrize(
    ("patients", "text"),
    [
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A", "B", "C", "D"], "A, B, C and 1 more"),
    ],
)
def test_named(patients: list[str], text: str) -> None:
    assert named(patients) == text
