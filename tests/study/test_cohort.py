"""Who enters which arm, and the words in which this is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.checks.checked_cohort import CheckedCohort
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.study.reasons import Reason
from tests.synthetic import change_cell, make_study, write_cohort

COMMON = 'patients = "common"'
AVAILABLE = 'patients = "available"'


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return six patients: P2 lacks MRI, P3 CT, P4 both, P5 the outcome."""
    path = write_cohort(tmp_path, 6)
    for patient, modalities in (("P2", ["mri"]), ("P3", ["ct"]), ("P4", ["mri", "ct"])):
        for modality in modalities:
            change_cell(path, patient, f"{modality}_image", "")
            change_cell(path, patient, f"{modality}_mask", "")
    change_cell(path, "P5", "lung_met", "")
    return path


def cohort_of(
    manifest: Path, unusable: dict[tuple[str, str], str] | None = None, **parts: str
) -> Cohort:
    study = make_study(manifest, **parts)
    return build_cohort(study, read_manifest(study), unusable or {})


def said(reasons: Mapping[str, Reason]) -> dict[str, str]:
    return {patient: reason.sentence for patient, reason in reasons.items()}


class TestArms:
    def test_available(self, manifest: Path) -> None:
        cohort = cohort_of(manifest, cohort=AVAILABLE)
        assert cohort.arms == {
            "MRI_only": ("P1", "P3", "P6"),
            "CT_only": ("P1", "P2", "P6"),
            "combined": ("P1", "P6"),
        }
        assert said(cohort.reasons["combined"]) == {
            "P2": "no MRI image",
            "P3": "no CT image",
            "P4": "no MRI image, no CT image",
            "P5": "outcome missing",
        }
        assert cohort.everyone == ("P1", "P2", "P3", "P6")

    def test_common(self, manifest: Path) -> None:
        cohort = cohort_of(manifest, cohort=COMMON)
        assert set(cohort.arms.values()) == {("P1", "P6")}
        reason = cohort.reasons["MRI_only"]["P3"].sentence
        assert reason == "not complete for all arms (arm CT only: no CT image)"
        assert list(cohort.reasons["MRI_only"]) == ["P2", "P3", "P4", "P5"]

    def test_excluded_in_the_study_file(self, manifest: Path) -> None:
        cohort = cohort_of(manifest, cohort=f'{AVAILABLE}\nexclude = ["P1"]')
        assert cohort.arms["combined"] == ("P6",)
        assert cohort.reasons["combined"]["P1"].sentence == "excluded in the study file"

    def test_impute_asks_for_one_modality(self, manifest: Path) -> None:
        arms = '[arms.a]\nmodalities = ["MRI", "CT"]\nmissing = "impute"'
        cohort = cohort_of(manifest, cohort=AVAILABLE, arms=arms)
        assert cohort.arms["a"] == ("P1", "P2", "P3", "P6")
        assert cohort.reasons["a"]["P4"].sentence == "no MRI image, no CT image"

    def test_failed_extraction(self, manifest: Path) -> None:
        cohort = cohort_of(manifest, {("P1", "CT"): "mask too small"}, cohort=AVAILABLE)
        assert cohort.arms["MRI_only"] == ("P1", "P3", "P6")
        assert cohort.arms["CT_only"] == ("P2", "P6")
        assert cohort.reasons["combined"]["P1"].sentence == "CT extraction failed: mask too small"

    def test_clinical_values(self, manifest: Path) -> None:
        change_cell(manifest, "P1", "grade", "NA")
        arms = (
            '[arms.a]\nmodalities = ["MRI"]\nclinical = ["age", "grade"]\n'
            '[arms.b]\nclinical = ["age"]'
        )
        cohort = cohort_of(manifest, cohort=AVAILABLE, arms=arms)
        assert cohort.reasons["a"]["P1"].sentence == "grade missing"
        assert cohort.arms["a"] == ("P3", "P6")
        assert cohort.arms["b"] == ("P1", "P2", "P3", "P4", "P6")

    def test_clinical_values_are_counted_as_scans_are(self, manifest: Path) -> None:
        change_cell(manifest, "P1", "grade", "NA")
        arms = '[arms.a]\nmodalities = ["MRI"]\nclinical = ["age", "grade"]'
        cohort = cohort_of(manifest, cohort=AVAILABLE, arms=arms)
        assert cohort.clinical == ("age", "grade")
        assert cohort.table()["grade value"].tolist() == ["missing"] + ["present"] * 5
        assert cohort.table()["age value"].tolist() == ["present"] * 6
        assert cohort.as_dict()["clinical"] == {
            "age": {"present": 6, "missing": 0},
            "grade": {"present": 5, "missing": 1},
        }
        lines = [line.split() for line in CheckedCohort(cohort).to_text().splitlines()]
        assert ["Clinical", "value", "present", "missing"] in lines
        assert ["grade", "5", "1"] in lines

    def test_no_word_of_clinical_values_where_no_arm_has_any(self, manifest: Path) -> None:
        cohort = cohort_of(manifest)
        assert "Clinical value" not in CheckedCohort(cohort).to_text()
        assert not any(name.endswith(" value") for name in cohort.table().columns)

    def test_patients_that_are_part_of_another(self, tmp_path: Path) -> None:
        manifest = write_cohort(tmp_path, 12, ["MRI"])
        change_cell(manifest, "P1", "mri_image", "")
        change_cell(manifest, "P1", "mri_mask", "")
        study = make_study(manifest, ["MRI"])
        cohort = build_cohort(study, read_manifest(study))
        assert "P1" not in cohort.arms["MRI_only"]
        assert {"P10", "P11", "P12"} <= set(cohort.arms["MRI_only"])


class TestOutcomes:
    def test_known(self, manifest: Path) -> None:
        cohort = cohort_of(manifest)
        assert cohort.outcomes_of(["P1"]) == [1]
        assert cohort.outcomes_of(["P6", "P1", "P2"]) == [0, 1, 0]

    @pytest.mark.parametrize("patient", ["P5", "P99"])
    def test_not_known(self, manifest: Path, patient: str) -> None:
        cohort = cohort_of(manifest)
        with pytest.raises(CohortError, match=patient):
            cohort.outcomes_of([patient])
        with pytest.raises(CohortError, match=patient):
            cohort.outcomes_of(["P1", patient])


class TestSaid:
    def test_table(self, manifest: Path) -> None:
        table = cohort_of(manifest, cohort=AVAILABLE).table()
        assert list(table.columns) == [
            "patient_id", "outcome", "MRI scan", "CT scan",
            "arm MRI_only", "arm CT_only", "arm combined",
        ]  # fmt: skip
        assert list(table.iloc[2]) == [
            "P3",
            1,
            "present",
            "missing",
            "yes",
            "no CT image",
            "no CT image",
        ]
        assert table.loc[4, "outcome"] == ""

    def test_table_of_arms_named_as_modalities(self, manifest: Path) -> None:
        arms = '[arms.MRI]\nmodalities = ["MRI"]\n[arms.CT]\nmodalities = ["CT"]'
        table = cohort_of(manifest, cohort=AVAILABLE, arms=arms).table()
        assert table.columns.is_unique
        assert table.loc[1, "MRI scan"] == "missing"
        assert table.loc[1, "arm MRI"] == "no MRI image"

    def test_summary(self, manifest: Path) -> None:
        summary = CheckedCohort(cohort_of(manifest, cohort=AVAILABLE)).to_text()
        assert summary.startswith(
            "6 patients in the manifest: 2 with lung_met, 3 without, 1 not known."
        )
        lines = [line.split() for line in summary.splitlines()]
        assert ["MRI", "4", "2"] in lines
        assert ["combined", "2", "1", "1"] in lines
        assert (
            "  no CT image: 2 patients (P3, P4), not in CT_only, combined" in summary.splitlines()
        )

    def test_summary_of_a_complete_cohort_has_no_reasons(self, tmp_path: Path) -> None:
        summary = CheckedCohort(cohort_of(write_cohort(tmp_path, 6))).to_text()
        assert "Left out" not in summary

    def test_as_dict_is_json(self, manifest: Path) -> None:
        found = json.loads(json.dumps(cohort_of(manifest, cohort=AVAILABLE).as_dict()))
        assert found["n_patients"] == 6
        assert (found["n_events"], found["n_non_events"], found["n_outcome_missing"]) == (2, 3, 1)
        assert found["modalities"]["CT"] == {"present": 4, "missing": 2}
        assert found["arms"]["combined"]["patients"] == ["P1", "P6"]
        assert found["arms"]["combined"]["n_events"] == 1
        assert found["arms"]["combined"]["not_entering"]["P5"] == "outcome missing"
