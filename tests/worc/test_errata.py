"""Defects of WORC 3.7.0 in set-up, patients, labels and results, and our answers.

Each test calls WORC's own code to show the defect; ``docs/worc_errata.md`` explains them.
``test_errata_search.py`` and ``test_errata_images.py`` have the others.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.basics.errors import StudyFileError, TaskFailedError
from lungmet_worc.pipeline import arm_matrix as arms
from lungmet_worc.pipeline.study import Study
from lungmet_worc.study import splits, worc_settings
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.ids import worc_ids
from lungmet_worc.worc.storage import read_features
from tests.synthetic import make_study, write_cohort
from tests.worc.small import OUTCOME, SmallData
from tests.worc.tools import modality_settings, tool

pytestmark = pytest.mark.worc


def _study(**tables: Any) -> Study:
    chosen = {"age": {"clinical": ["age"]}}
    return Study("manifest.csv", "lung_met", chosen, **tables)


def test_e1_modalities_share_one_configuration(
    worc: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple = worc.SimpleWORC("shared")
    simple._images_train = [{"P1": "mri"}, {"P1": "ct"}]
    simple._image_types = ["MRI", "CT"]
    simple._label_names = ["lung_met"]
    monkeypatch.setattr(worc.SimpleWORC, "_validate", lambda self: None)
    for step in ("build", "set", "execute"):
        monkeypatch.setattr(simple._worc, step, lambda **options: None)
    simple.execute()
    first, second = simple._worc.configs
    assert first is second
    assert first["ImageFeatures"]["image_type"] == "CT"
    study = make_study(write_cohort(tmp_path, 2, shape=(6, 8, 8)))
    mri, ct = (study.modality_settings(name) for name in ("MRI", "CT"))
    assert mri["ImageFeatures"] is not ct["ImageFeatures"]
    assert mri["ImageFeatures"]["image_type"] == "MRI"
    assert ct["ImageFeatures"]["image_type"] == "CT"


@pytest.mark.slow
def test_e3_a_network_whose_jobs_fail_returns_normally(
    worc: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fastr

    monkeypatch.chdir(tmp_path)
    network = fastr.create_network("fails")
    source = network.create_source("ITKImageFile", id="image")
    node = network.create_node("worc/WORCCastConvert:0.3.2", tool_version="0.1", id="convert")
    sink = network.create_sink("ITKImageFile", id="converted")
    node.inputs["image"] = source.output
    sink.input = node.outputs["image"]
    broken = tmp_path / "broken.nrrd"
    broken.write_text("no image", "utf-8")
    experiment = worc.WORC("fails")
    experiment.network, experiment.OnlyTest = network, True
    experiment.fastr_plugin, experiment.fastr_tmpdir = "LinearExecution", str(tmp_path / "tmp")
    output = tmp_path / "converted_{sample_id}{ext}"
    experiment.source_data = {"image": {"P1": broken.as_uri()}}
    experiment.sink_data = {"converted": output.as_uri().replace("%7B", "{").replace("%7D", "}")}
    experiment.execute()
    assert not list(tmp_path.glob("converted_*"))


@pytest.mark.slow
def test_e3_a_task_that_fails_says_which_and_why(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path / "study", 12, ["MRI"])
    study = make_study(
        manifest, ["MRI"], more="[worc.ImageFeatures]\nGLCM_levels = '1.5'\n"
        "texture_GLCM = true\n[run]\ncores = 1"
    )  # fmt: skip
    assert study.path is not None
    with pytest.raises(TaskFailedError, match="P12 MRI: ValueError: invalid literal") as failed:
        Study.from_toml(study.path).run(tmp_path / "run")
    assert failed.value.exit_code == 3
    # One cause, once, with everybody whom it concerns.
    assert len(failed.value.problems) == 1
    assert failed.value.problems[0].what.startswith("P1 MRI, P2 MRI, ")


def test_e4_a_path_with_dummy_in_it_is_taken_for_a_stand_in(
    worc: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lungmet_worc.worc.extraction import extract

    manifest = write_cohort(tmp_path / "Dummy_hospital", 1, ["MRI"])
    image, mask = (manifest.parent / f"images/P1_MRI_{kind}.nii.gz" for kind in ("image", "mask"))
    ini = tmp_path / "settings.ini"
    ini.write_text(worc_settings.to_ini(modality_settings("MR")), "utf-8")
    output = tmp_path / "worc.hdf5"
    script = tool("predict/bin/CalcFeatures_tool.py")
    arguments = ["--im", str(image), "--seg", str(mask), "--para", str(ini), "--out", str(output)]
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(script, run_name="__main__")
    assert pd.read_hdf(output)["feature_labels"] == []
    ours = tmp_path / "ours.hdf5"
    extract(
        image=str(image), segmentation=str(mask), label=None, settings=str(ini),
        accelerate=False, scratch=str(tmp_path / "scratch"), output=str(ours), stamp="stamp",
    )  # fmt: skip
    assert any(name.startswith("PREDICT_") for name in read_features(ours))


def test_e5_clinical_features_are_off(worc: ModuleType, tmp_path: Path) -> None:
    from WORC.featureprocessing.SelectGroups import SelectGroups

    assert worc.WORC().defaultconfig()["SelectFeatGroup"]["semantic_features"] == "False"
    groups = {key.lower(): "True" for key in worc_settings.default_settings()["SelectFeatGroup"]}
    selection = SelectGroups({**groups, "semantic_features": "False"}, "All")
    selection.fit(["PREDICT_original_semf_age_MRI", "PREDICT_original_hf_min_MRI"])
    assert selection.selectrows == [1]
    chosen = arms.arm_overrides(_study().config, ArmConfig(clinical=("age",)))
    assert chosen["SelectFeatGroup"]["semantic_features"] == "True"


def test_e5_patients_are_found_by_part_of_a_path(worc: ModuleType, small: SmallData) -> None:
    from PREDICT.imagefeatures.semantic_features import get_semantic_features
    from WORC.processing.label_processing import findlabeldata

    # Clinical data: the last match wins, without a word.
    data = {"Patient": ["P10", "P1"], "age": [70, 30]}
    assert get_semantic_features(data, "/tmp/P10/features_0.hdf5") == ([30], ["semf_age"])
    # Outcomes: two matches are an error, wherever in the path they are.
    labels = small.folder / "matching.csv"
    for ids, path in ((("P1", "P10"), "/tmp/P10/f.hdf5"), (("tmp", "P10"), "/tmp/P10/f.hdf5")):
        labels.write_text(f"Patient,{OUTCOME}\n{ids[0]},1\n{ids[1]},0\n", "utf-8")
        with pytest.raises(ValueError, match="Multiple matches"):
            findlabeldata(str(labels), [OUTCOME], filenames=[path])
    labels.write_text(f"Patient,{OUTCOME}\n1,1\n2,0\n", "utf-8")
    with pytest.raises(AttributeError):
        findlabeldata(str(labels), [OUTCOME], filenames=["/tmp/1/f.hdf5"])
    for unsafe in (["P1", "P10"], ["1", "2"]):
        names = worc_ids(unsafe)
        labels.write_text(
            "\n".join([f"Patient,{OUTCOME}", *(f"{name},1" for name in names.values())]), "utf-8"
        )
        for name in names.values():
            found, _ = findlabeldata(str(labels), [OUTCOME], filenames=[f"/tmp/{name}/f.hdf5"])
            assert found["patient_IDs"].tolist() == [name]


def test_e6_class_balance_is_looked_at_for_names_of_one_letter_only(
    worc: ModuleType, small: SmallData
) -> None:
    """Ours: ``test_fingerprint.py``."""
    from WORC.tools.fingerprinting import Fingerprinter

    decided = []
    for name in ("y", "lung_met"):
        labels = small.folder / "balance.csv"
        rows = [f"P{number},{number % 2}" for number in range(4)]
        labels.write_text("\n".join([f"Patient,{name}", *rows]) + "\n", "utf-8")
        fingerprinter = Fingerprinter()
        fingerprinter.type = "classification"
        fingerprinter.labels = str(labels)
        fingerprinter.images = [f"P{number}" for number in range(4)]
        settings = {"Labels": {"label_names": name}, "Resampling": {"Use": "0.20"}}
        ini = small.folder / "balance.ini"
        ini.write_text(worc_settings.to_ini(settings), "utf-8")
        fingerprinter.configuration = str(ini)
        decided.append(fingerprinter.execute()["Resampling"]["Use"])
    assert decided == ["0.00", "0.20"]


def test_e7_intervals_leave_their_range_and_collapse(worc: ModuleType) -> None:
    from WORC.statistics.compute_CI import compute_confidence

    values = [0.2, 1.0, 0.9]
    low, high = compute_confidence(values, 20, 5)
    assert low < 0
    assert high > 1
    assert compute_confidence([0.7], 20, 5) == (0.7, 0.7)
    ours = corrected_resampled_interval(values, 20, 5)
    assert (ours.low, ours.high) == (0, 1)
    single = corrected_resampled_interval([0.7], 20, 5)
    assert np.isnan([single.low, single.high]).all()
    # A split without a value is dropped, and nothing says so; ours counts.
    assert compute_confidence([*values, np.nan], 20, 5) == (low, high)
    assert corrected_resampled_interval([*values, np.nan], 20, 5).n_splits == 3


def test_e8_every_run_draws_other_splits(
    worc: ModuleType, small: SmallData, monkeypatch: pytest.MonkeyPatch
) -> None:
    from WORC.classification import crossval

    assert worc_settings.default_settings()["CrossValidation"]["fixed_seed"] == "False"
    monkeypatch.setattr(crossval, "random_search_parameters", lambda **options: None)
    config = small.config("splits")
    patients = list(small.outcomes)
    _, y = small.rows(patients)

    def draw(*, fixed_seed: bool) -> list[list[str]]:
        found = crossval.random_split_cross_validation(
            [([0.0], ["f"]) for _ in patients], ["f"], y, np.asarray(patients), 3,
            {"classifiers": ["SVM"]}, config, "singlelabel", 0.2, fixed_seed=fixed_seed,
        )  # fmt: skip
        return [sorted(split[6]) for split in found]

    assert draw(fixed_seed=False) != draw(fixed_seed=False)
    ours = splits.make_splits(
        patients, list(small.outcomes.values()), n_splits=3, test_size=0.2, seed=0
    )
    assert [sorted(split.test) for split in ours] == draw(fixed_seed=True)


def test_e10_plots_want_more_candidates_than_there_are(small: SmallData) -> None:
    from WORC.plotting.plot_barchart import plot_barchart
    from WORC.plotting.plot_hyperparameters import plot_hyperparameters

    prediction = str(small.search("plotted"))
    with pytest.raises(IndexError):
        plot_barchart(prediction, estimators=50)
    with pytest.raises(IndexError):
        plot_hyperparameters(prediction, estsize=50, verbose=False)
    # The size of a preset's ensemble follows the number of candidates.
    search = _study(search={"preset": "full", "candidates": 20}).config.search
    assert search.ensemble.size == 20


def test_e12_labels_must_be_numbers(worc: ModuleType, tmp_path: Path) -> None:
    from WORC.processing.label_processing import load_labels

    hospitals, text = tmp_path / "hospitals.csv", tmp_path / "labels.txt"
    hospitals.write_text("Patient,lung_met,Hospital\nP1,1,Rotterdam\nP2,0,Leiden\n", "utf-8")
    text.write_text("Patient lung_met\nP1 1\nP2 0\n", "utf-8")
    with pytest.raises(ValueError, match="Rotterdam"):
        load_labels(str(hospitals), ["lung_met"])
    with pytest.raises(AttributeError, match="str"):
        load_labels(str(text), ["lung_met"])
    arms.write_labels(tmp_path / "ours.csv", "lung_met", {"P1": 1, "P2": 0})
    loaded = load_labels(str(tmp_path / "ours.csv"), ["lung_met"])
    assert loaded["label"][0].ravel().tolist() == [1, 0]


def test_e13_combat_is_fitted_before_the_split(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In WORC's network one ComBat job has all patients, before the job that splits them."""
    import fastr

    network = MagicMock()
    for kind in ("create_node", "create_source", "create_sink", "create_constant"):
        getattr(network, kind).side_effect = lambda *args, **options: MagicMock(name=options["id"])
    monkeypatch.setattr(fastr, "create_network", lambda name: network)
    experiment = worc.WORC("combat")
    config = experiment.defaultconfig()
    config["ImageFeatures"]["image_type"] = "MR"
    config["General"]["ComBat"] = "True"
    experiment.configs, experiment.labels_train = [config], "labels.csv"
    experiment.images_train, experiment.segmentations_train = [{"P1": "i"}], [{"P1": "m"}]
    experiment.build()
    harmonised = experiment.ComBat.outputs["features_train_out"]
    searched = experiment.classify.inputs["features_train"]
    assert (harmonised, searched) in [call.args for call in network.create_link.call_args_list]
    assert experiment.links_C1_train["MR_0"] == []
    # The one way to ask for it is per modality, and the report says it: tests/worc/test_combat.py.
    with pytest.raises(StudyFileError, match="E13"):
        _study(worc={"General": {"ComBat": "True"}})


def test_e14_importing_worc_writes_into_the_home_folder(tmp_path: Path) -> None:
    """In a process of its own; what ours does: tests/tasks/engines/test_local_engine.py."""
    code = "import sys; sys.modules['git'] = None; import WORC"
    own = {**os.environ, "HOME": str(tmp_path), "FASTRHOME": str(tmp_path / "fastr")}
    subprocess.run([sys.executable, "-c", code], env=own, check=True, capture_output=True)
    assert (tmp_path / ".fastr" / "config.d" / "WORC_config.py").is_file()


def test_e15_the_search_without_fastr_is_gone(small: SmallData) -> None:
    from WORC.classification.parameter_optimization import random_search_parameters

    from lungmet_worc.worc.random_search import parameter_grid

    grid = parameter_grid(small.config("joblib"))
    with pytest.raises(ValueError, match="was removed from WORC"):
        random_search_parameters([], [], 2, 0.2, grid, "f1_weighted", use_fastr=False)
    assert small.search("in_process").is_file()


def test_e20_fastr_cannot_be_imported_in_a_repository_without_commits(
    worc: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fastr.version

    source = Path(fastr.version.__file__)
    copied = tmp_path / "fastr" / "version.py"
    copied.parent.mkdir()
    copied.write_text(source.read_text("utf-8"), "utf-8")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def load() -> None:
        spec = importlib.util.spec_from_file_location("fastr_version", copied)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))

    # lungmet_worc hides GitPython from fastr, see worc/environment.py.
    monkeypatch.setitem(sys.modules, "git", None)
    load()
    monkeypatch.delitem(sys.modules, "git")
    with pytest.raises(ValueError, match="does not exist"):
        load()
