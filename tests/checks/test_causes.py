"""Which problems of a study are causes, and what is there while they stand."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from lungmet_worc.checks.causes import SMALL_ARM
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.display.language import language
from tests.synthetic import make_study, read_rows, write_cohort, write_rows, write_volume

COMMON, AVAILABLE = 'patients = "common"', 'patients = "available"'
ARMS = (
    '[arms.mri]\nmodalities = ["MRI"]\n[arms.age]\nclinical = ["age"]\n'
    '[arms.both]\nmodalities = ["MRI"]\nclinical = ["age"]\n'
)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return 16 patients with MRI, every second one with the outcome."""
    return write_cohort(tmp_path, 16, ["MRI"])


def check(manifest: Path, changes: dict[str, dict[str, str]] | None = None, **parts: str
) -> CheckReport:  # fmt: skip
    """Return the report of a cohort with some cells changed: patient -> column -> text."""
    rows = read_rows(manifest)
    for row in rows:
        row |= (changes or {}).get(row["patient_id"], {})
    write_rows(manifest, rows)
    return check_study(make_study(manifest, ["MRI"], **parts))


def causes(report: CheckReport) -> dict[str, set[tuple[int | None, str]]]:
    """Return column of what follows -> row and column of what it follows from."""
    return {
        after.column: {(cause.row, cause.column) for cause in of}
        for after, of in report.causes.items()
    }


class TestSmallArms:
    def test_a_missing_column_explains_every_arm(self, manifest: Path) -> None:
        report = check(manifest, arms=ARMS.replace('"age"', '"aeg"', 1))
        assert causes(report) == {f"arms.{arm}": {(1, "aeg")} for arm in ("mri", "age", "both")}
        assert "3 arms are too small: mri, age, both." in report.to_text()
        assert {p.kind for p in report.causes} == {SMALL_ARM}

    def test_cells_that_explain_only_together(self, tmp_path: Path) -> None:
        manifest = write_cohort(tmp_path / "few", 12, ["MRI"])
        unreadable = {f"P{n}": {"lung_met": "?!"} for n in range(1, 6)}
        no_mask = {f"P{n}": {"mri_mask": ""} for n in range(6, 11)}
        report = check(manifest, unreadable | no_mask)
        found = causes(report)["arms.MRI_only"]
        assert {column for _, column in found} == {"lung_met", "mri_mask"}
        assert len(found) == 10

    def test_an_arm_that_stays_too_small_is_no_consequence(self, tmp_path: Path) -> None:
        manifest = write_cohort(tmp_path, 5, ["MRI"])
        report = check(manifest, {"P1": {"lung_met": "?!"}})
        assert report.causes == {}
        assert {problem.column for problem in report.errors} == {"lung_met", "arms.MRI_only"}

    def test_no_ids(self, manifest: Path) -> None:
        report = check(manifest, cohort='patient_id = "patient"\nexclude = ["P3"]')
        assert causes(report)["cohort.exclude"] == {(1, "patient")}
        assert causes(report)["arms.MRI_only"] == {(1, "patient")}


class TestScans:
    def test_what_else_is_wrong_with_the_scan_of_another_patient(self, manifest: Path) -> None:
        import numpy as np

        images = manifest.parent / "images"
        write_volume(images / "P2_MRI_image.nii.gz", np.ones((4, 9, 9), np.int16))
        report = check(manifest, {"P1": {"mri_image": "images/P2_MRI_image.nii.gz"}})
        first = [problem for problem in report.errors if problem not in report.causes]
        assert {problem.kind for problem in first} == {"same-file"}
        assert {problem.patient for problem in first} == {"P1", "P2"}
        assert report.causes  # the masks do not fit


class TestCounts:
    @pytest.fixture
    def report(self, manifest: Path) -> CheckReport:
        (manifest.parent / "images/P7_MRI_image.nii.gz").write_bytes(b"no image")
        return check(
            manifest,
            {
                "P2": {"patient_id": "P1"},
                "P3": {"mri_image": "images/P33_MRI_image.nii.gz"},
                "P4": {"mri_mask": ""},
                "P5": {"mri_image": "", "age": "?"},
                "P6": {"mri_image": "", "mri_mask": ""},
                "P8": {"lung_met": "?!"},
                "P9": {"lung_met": ""},
                "P10": {"age": ""},
            },
            arms=ARMS,
        )

    def test_rows_and_patients(self, report: CheckReport) -> None:
        first = report.counted.to_text().splitlines()[0]
        assert first == (
            "16 rows in the manifest, 15 patients, 1 row twice: 7 with lung_met, 6 without, "
            "1 not known, 1 not readable."
        )

    def test_scans_by_what_they_are(self, report: CheckReport) -> None:
        scans = json.loads(report.to_json())["cohort"]["scans"]["MRI"]
        assert scans == {
            "present": 10, "not found": 1, "without mask": 1, "without image": 1,
            "unusable": 1, "missing": 1,
        }  # fmt: skip
        lines = [line.split() for line in report.to_text().splitlines()]
        assert ["MRI", "10", "1", "1", "1", "1", "1"] in lines

    def test_arms_now_and_once_mended(self, report: CheckReport) -> None:
        lines = [line.split() for line in report.to_text().splitlines()]
        # P6, P9 and P10 lack something that nobody called wrong; P5's "?" is a missing age.
        assert ["mri", "7", "4", "3", "11"] in lines
        found = json.loads(report.to_json())["cohort"]
        assert found["once_mended"]["mri"]["n_patients"] == 11

    def test_what_other_settings_give(self, report: CheckReport) -> None:
        found = json.loads(report.to_json())["cohort"]["other_settings"]
        by_setting = {each["setting"]: each["arms"] for each in found}
        assert set(by_setting) == {'patients = "available"', "both settings"}
        assert by_setting['patients = "available"']["mri"]["n_patients"] == 13
        assert by_setting['patients = "available"']["age"]["n_patients"] == 12
        assert by_setting["both settings"]["both"]["n_patients"] == 14

    def test_patients_one_by_one(self, report: CheckReport) -> None:
        found = {each["patient_id"]: each for each in json.loads(report.to_json())["patients"]}
        assert len(found) == 15
        assert found["P1"]["rows"] == [2, 3]
        assert found["P1"]["wrong"] == ["patient_id"]
        assert found["P3"]["scans"] == {"MRI": "not found"}
        assert found["P4"]["scans"] == {"MRI": "without mask"}
        assert found["P10"]["missing"] == ["age"]
        assert (found["P8"]["outcome"], found["P8"]["wrong"]) == (None, ["lung_met"])
        assert found["P11"]["arms"] == {"mri": "yes", "age": "yes", "both": "yes"}
        assert (found["P3"]["arms"]["age"], found["P3"]["once_mended"]) != ("yes", [])
        assert found["P3"]["once_mended"] == ["mri", "age", "both"]
        assert found["P6"]["once_mended"] == []

    def test_a_line_for_each_patient(self, report: CheckReport) -> None:
        for width in (118, 60):
            lines = report.patients_text(width).splitlines()
            assert max(map(len, lines)) <= width
            assert sum(line.startswith("P") for line in lines) == 15
        assert any(line.split()[:4] == ["P6", "7", "0", "-"] for line in lines)

    def test_in_dutch(self, report: CheckReport) -> None:
        dutch = language("nl")
        text = report.to_text(118, dutch)
        assert "16 rijen in het manifest, 15 patiënten, 1 rij dubbel" in text
        assert "Niet meegenomen, ook als alles hersteld is" in text
        assert "zonder masker" in report.patients_text(118, dutch)
        problems = json.loads(report.to_json(dutch))["problems"]
        assert any(problem["remedy"].startswith("Vul in wat bekend is.") for problem in problems)


def random_slips(folder: Path, seed: int) -> Path:
    """Write a manifest without files, in which one cell of ten and some headers are wrong."""
    chance = random.Random(seed)
    rows = [
        {
            "patient_id": f"P{n}", "lung_met": n % 2, "mri_image": f"{n}.nii",
            "mri_mask": f"{n}m.nii", "age": 40 + n % 9, "hospital": "xyz"[n % 3],
        }
        for n in range(chance.choice((0, 1, 3, 8, 14, 30)))
    ]  # fmt: skip
    slips = ("", "?", "P1", "misschien", "  X ", "A", "999", "1", "0")
    cells = [
        [chance.choice(slips) if chance.random() < 0.1 else str(cell) for cell in row.values()]
        for row in rows
    ]
    names = ("patient_id", "lung_met", "mri_image", "mri_mask", "age", "hospital")
    heads = [name if chance.random() > 0.05 else f"{name}x" for name in names]
    text = "\n".join(",".join(line) for line in [heads, *cells])
    path = folder / "manifest.csv"
    path.write_text(f"{text}\n")
    return path


@pytest.mark.parametrize("seed", range(24))
def test_whatever_is_wrong_some_error_is_no_consequence(tmp_path: Path, seed: int) -> None:
    study = make_study(
        random_slips(tmp_path, seed),
        ["MRI"],
        arms=ARMS,
        cohort=f'centre = "hospital"\nexclude = ["P{seed}"]\n{(COMMON, AVAILABLE)[seed % 2]}',
        search=('split_type = "leave-one-centre-out"', "splits = 3")[seed % 3 == 0],
    )
    report = check_study(study)
    roots = [problem for problem in report.errors if problem not in report.causes]
    assert bool(roots) == bool(report.errors)
    assert report.causes.keys() <= set(report.problems)
    assert {cause for of in report.causes.values() for cause in of} <= set(roots)
    for code in ("en", "nl"):
        lines = f"{report.to_text(118, language(code))}{report.patients_text(118, language(code))}"
        assert max(map(len, lines.splitlines())) <= 118
        found = json.loads(report.to_json(language(code)))
        assert len(found["problems"]) == len(report.problems)


def test_rows_without_an_id_are_counted_as_such(manifest: Path) -> None:
    report = check(manifest, {"P2": {"patient_id": ""}, "P3": {"patient_id": "?"}})
    first = report.counted.to_text().splitlines()[0]
    assert first.startswith("16 rows in the manifest, 14 patients, 2 rows without an id: ")
    assert json.loads(report.to_json())["cohort"]["n_without_id"] == 2


def test_a_study_without_errors_has_no_word_of_mending(manifest: Path) -> None:
    text = check(manifest, {"P6": {"age": ""}}, arms=ARMS).to_text()
    assert "once mended" not in text
    assert "Left out, of every arm" in text


def test_where_nobody_lacks_anything_there_is_nothing_to_let_in(manifest: Path) -> None:
    report = check(manifest)
    assert report.counted.variants == {}
    assert "Left out" not in report.to_text()
