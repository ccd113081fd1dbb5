"""Study files: what is filled in, what is refused and how it is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lungmet_worc import Study
from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.checks.study import check_study
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.study_file import load_study

STUDY = """
[study]
name = "test"
outcome = "lung_met"
[cohort]
manifest = "manifest.csv"
[modalities.MRI]
image = "mri"
segmentation = "mri_mask"
image_type = "MR"
[modalities.CT]
image = "ct"
segmentation = "ct_mask"
image_type = "CT"
[arms.MRI]
modalities = ["MRI"]
[arms.combined]
modalities = ["MRI", "CT"]
"""


def load(folder: Path, text: str) -> StudyConfig:
    path = folder / "study.toml"
    path.write_text(text, "utf-8")
    return load_study(path)


def problems(folder: Path, text: str) -> str:
    with pytest.raises(StudyFileError) as caught:
        load(folder, text)
    assert caught.value.exit_code == 1
    return str(caught.value)


def test_paths_are_relative_to_the_study_file(tmp_path: Path) -> None:
    assert load(tmp_path, STUDY).cohort.manifest == tmp_path / "manifest.csv"


def test_full_preset_is_worcs_own_default(tmp_path: Path) -> None:
    study = load(tmp_path, STUDY + '[search]\npreset = "full"')
    search = study.search
    assert (search.splits, search.candidates, search.inner_splits) == (100, 1000, 5)
    assert (search.ensemble.method, search.ensemble.size) == ("top_N", 100)
    from lungmet_worc.study.worc_settings import default_settings

    ours, worcs = study.worc_settings(), default_settings()
    assert {section: ours[section] for section in ours if section != "Labels"} == {
        section: dict(worcs[section]) for section in worcs if section != "Labels"
    }


def test_settings_of_modalities_are_separate_objects(tmp_path: Path) -> None:
    """Errata E1: changing one modality's settings changes no other's."""
    study = load(tmp_path, STUDY)
    mri, ct = study.modality_settings("MRI"), study.modality_settings("CT")
    assert (mri["ImageFeatures"]["image_type"], ct["ImageFeatures"]["image_type"]) == ("MR", "CT")
    mri["Preprocessing"]["Normalize"] = "changed"
    assert ct["Preprocessing"]["Normalize"] == "True"
    assert study.modality_settings("MRI")["Preprocessing"]["Normalize"] == "True"


def test_overrides_per_study_and_per_modality(tmp_path: Path) -> None:
    study = load(
        tmp_path,
        STUDY
        + "[worc.ImageFeatures]\ntexture_Gabor = false\nlog_sigma = [1, 3]\n"
        + "[modalities.CT.worc.Preprocessing]\nClipping = true\n",
    )
    assert study.modality_settings("MRI")["ImageFeatures"]["texture_Gabor"] == "False"
    assert study.modality_settings("MRI")["ImageFeatures"]["log_sigma"] == "1, 3"
    assert study.modality_settings("CT")["Preprocessing"]["Clipping"] == "True"
    assert study.modality_settings("MRI")["Preprocessing"]["Clipping"] == "False"


def test_all_problems_are_said_with_the_nearest_name(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        STUDY.replace("image_type", "imagetype", 1).replace('"MRI", "CT"', '"MRI", "TC"')
        + '[serch]\npreset = "full"\n[worc.Featsle]\na = 1\n[worc.Featsel]\nRelief = 1\n'
        + '[run]\non_error = "exclude"\n',
    )
    for part in (
        '"serch": This table is not known. Did you mean "search"?',
        '"worc.Featsle": WORC has no such section. Did you mean "Featsel"?',
        'no such setting in Featsel. Did you mean "ReliefNN"?',
        '"modalities.MRI.imagetype": This key is not known. Did you mean "image_type"?',
        '"modalities.MRI.image_type": This key is missing.',
        '"exclude" is not possible here. Did you mean "exclude-patient"?',
    ):
        assert part in said
    assert 'no modality "TC"' in problems(tmp_path, STUDY.replace('"MRI", "CT"', '"MRI", "TC"'))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[worc.Ensemble]\nSize = 5", "Use [search] ensemble"),
        ("[worc.SMAC]\nuse = true", "SMAC is not installed"),
        ('[worc.General]\nComBat = "True"', "leaks (errata E13)"),
        ("[modalities.CT.worc.Featsel]\nReliefUse = 0", "Set it for the whole study"),
        ("[arms.empty]", "knows nothing about a patient"),
        ('[arms.leak]\nclinical = ["lung_met"]', "cannot be its own predictor"),
        ('[arms."my arm"]\nmodalities = ["CT"]', "Use letters, digits"),
        ('[arms.v]\nclinical = ["age"]\nfeatures = "volume"', "Features of images need a modality"),
        ("[search]\ncandidates = 5\nensemble = {size = 9}", "ensemble of 9 cannot be made from 5"),
        ('[search]\nscoring = "accuracy"\nensemble = "Caruana"', "cannot be scored by"),
        ('[search]\nclassifiers = ["SVMM"]', 'Did you mean "SVM"?'),
        ("[search]\nsplits = 0", "greater than or equal to 1"),
        ('[search]\nensemble = {method = "topn", size = 1}', 'Did you mean "top_N"?'),
        (
            '[modalities.T1_LBP]\nimage = "a"\nsegmentation = "b"\nimage_type = "MR"',
            'feature group "LBP" by this part of a name',
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, more: str, said: str) -> None:
    assert said in problems(tmp_path, STUDY + more)


def test_a_presets_ensemble_follows_few_candidates(tmp_path: Path) -> None:
    """Errata E10: never a larger ensemble than there are candidates."""
    study = load(tmp_path, STUDY + '[search]\npreset = "full"\ncandidates = 7')
    assert study.search.ensemble.size == 7


@pytest.mark.parametrize(
    ("text", "said"), [("[study", "no valid TOML"), ("", "[study]"), ("study = 1", "[study]")]
)
def test_files_that_are_no_study(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, text)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="no study file"):
        load_study(tmp_path / "nothing.toml")
    with pytest.raises(StudyFileError, match="cannot be read"):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("x = " + "[" * 2000 + "]" * 2000, "too deep"),
        ("x = " + "{a = " * 1500 + "1" + "}" * 1500, "too deep"),
        ("[run]\ncores = " + "9" * 5000, "thousands of digits"),
        ("[search]\nsplits = 1000000000", "less than or equal to 10000"),
        ("[search]\nseed = 99999999999999999999", "less than 4294967296"),
        ("[search]\npreset = [1]", "is not possible here"),
        ('[search]\nclassifiers = "SVM"', "a list between square brackets"),
        ("[statistics]\nsubgroups = [3]", "a text between quotation marks"),
        ("[statistics]\nbands = {age = [nan]}", "This must be a number"),
        ('[run]\nmemory = "' + "9" * 400 + ' GB"', "no size of memory"),
    ],
)
def test_values_that_no_study_has(tmp_path: Path, more: str, said: str) -> None:
    assert said in problems(tmp_path, STUDY + more)


@pytest.mark.parametrize(
    ("setting", "sound"),
    [
        ('[worc.Imputation]\nn_neighbors = "[4, 3]"', False),
        ('[worc.HyperOptimization]\nmaxlen = "abc"', False),
        ('[worc.ImageFeatures]\nGLCM_levels = "nan"', False),
        ("[worc.ImageFeatures]\nGLCM_levels = 32", True),
        ('[worc.Imputation]\nn_neighbors = "4, 3"', True),
        ("[worc.Classification]\nRFn_estimators = [10, 90]", True),
    ],
)
def test_numbers_of_worc_are_numbers(tmp_path: Path, setting: str, sound: bool) -> None:
    if sound:
        load(tmp_path, f"{STUDY}{setting}\n")
    else:
        assert "WORC expects numbers here" in problems(tmp_path, f"{STUDY}{setting}\n")


def test_a_long_value_is_not_said_whole(tmp_path: Path) -> None:
    assert len(problems(tmp_path, f'{STUDY}[run]\ncores = "{"x" * 50_000}"')) < 500


def test_a_nul_in_a_path(tmp_path: Path) -> None:
    (tmp_path / "m.csv").touch()
    text = STUDY.replace('"manifest.csv"', '"m\\u0000.csv"')
    assert load(tmp_path, text).cohort.manifest == tmp_path / "m.csv"
    with pytest.raises(StudyFileError, match="cannot be read"):
        load_study(f"{tmp_path}/a\x00b.toml")
    with pytest.raises(StudyFileError, match="cannot be read"):
        Study.from_toml("a\x00b")


@pytest.mark.parametrize("manifest", ["~nobody-of-this-name/m.csv", "\\ud800", "x" * 5000, "m/m"])
def test_a_manifest_that_cannot_be_there(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "m").symlink_to("m")
    study = Study(manifest.encode().decode("unicode_escape"), "y", {"a": {"clinical": ["age"]}})
    report = study.check(cores=1)
    assert [problem.severity for problem in report.problems] == ["error"]


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "study.toml")
    for path, said in ((tmp_path / "study.toml", "FIFO"), ("/dev/zero", "device")):
        with pytest.raises(StudyFileError, match=said):
            load_study(path)
    (tmp_path / "large.toml").write_text("# " + "x" * 2_000_000)
    with pytest.raises(StudyFileError, match="more than 1 MB"):
        load_study(tmp_path / "large.toml")


def test_a_manifest_by_its_windows_path(tmp_path: Path) -> None:
    text = STUDY.replace('"manifest.csv"', "'Q:\\trial\\manifest.csv'")
    found = check_study(load(tmp_path, text)).problems
    assert [("drive Q" in problem.what, "/mnt/q/" in problem.remedy) for problem in found] == [
        (True, True)
    ]


def test_a_study_from_python_is_checked_as_a_file_is() -> None:
    with pytest.raises(StudyFileError, match="not known"):
        Study("m.csv", "y", arms={"a": {"modality": ["MRI"]}})
