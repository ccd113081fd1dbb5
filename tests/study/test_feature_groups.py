"""Groups of features: by WORC's names, by its settings, and as an arm."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import LungmetError, ResultsError, StudyFileError
from lungmet_worc.pipeline.arm_matrix import arm_matrix, arm_overrides
from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.feature_groups import (
    IMAGE_GROUPS,
    extracted_groups,
    feature_group,
    in_groups,
    needed_switches,
)
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources.images import ImagePair
from lungmet_worc.worc.storage import read_matrix, read_result, write_features
from tests.synthetic import make_study, write_cohort, write_study

DEFAULT = worc_settings.default_settings()
COARSE = worc_settings.merge(DEFAULT, worc_settings.COARSE)

#: A name of each kind that WORC's default settings give.
NAMES = {
    "PREDICT_original_sf_volume_2.5D": "shape",
    "PyRadiomics_sf_original_shape_VoxelVolume": "shape",
    "PREDICT_original_of_theta_x": "orientation",
    "PyRadiomics_of_original_COM_Index_x": "orientation",
    "PREDICT_original_hf_mean": "intensity",
    "PREDICT_original_tf_Gabor_energy_F0.05_A0.0": "texture",
    "PREDICT_original_tf_GLCMMS_ASMd1.0A0.0mean": "texture",
    "PREDICT_original_tf_LBP_mean_R3_P12": "texture",
    "PyRadiomics_tf_original_NGTDM_Strength": "texture",
    "PREDICT_original_vf_Frangi_full_min_SR(1.0, 10.0)_SS2.0": "filtered",
    "PREDICT_original_phasef_monogenic_min_WL3_N5": "filtered",
    "PREDICT_original_logf_mean_sigma1": "filtered",
    "PREDICT_original_semf_age_clinical": "clinical",
    "something_else": "other",
}


@pytest.mark.parametrize(("name", "group"), NAMES.items())
def test_every_kind_of_name(name: str, group: str) -> None:
    assert feature_group(name) == group
    assert feature_group(f"{name}_MRI") == group


def test_what_no_workflow_uses_is_in_no_group() -> None:
    """Errata E28."""
    assert not in_groups("PREDICT_original_logf_mean_sigma1", IMAGE_GROUPS)
    assert in_groups("PREDICT_original_vf_Frangi_full_min_SR(1.0, 10.0)_SS2.0", ("filtered",))


@pytest.mark.worc
def test_names_of_filtered_images_as_worc_converts_them(tmp_path: Path) -> None:
    from WORC.featureprocessing.FeatureConverter import convert_pyradiomics

    kinds = {
        "firstorder_Mean": "intensity",
        "glcm_Contrast": "texture",
        "ngtdm_Strength": "texture",
    }
    filters = ("original", "wavelet-LHL", "log-sigma-1-0-mm-3D")
    names = [f"{image}_{kind}" for image in filters for kind in kinds]
    row = {name: 1.0 for name in names} | {"original_shape_VoxelVolume": 2.0}
    row |= {  # as PyRadiomics tells them beside its features
        "diagnostics_Mask-original_CenterOfMassIndex": "(1.0, 2.0, 3.0)",
        "diagnostics_Mask-original_CenterOfMass": "(1.0, 2.0, 3.0)",
        "diagnostics_Configuration_Settings": "{}",
    }
    with (tmp_path / "raw.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    convert_pyradiomics(str(tmp_path / "raw.csv"), str(tmp_path / "features.hdf5"))
    labels = list(pd.read_hdf(tmp_path / "features.hdf5")["feature_labels"])
    groups = {label: feature_group(label) for label in labels}
    assert sorted(groups.values()) == sorted(
        ["shape", *["orientation"] * 6, "intensity", *["texture"] * 6, *["filtered"] * 2]
    )
    assert all("firstorder" in label for label, group in groups.items() if group == "filtered")


class TestSettings:
    def test_what_presets_extract(self) -> None:
        assert extracted_groups(DEFAULT) == IMAGE_GROUPS
        assert extracted_groups(COARSE) == ("shape", "orientation", "intensity", "texture")

    def test_log_alone_is_no_group(self) -> None:
        """Errata E28."""
        log = worc_settings.merge(COARSE, {"ImageFeatures": {"log": "True"}})
        assert "filtered" not in extracted_groups(log)

    def test_filters_of_pyradiomics(self) -> None:
        calculators = "[pyradiomics/Pyradiomics:1.0]"
        chosen = {
            "General": {"FeatureCalculators": calculators},
            "PyRadiomics": {"extract_firstorder": "True", "Wavelet": "True", "Original": "False"},
        }
        settings = worc_settings.merge(DEFAULT, chosen)
        groups = extracted_groups(settings)
        assert groups == ("shape", "orientation", "texture", "filtered")
        switches = needed_switches(("filtered",), [settings])
        assert switches == ("histogram_features", "wavelet_features")

    def test_a_few_kinds_of_texture_alone_are_on(self) -> None:
        only = {f"texture_{kind}": "False" for kind in ("Gabor", "LBP", "GLCMMS")}
        few = worc_settings.merge(COARSE, {"ImageFeatures": only})
        assert needed_switches(("texture",), [few]) == ("texture_GLCM_features",)
        assert needed_switches(("texture",), [few, DEFAULT]) == ()
        assert needed_switches(("texture", "shape"), [few]) == ("shape_features",)


def matrix_of(folder: Path, arm: ArmConfig, names: list[str]) -> pd.DataFrame:
    path = folder / "P1.hdf5"
    write_features(path, list(map(float, range(len(names)))), names, image_type="MR", stamp="s")
    patient = Patient("P1", 2, 1, {"MRI": ImagePair()}, {"age": "60"})
    return arm_matrix(arm, [patient], {("P1", "MRI"): path})


class TestMatrix:
    def test_only_the_features_of_the_groups_and_clinical_ones(self, tmp_path: Path) -> None:
        arm = ArmConfig(
            modalities=("MRI",), clinical=("age",), features=("texture", "shape")
        )  # fmt: skip
        found = matrix_of(tmp_path, arm, list(NAMES)[:-2])
        expected = [f"{n}_MRI" for n, group in NAMES.items() if group in ("shape", "texture")]
        assert list(found.columns) == sorted([*expected, "PREDICT_original_semf_age_clinical"])

    def test_a_group_that_is_not_there(self, tmp_path: Path) -> None:
        arm = ArmConfig(modalities=("MRI",), features=("shape", "filtered"))
        names = ["PREDICT_original_sf_volume", "PREDICT_original_logf_mean_sigma1"]
        with pytest.raises(ResultsError, match='No feature of MRI is of the group "filtered"'):
            matrix_of(tmp_path, arm, names)


def test_a_group_that_the_preset_does_not_extract(tmp_path: Path) -> None:
    arms = '[arms.a]\nmodalities = ["MRI"]\nfeatures = ["shape", "filtered"]'
    with pytest.raises(StudyFileError, match='MRI has no feature of the group "filtered"'):
        make_study(tmp_path / "m.csv", ["MRI"], arms=arms)
    vessel = "[worc.ImageFeatures]\nvessel = true"
    study = make_study(tmp_path / "m.csv", ["MRI"], arms=arms, more=vessel)
    chosen = arm_overrides(study, study.arms["a"])["SelectFeatGroup"]
    # The preset has it off.
    assert (chosen["vessel_features"], chosen["shape_features"]) == ("True", "True")


def test_a_group_that_is_switched_off(tmp_path: Path) -> None:
    arms = '[arms.a]\nmodalities = ["MRI"]\nfeatures = "shape"'
    off = "[worc.SelectFeatGroup]\nshape_features = false"
    with pytest.raises(StudyFileError, match="shape_features is switched off"):
        make_study(tmp_path / "m.csv", ["MRI"], arms=arms, more=off)


@pytest.mark.worc
@pytest.mark.slow
class TestRun:
    @pytest.fixture(scope="class")
    def run(self, tmp_path_factory: pytest.TempPathFactory) -> Run:
        manifest = write_cohort(tmp_path_factory.mktemp("groups"), 16, ["MRI"])
        arms = "\n".join(
            f'[arms.{group}]\nmodalities = ["MRI"]\nfeatures = "{group}"'
            for group in ("shape", "intensity", "orientation")
        )
        search = 'splits = 2\ncandidates = 10\ninner_splits = 2\nclassifiers = ["LDA"]'
        # Nothing else that may leave a candidate without a feature.
        more = "[worc.Featsel]\n" + "\n".join(
            f'{step} = "0.0"'
            for step in (
                "ReliefUse", "StatisticalTestUse", "SelectFromModel", "RFE", "UsePCA", "Variance",
            )
        )  # fmt: skip
        study = write_study(manifest, ["MRI"], arms=arms, search=search, more=more)
        return Study.from_toml(study).run(tmp_path_factory.mktemp("run"), cores=2)

    @pytest.mark.parametrize("arm", ["shape", "intensity", "orientation"])
    def test_no_candidate_is_without_a_feature(self, run: Run, arm: str) -> None:
        assert {feature_group(n) for n in read_matrix(run.paths.matrix(arm))} == {arm}
        for index in range(2):
            causes = read_result(run.paths.split(arm, index))["causes"]
            assert not any("feature" in cause for cause in causes), causes

    def test_export_says_that_worc_cannot(self, run: Run, tmp_path: Path) -> None:
        study = make_study(
            tmp_path / "m.csv", ["MRI"], arms='[arms.a]\nmodalities = ["MRI"]\nfeatures = "shape"'
        )
        with pytest.raises(LungmetError, match="had a part in the imputation"):
            export_worc(study, "a", tmp_path / "out")
