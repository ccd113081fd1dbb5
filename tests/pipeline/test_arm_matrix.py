"""Arms beyond plain images: clinical columns, the volume alone, missing scans."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.pipeline.arm_matrix import arm_matrix
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources.images import ImagePair
from lungmet_worc.worc.storage import read_matrix, read_result, write_features
from tests.synthetic import change_cell, write_cohort, write_study

ARMS = """
[arms.clinical]
clinical = ["age", "grade"]
[arms.MRI_clinical]
modalities = ["MRI"]
clinical = ["age", "grade"]
[arms.volume]
modalities = ["CT"]
features = "volume"
[arms.MRI]
modalities = ["MRI"]
[arms.either]
modalities = ["MRI", "CT"]
missing = "impute"
"""
SEARCH = """
splits = 2
candidates = 8
inner_splits = 2
ensemble = {method = "top_N", size = 2}
classifiers = ["GaussianNB", "LR"]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("arms")
    manifest = write_cohort(folder / "study", 16)
    for patient in ("P2", "P3"):
        change_cell(manifest, patient, "ct_image", "")
        change_cell(manifest, patient, "ct_mask", "")
    change_cell(manifest, "P5", "age", "")
    study = write_study(manifest, cohort='patients = "available"', arms=ARMS, search=SEARCH)
    return Study.from_toml(study).run(folder / "run", cores=2)


@pytest.mark.worc
@pytest.mark.slow
class TestRun:
    def test_every_arm_has_a_performance(self, run: Run) -> None:
        assert list(run.performance["arm"].unique()) == [
            "clinical", "MRI_clinical", "volume", "MRI", "either",
        ]  # fmt: skip

    def test_each_arm_has_the_features_that_it_names(self, run: Run) -> None:
        columns = {
            arm: list(read_matrix(run.paths.matrix(arm)).columns)
            for arm in run.performance["arm"].unique()
        }
        clinical = [
            "PREDICT_original_semf_age_clinical",
            "PREDICT_original_semf_grade=low_clinical",
        ]
        assert columns["clinical"] == clinical
        assert set(columns["MRI_clinical"]) == {*columns["MRI"], *clinical}
        assert len(columns["volume"]) == 1
        assert "volume" in columns["volume"][0]
        assert columns["volume"][0].endswith("_CT")
        assert {name.rpartition("_")[2] for name in columns["either"]} == {"MRI", "CT"}

    def test_the_clinical_group_is_on(self, run: Run) -> None:
        """Errata E5: clinical features are off in WORC unless their group is switched on."""
        on = "semantic_features = True"
        assert on in run.paths.settings("clinical", "clinical").read_text()
        assert on in run.paths.settings("MRI_clinical", "MRI").read_text()
        assert on not in run.paths.settings("MRI", "MRI").read_text()
        semantics = run.paths.semantics("clinical").read_text().splitlines()
        assert semantics[0] == "Patient,age,grade=low"

    def test_a_missing_scan_is_missing_features_and_no_stand_in(self, run: Run) -> None:
        """Errata E4: never the features of a dummy image."""
        matrix = read_matrix(run.paths.matrix("either"))
        ct = [name for name in matrix.columns if name.endswith("_CT")]
        assert matrix.loc[["P2", "P3"], ct].isna().all(axis=None)
        assert matrix.loc[["P1", "P4"], ct].notna().any(axis=None)
        assert "P2" not in read_matrix(run.paths.matrix("volume")).index

    def test_arms_are_compared_on_patients_of_both(self, run: Run) -> None:
        tests = run.comparison.groupby(["arm_a", "arm_b", "metric"])["n_patients"].agg(set)
        tested = run.patients.groupby("arm")["patient_id"].agg(set)
        both = tested["volume"] & tested["MRI"]
        assert tests["volume", "MRI", "auc"] == {len(both)}

    def test_arms_with_fewer_patients_have_parts_of_the_same_splits(self, run: Run) -> None:
        for index in range(2):
            everyone = read_result(run.paths.split("either", index))
            fewer = read_result(run.paths.split("volume", index))
            assert set(fewer["test"]) == set(everyone["test"]) - {"P2", "P3"}
            assert set(fewer["train"]) == set(everyone["train"]) - {"P2", "P3"}


def patient(name: str) -> Patient:
    pairs = {m: ImagePair(None, None, "", "") for m in ("T1", "MRI_T1")}
    return Patient(patient_id=name, row=2, outcome=1, data=pairs, clinical={})


def test_modalities_whose_names_end_alike_are_kept_apart(tmp_path: Path) -> None:
    files = {}
    for number, modality in enumerate(("T1", "MRI_T1")):
        files["P1", modality] = tmp_path / f"{modality}.hdf5"
        write_features(
            files["P1", modality],
            [1.0 + number, 5.0],
            ["PREDICT_original_sf_volume_2.5D", "PREDICT_original_hf_mean"],
            image_type="MR",
            stamp="s",
        )
    people = [patient("P1"), patient("P2")]
    arm = ArmConfig(modalities=("T1", "MRI_T1"), features="volume")
    matrix = arm_matrix(arm, people, files)
    assert matrix.loc["P1"].to_dict() == {
        "PREDICT_original_sf_volume_2.5D_MRI_T1": 2.0,
        "PREDICT_original_sf_volume_2.5D_T1": 1.0,
    }
    assert matrix.loc["P2"].map(math.isnan).all()
    everything = arm_matrix(ArmConfig(modalities=("T1", "MRI_T1")), people, files)
    assert np.array_equal(everything.columns, sorted(everything.columns))
    assert everything.shape == (2, 4)


def test_no_volume_among_the_features(tmp_path: Path) -> None:
    write_features(tmp_path / "a.hdf5", [1.0], ["PREDICT_hf_mean"], image_type="CT", stamp="s")
    arm = ArmConfig(modalities=("T1",), features="volume")
    with pytest.raises(ResultsError, match="No feature of T1 is a tumour volume"):
        arm_matrix(arm, [patient("P1")], {("P1", "T1"): tmp_path / "a.hdf5"})


def test_no_clinical_name_is_taken_for_a_filter() -> None:
    """Errata E38: WORC drops features with _log in their name."""
    people = [
        Patient(patient_id=f"P{n}", row=n, outcome=n % 2, data={}, clinical={"psa_log": str(n)})
        for n in range(2)
    ]
    matrix = arm_matrix(ArmConfig(clinical=("psa_log",)), people, {})
    assert list(matrix.columns) == ["PREDICT_original_semf_psa-log_clinical"]
    assert list(matrix.iloc[:, 0]) == [0.0, 1.0]
