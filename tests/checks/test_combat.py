"""What can be wrong with batches and covariates, found before anything is extracted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lungmet_worc.basics.errors import CohortError, LungmetError, Problem, StudyFileError
from lungmet_worc.checks import combat
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.study.combat import PACKAGE_VERSION
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.synthetic import make_study, read_rows, write_cohort, write_rows

COMBAT = '[modalities.MRI.combat]\nbatch = "vendor"\n'

Cell = Callable[[int], str]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combat, "installed_version", lambda: PACKAGE_VERSION)


def vendor(number: int) -> str:
    return ("GE", 'Siemens "Aera", 1.5 T', "Philips/東芝")[number // 2 % 3]


def write_manifest(folder: Path, **columns: Cell) -> Path:
    manifest = write_cohort(folder, 24, ["MRI"])
    rows = read_rows(manifest)
    added = {"vendor": vendor, **columns}
    return write_rows(
        manifest,
        [{**row, **{name: cell(i) for name, cell in added.items()}} for i, row in enumerate(rows)],
    )


def problems(folder: Path, more: str = COMBAT, **columns: Cell) -> tuple[Problem, ...]:
    manifest = write_manifest(folder, **columns)
    return check_study(make_study(manifest, ["MRI"], search="splits = 3", more=more)).problems


def test_sound(tmp_path: Path) -> None:
    sex = COMBAT + 'covariates = ["sex"]\n'
    assert problems(tmp_path, sex, sex=lambda i: "MF"[i // 3 % 2]) == ()


def test_values_that_are_missing(tmp_path: Path) -> None:
    more = COMBAT + 'covariates = ["sex"]\n'
    found = problems(
        tmp_path,
        more,
        vendor=lambda i: "" if i == 3 else vendor(i),
        sex=lambda i: "unknown" if i == 7 else "MF"[i // 3 % 2],
    )
    where = [(problem.patient, problem.row, problem.column) for problem in found]
    assert where == [("P4", 5, "vendor"), ("P8", 9, "sex")]
    assert {problem.severity for problem in found} == {"error"}


def test_a_patient_without_the_scan_needs_no_batch(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, vendor=lambda i: "" if i == 3 else vendor(i))
    rows = read_rows(manifest)
    rows[3] |= {"mri_image": "", "mri_mask": ""}
    write_rows(manifest, rows)
    assert check_study(make_study(manifest, ["MRI"], more=COMBAT)).ok


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (lambda i: "GE", "there is nothing to harmonise"),
        (lambda i: "alone" if i == 5 else vendor(i), '"alone" of vendor has one patient only'),
    ],
)
def test_batches_that_cannot_be(tmp_path: Path, column: Cell, said: str) -> None:
    (found,) = [each for each in problems(tmp_path, vendor=column) if each.severity == "error"]
    assert said in f"{found.what} {found.remedy}"
    assert found.column == "modalities.MRI.combat.batch"


def test_a_batch_that_is_spelled_in_two_ways_is_told_by_row(tmp_path: Path) -> None:
    found = problems(tmp_path, vendor=lambda i: "ge" if i in (0, 3) else vendor(i))
    errors = [each for each in found if each.severity == "error"]
    assert {(each.row, each.column, each.patient) for each in errors} == {
        (2, "vendor", "P1"), (5, "vendor", "P4"),
    }  # fmt: skip
    assert all('Write "GE"' in each.remedy for each in errors)


def test_a_batch_of_one_outcome_is_a_warning(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, vendor=lambda i: ("even", "odd", "both", "both")[i % 4])
    assert found.severity == "warning"
    assert '"even" and "odd"' in found.what


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (str, "24 of extra belong to one patient each"),
        (vendor, "fixed by vendor"),
        (lambda i: "same", None),
    ],
)
def test_covariates_that_cannot_be(tmp_path: Path, column: Cell, said: str | None) -> None:
    more = COMBAT + 'covariates = ["extra"]\n'
    found = problems(tmp_path, more, extra=column)
    if said is None:
        assert found == ()
    else:
        assert [said in problem.what for problem in found] == [True]
        assert found[0].severity == "error"


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    more = '[modalities.MRI.combat]\nbatch = "vendr"\ncovariates = ["sexe"]\n'
    found = problems(tmp_path, more)
    assert [(problem.column, problem.row) for problem in found] == [("vendr", 1), ("sexe", 1)]
    assert "modalities.MRI.combat.batch" in found[0].what


def test_the_package_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, said in (("", "it is not installed"), ("0.2.12", "0.2.12 is installed")):
        monkeypatch.setattr(combat, "installed_version", lambda version=version: version)
        (found,) = problems(tmp_path)
        assert said in found.what
        assert found.remedy == f"Run: pip install neuroCombat=={PACKAGE_VERSION}"
    # A plan shows what a run would do, and that is to refuse.
    study = make_study(tmp_path / "manifest.csv", ["MRI"], more=COMBAT)
    with pytest.raises(CohortError, match="needs the package neuroCombat"):
        plan_summary(study, RunPaths(tmp_path / "run"), cores=1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('covariates = ["lung_met"]', "write the outcome into the features"),
        ('covariates = ["vendor"]', "named twice"),
        ('covariates = ["patient_id"]', "neither a batch nor a covariate"),
        ('[worc.ComBat]\nbatch = "a"', "Use [modalities.<name>.combat] batch"),
        ('[worc.ComBat]\nmod = "a"', "Use [modalities.<name>.combat] covariates"),
        ('[worc.ComBat]\nlanguage = "matlab"', 'Only "python" is supported'),
        ("[worc.General]\nComBat = true", "[modalities.<name>.combat] batch"),
    ],
)
def test_what_a_study_file_may_not_say(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(StudyFileError) as caught:
        make_study(tmp_path / "m.csv", ["MRI"], more=COMBAT + more)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [("par = 2", "neither 0 nor 1"), ('excluded_features = ""', "would harmonise nothing")],
)
def test_settings_that_worc_cannot_use(tmp_path: Path, setting: str, said: str) -> None:
    (found,) = problems(tmp_path, f"{COMBAT}[worc.ComBat]\n{setting}\n")
    assert said in found.what


def test_leaving_a_centre_out_warns(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path)
    leave = 'split_type = "leave-one-centre-out"'
    study = make_study(manifest, ["MRI"], cohort='centre = "vendor"', search=leave, more=COMBAT)
    said = [p.what for p in check_study(study).problems if p.severity == "warning"]
    assert any("also of the one that is left out (errata E13)" in what for what in said)


def test_plain_worc_cannot(tmp_path: Path) -> None:
    study = make_study(tmp_path / "m.csv", ["MRI"], more=COMBAT)
    with pytest.raises(LungmetError, match="takes each for a patient"):
        export_worc(study, "MRI_only", tmp_path / "out")
