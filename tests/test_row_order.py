"""The order of the rows and the columns of a manifest changes nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc import Study
from lungmet_worc.basics.stamped_files import write_stamped_text
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.reporting import report_stamp
from lungmet_worc.pipeline.stages import tasks_of
from lungmet_worc.study import worc_settings
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.mark import claim
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc.storage import write_matrix
from tests.stand_in import use_stand_in
from tests.study.test_tested_splits import ARMS, fourteen_patients, write_clinical_study
from tests.synthetic import read_rows, write_cohort, write_rows, write_study

#: Everything that a study can ask for: ComBat, subgroups, permutations, imputation.
MORE = """
[modalities.MRI.combat]
batch = "scanner"
covariates = ["age"]
[statistics]
permutations = 1
subgroups = ["grade"]
[report]
acquisition = ["scanner"]
"""
MIXED = """
[arms.images]
modalities = ["MRI"]
clinical = ["grade"]
missing = "impute"
[arms.clinical]
clinical = ["age", "grade"]
"""


def shuffled(manifest: Path, seed: int) -> None:
    """Write the rows and the columns of a manifest in another order."""
    rows, chance = read_rows(manifest), random.Random(seed)
    columns = list(rows[0])
    chance.shuffle(columns)
    chance.shuffle(rows)
    write_rows(manifest, [{column: row[column] for column in columns} for row in rows])


def write_mixed_study(folder: Path) -> Path:
    manifest = write_cohort(folder, 13, ["MRI"])
    rows = read_rows(manifest)
    for number, row in enumerate(rows):
        # Levels that differ by case only, as often as each other.
        row["grade"] = ("High", "high", "LOW", "low")[number % 4]
        row["scanner"] = ("B", "A", "b")[number % 3]
        if number == 4:
            row["mri_image"] = row["mri_mask"] = ""
    write_rows(manifest, rows)
    cohort = 'patients = "available"'
    return write_study(manifest, ["MRI"], arms=MIXED, cohort=cohort, search="splits = 3", more=MORE)


def all_tasks(study: Path, paths: RunPaths) -> tuple[Plan, list[Task]]:
    config = load_study(study)
    checked = check_study(config)
    plan = Plan(config, checked.cohort, checked.digests, paths)
    tasks = [task for of_stage in tasks_of(plan).values() for task in of_stage]
    return plan, tasks


@pytest.mark.parametrize("seed", [1, 2])
def test_all_stamps_are_the_same(tmp_path: Path, seed: int) -> None:
    study = write_mixed_study(tmp_path)
    paths = RunPaths(tmp_path / "run")
    plan, tasks = all_tasks(study, paths)
    shuffled(tmp_path / "manifest.csv", seed)
    again, same = all_tasks(study, paths)
    assert [row["patient_id"] for row in read_rows(tmp_path / "manifest.csv")] != list(plan.names)
    assert {task.key.stage for task in tasks} == {
        *("fingerprint", "extraction", "settings", "harmonisation"),
        *("search", "permutation", "evaluation"),
    }
    assert [(task.key, task.stamp) for task in same] == [(task.key, task.stamp) for task in tasks]
    assert [task.arguments for task in same] == [task.arguments for task in tasks]
    assert again.splits == plan.splits
    assert report_stamp(again, tasks, {}) == report_stamp(plan, tasks, {})
    assert again.cohort.table().equals(plan.cohort.table())


def test_patients_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    study = write_mixed_study(tmp_path)
    shuffled(tmp_path / "manifest.csv", 4)
    plan, _ = all_tasks(study, RunPaths(tmp_path / "run"))
    assert list(plan.patients) == [f"P{number}" for number in range(1, 14)]
    assert all(part.train == in_order(part.train) for part in plan.splits)
    assert all(part.test == in_order(part.test) for part in plan.splits)


def in_order(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=lambda patient: int(patient[1:])))


def test_a_finished_run_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, more = fourteen_patients(), "[statistics]\nbootstrap = 200"
    study = write_clinical_study(tmp_path, rows, ARMS, search="splits = 3", more=more)
    engine = use_stand_in(monkeypatch)
    run = Study.from_toml(study).run(tmp_path / "run")
    ran, written = len(engine.ran), contents(run.paths.folder)
    shuffled(tmp_path / "manifest.csv", 3)
    Study.from_toml(study).run(tmp_path / "run")
    assert len(engine.ran) == ran
    assert contents(run.paths.folder) == written
    other = Study.from_toml(study).run(tmp_path / "other")
    tables = {path.name: path.read_bytes() for path in run.paths.tables.glob("*.csv")}
    assert len(tables) > 5
    assert {p.name: p.read_bytes() for p in other.paths.tables.glob("*.csv")} == tables
    assert other.paths.splits.read_bytes() == run.paths.splits.read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    """Return everything but what says when and how a run went."""
    about = {"run.json", "log.txt", ".lock", "inspections.json"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in about
    }


def test_the_plan_for_a_run_of_an_earlier_version_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_clinical_study(tmp_path, fourteen_patients(), ARMS, search="splits = 3")
    shuffled(tmp_path / "manifest.csv", 5)
    paths = RunPaths(tmp_path / "run")
    with monkeypatch.context() as patched:
        # As before: in the order of the rows.
        patched.setattr("lungmet_worc.study.cohort.natural_order", lambda text: 0)
        _, tasks = all_tasks(study, paths)
        claim(paths.folder, "run")
        write_state(paths, {})
        record = MadeFrom(paths.made_from)
        record.add(tasks)
        record.write()
        for task in tasks:
            if task.output.suffix == ".hdf5":
                write_matrix(task.output, pd.DataFrame({"a": [1.0]}), stamp=task.stamp)
            elif task.output.suffix == ".ini":
                ini = worc_settings.to_ini(task.arguments["settings"])
                write_stamped_text(task.output, ini, stamp=task.stamp)
    stale = plan_summary(load_study(study), paths, cores=1).stale
    said = (
        "patients are now taken in the order of their ids, whatever the order of the rows of the "
        "manifest"
    )
    (search,) = [each for each in stale if each.stage == "search" and each.cause.what == said]
    assert search.number == sum(task.key.stage == "search" for task in tasks)
