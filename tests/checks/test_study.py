"""``check``: all problems of a study in one go, as a table and as JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics.errors import Problem
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.imaging.files import file_digest
from tests.synthetic import (
    change_cell,
    make_study,
    read_rows,
    write_cohort,
    write_rows,
    write_volume,
)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_cohort(tmp_path, 24)


def check(manifest: Path, **parts: str) -> CheckReport:
    return check_study(make_study(manifest, **parts))


def only(report: CheckReport) -> Problem:
    assert len(report.problems) == 1, report.to_text()
    return report.problems[0]


class TestSound:
    def test_nothing_to_say(self, manifest: Path) -> None:
        report = check(manifest)
        assert report.ok
        assert report.problems == ()
        assert report.to_text().startswith("No problems found.")
        assert "24 patients in the manifest: 12 with lung_met, 12 without." in report.to_text()

    def test_digests_of_all_files(self, manifest: Path) -> None:
        report = check(manifest)
        files = set((manifest.parent / "images").iterdir())
        assert set(report.digests) == files
        path = manifest.parent / "images" / "P3_CT_mask.nii.gz"
        assert report.digests[path] == file_digest(path)

    def test_several_cores_find_the_same(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "mri_image", "images/P6_MRI_image.nii.gz")
        (manifest.parent / "images/P7_CT_mask.nii.gz").write_bytes(b"no image")
        study = make_study(manifest)
        one, two = check_study(study), check_study(study, cores=2)
        assert one.problems == two.problems
        assert one.digests == two.digests
        assert not two.ok


class TestDuplicates:
    def test_same_image_for_two_patients_names_both(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "mri_image", "images/P3_MRI_image.nii.gz")
        change_cell(manifest, "P5", "mri_mask", "images/P3_MRI_mask.nii.gz")
        report = check(manifest)
        images = [p for p in report.problems if p.column == "mri_image"]
        masks = [p for p in report.problems if p.column == "mri_mask"]
        for problems, kind in ((images, "image"), (masks, "mask")):
            assert [(p.patient, p.row) for p in problems] == [("P3", 4), ("P5", 6)]
            for problem in problems:
                assert problem.severity == "error"
                assert (
                    f"The same {kind} is used for patients P3 (row 4) and P5 (row 6)"
                    in problem.what
                )
        assert report.unusable.keys() == {("P3", "MRI"), ("P5", "MRI")}

    def test_by_content_not_by_name_or_compression(self, manifest: Path) -> None:
        images = manifest.parent / "images"
        plain = gzip.decompress((images / "P3_CT_image.nii.gz").read_bytes())
        (images / "P5_CT_image.nii.gz").write_bytes(gzip.compress(plain, 1))
        report = check(manifest)
        assert (
            report.digests[images / "P3_CT_image.nii.gz"]
            != report.digests[images / "P5_CT_image.nii.gz"]
        )
        assert {p.patient for p in report.errors} == {"P3", "P5"}

    def test_mask_saved_again_in_the_same_place(self, manifest: Path) -> None:
        images = manifest.parent / "images"
        plain = gzip.decompress((images / "P3_CT_mask.nii.gz").read_bytes())
        (images / "P5_CT_mask.nii.gz").write_bytes(gzip.compress(plain, 1))
        report = check(manifest)
        assert {(p.patient, p.column) for p in report.errors} == {
            ("P3", "ct_mask"),
            ("P5", "ct_mask"),
        }
        assert report.unusable.keys() == {("P3", "CT"), ("P5", "CT")}

    def test_copied_mask_with_another_geometry_is_a_warning(self, manifest: Path) -> None:
        images = manifest.parent / "images"
        mask = sitk.GetArrayFromImage(sitk.ReadImage(str(images / "P3_CT_mask.nii.gz")))
        for kind in ("mask", "image"):
            path = images / f"P5_CT_{kind}.nii.gz"
            voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
            write_volume(path, mask if kind == "mask" else voxels, origin=(99.0, 0.0, 0.0))
        report = check(manifest)
        assert report.ok
        assert {p.patient for p in report.problems} == {"P3", "P5"}
        assert all("in another place" in p.what for p in report.problems)

    def test_one_mask_for_both_scans_of_a_patient_is_fine(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "ct_mask", "images/P5_MRI_mask.nii.gz")
        assert check(manifest).problems == ()

    def test_one_image_as_two_modalities_is_a_warning(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "mri_image", "images/P5_CT_image.nii.gz")
        problem = only(check(manifest))
        assert (problem.severity, problem.patient) == ("warning", "P5")
        assert "MRI and CT" in problem.what

    def test_image_of_another_patient_as_mask(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "ct_mask", "images/P6_CT_image.nii.gz")
        report = check(manifest)
        assert any("image of patient P6 (row 7)" in p.what for p in report.errors)

    def test_same_image_and_mask_path(self, manifest: Path) -> None:
        change_cell(manifest, "P5", "ct_mask", "images/P5_CT_image.nii.gz")
        problem = only(check(manifest))
        assert (problem.severity, problem.row, problem.column) == ("error", 6, "ct_mask")
        assert "same file" in problem.what


class TestEverythingAtOnce:
    @pytest.fixture
    def report(self, manifest: Path) -> CheckReport:
        images = manifest.parent / "images"
        rows = read_rows(manifest)
        rows[1]["patient_id"] = "P1"
        rows[2]["mri_image"] = "images/nowhere.nii.gz"
        rows[3]["ct_mask"] = ""
        rows[4]["lung_met"] = "maybe"
        rows[5]["lung_met"] = ""
        rows[6]["lung_met"] = ""
        write_rows(manifest, rows)
        whole = (images / "P8_MRI_image.nii.gz").read_bytes()
        (images / "P8_MRI_image.nii.gz").write_bytes(whole[:-300])
        write_volume(images / "P9_CT_mask.nii.gz", np.zeros((8, 16, 16), np.uint8))
        return check(manifest, cohort='exclude = ["P77"]')

    def test_all_are_there(self, report: CheckReport) -> None:
        found = {(p.severity, p.row, p.column, p.patient) for p in report.problems}
        assert found == {
            ("error", 3, "patient_id", "P1"),
            ("error", 4, "mri_image", "P3"),
            ("error", 5, "ct_mask", "P4"),
            ("error", 6, "lung_met", "P5"),
            ("error", 9, "mri_image", "P8"),
            ("error", 10, "ct_mask", "P9"),
            ("error", None, "cohort.exclude", "P77"),
            ("warning", 7, "lung_met", "P6"),
            ("warning", 8, "lung_met", "P7"),
            *(("warning", None, f"arms.{arm}", "") for arm in ("MRI_only", "CT_only", "combined")),
        }
        assert not report.ok

    def test_errors_first_then_by_row(self, report: CheckReport) -> None:
        rows = [p.row for p in report.errors]
        assert rows == [3, 4, 5, 6, 9, 10, None]
        assert [p.severity for p in report.problems] == ["error"] * 7 + ["warning"] * 5

    def test_no_absolute_path_is_shown(self, report: CheckReport, tmp_path: Path) -> None:
        assert str(tmp_path) not in report.to_text()
        assert str(tmp_path) not in report.to_json()

    def test_json(self, report: CheckReport) -> None:
        found = json.loads(report.to_json())
        assert list(found) == ["ok", "problems", "cohort", "patients", "expected_precision"]
        assert found["ok"] is False
        keys = {"severity", "row", "column", "patient", "file", "what", "remedy"}
        keys |= {"kind", "follows_from"}
        assert all(set(problem) == keys for problem in found["problems"])
        assert all(problem["what"] and problem["remedy"] for problem in found["problems"])
        assert len(found["problems"]) == len(report.problems)
        assert (found["cohort"]["n_rows"], found["cohort"]["n_patients"]) == (24, 23)

    def test_text_says_everything_once(self, report: CheckReport) -> None:
        text = report.to_text(110)
        assert "P6, P7" in text
        assert max(map(len, text.splitlines())) <= 110

    def test_what_a_study_can_go_on_without(self, report: CheckReport) -> None:
        assert report.unusable.keys() == {("P3", "MRI"), ("P4", "CT"), ("P8", "MRI"), ("P9", "CT")}
        assert report.unusable["P9", "CT"] == "The mask is empty."
        columns = {problem.column for problem in report.study_errors}
        assert columns == {"patient_id", "lung_met", "cohort.exclude"}

    def test_missing_column_does_not_hide_the_rest(self, manifest: Path) -> None:
        manifest.write_text(manifest.read_text().replace("ct_mask", "ct_msk", 1))
        (manifest.parent / "images/P8_MRI_image.nii.gz").write_bytes(b"no image")
        report = check(manifest)
        assert {"ct_mask", "mri_image"} <= {p.column for p in report.errors}

    def test_no_manifest(self, manifest: Path) -> None:
        study = make_study(manifest)
        manifest.unlink()
        report = check_study(study)
        assert not report.ok
        assert "no such file" in only(report).what
        assert json.loads(report.to_json())["cohort"]["n_patients"] == 0
        assert "manifest.csv" in report.to_text()

    def test_excluded_patients_are_not_looked_at(self, manifest: Path) -> None:
        (manifest.parent / "images/P8_MRI_image.nii.gz").write_bytes(b"no image")
        assert not check(manifest).ok
        assert check(manifest, cohort='exclude = ["P8"]').ok


class TestNumbers:
    def test_too_few_events(self, tmp_path: Path) -> None:
        report = check(write_cohort(tmp_path, 20, n_events=1))
        assert {p.column for p in report.errors} == {
            "arms.MRI_only",
            "arms.CT_only",
            "arms.combined",
        }
        assert all(p.file == "study.toml" for p in report.errors)
        assert "would do" in report.errors[0].remedy

    def test_one_poor_arm_only(self, manifest: Path) -> None:
        rows = read_rows(manifest)
        for row in rows[4:]:
            row["ct_image"] = row["ct_mask"] = ""
        write_rows(manifest, rows)
        report = check(manifest, cohort='patients = "available"')
        assert {p.column for p in report.errors} == {"arms.CT_only", "arms.combined"}

    def test_unlucky_splits_of_a_smaller_arm(self, manifest: Path) -> None:
        rows = read_rows(manifest)
        for row in rows[9:]:
            row["ct_image"] = row["ct_mask"] = ""
        write_rows(manifest, rows)
        report = check(manifest, cohort='patients = "available"', search="splits = 20")
        said = [p.what for p in report.problems if "of 20 splits" in p.what]
        assert said
        assert all("CT_only" in what or "combined" in what for what in said)

    def test_setting_that_is_no_number(self, manifest: Path) -> None:
        more = '[modalities.CT.worc.Segmentix]\nN_blobs = "1.5"'
        report = check(manifest, more=more)
        assert only(report).column == "modalities.CT.worc"

    def test_settings_reach_the_images(self, manifest: Path) -> None:
        path = manifest.parent / "images/P3_CT_mask.nii.gz"
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        write_volume(path, voxels, origin=(10.1, -20.0, 30.0))
        assert "origin by 0.10 mm" in only(check(manifest)).what
        more = '[modalities.CT.worc.General]\nAssumeSameImageAndMaskMetadata = "True"'
        assert check(manifest, more=more).problems == ()


@pytest.mark.real
def test_real_cohort_has_no_error_and_no_warning(real_cohort: Path, tmp_path: Path) -> None:
    rows = []
    for row in read_rows(real_cohort / "clinical.csv"):
        images = real_cohort / "nifti" / row["patient_id"]
        files = {
            f"{name}_{kind}": str(images / f"{stem}_{kind}.nii.gz")
            for name, stem in (("mri", "MR_T1"), ("ct", "CT"))
            for kind in ("image", "mask")
        }
        rows.append({"patient_id": row["patient_id"], "lung_met": row["lung_met"], **files})
    report = check(write_rows(tmp_path / "manifest.csv", rows))
    assert report.problems == (), report.to_text()
    assert [len(ids) for ids in report.cohort.arms.values()] == [51, 51, 51]
    assert sum(report.cohort.outcomes_of(report.cohort.everyone)) == 19
