"""A study whose features ComBat harmonises, from the check to the report."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lungmet_worc import Run, Study
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc.storage import read_features, read_matrix
from tests.synthetic import change_cell, read_rows, write_cohort, write_rows, write_study

pytest.importorskip("neuroCombat", reason="needs neuroCombat, which WORC does not install")
pytestmark = [pytest.mark.worc, pytest.mark.slow]

SEARCH = """
splits = 2
candidates = 6
inner_splits = 2
ensemble = {method = "top_N", size = 2}
classifiers = ["GaussianNB"]
"""
ARMS = """
[arms.both]
modalities = ["MRI", "CT"]
clinical = ["age"]
[arms.CT]
modalities = ["CT"]
"""
COMBAT = '[modalities.MRI.combat]\nbatch = "scanner, room"\ncovariates = ["sex"]\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest = write_cohort(tmp_path_factory.mktemp("study"), 16)
    rows = [
        {**row, "scanner, room": ("GE=1", 'É "2"')[i // 2 % 2], "sex": "MF"[i // 3 % 2]}
        for i, row in enumerate(read_rows(manifest))
    ]
    write_rows(manifest, rows)
    return write_study(manifest, arms=ARMS, search=SEARCH, more=COMBAT)


@pytest.fixture(scope="module")
def run(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Study.from_toml(study).run(tmp_path_factory.mktemp("run"), cores=2)


def test_only_the_modality_that_is_named_is_harmonised(run: Run) -> None:
    matrix, harmonised = (
        read_matrix(run.paths.matrix("both")), read_matrix(run.paths.harmonised("MRI")),
    )  # fmt: skip
    assert list(harmonised.index) == [f"P{number}" for number in range(1, 17)]
    for patient in ("P1", "P10"):
        mri, ct = (read_features(run.paths.features(name, patient)) for name in ("MRI", "CT"))
        of_matrix = matrix.loc[patient]
        np.testing.assert_array_equal(of_matrix[[f"{name}_CT" for name in ct]], list(ct.values()))
        np.testing.assert_array_equal(
            of_matrix[[f"{name}_MRI" for name in mri]], harmonised.loc[patient, list(mri)]
        )
        mean = "PREDICT_original_hf_mean"
        assert not np.isclose(harmonised.loc[patient, mean], mri[mean])
        volume = next(name for name in mri if "sf_volume" in name)
        assert harmonised.loc[patient, volume] == mri[volume]
    assert not run.paths.harmonised("CT").exists()


def test_the_report_and_the_digest_say_the_leakage(run: Run) -> None:
    assert "E13" in run.paths.report.read_text("utf-8")
    assert "before they are split" in run.paths.report.read_text("utf-8")
    assert "E13" in run.paths.run_json.read_text("utf-8")


def test_a_second_run_has_nothing_to_do(run: Run, study: Path) -> None:
    stages = plan_summary(Study.from_toml(study).config, run.paths, cores=1).stages
    assert all(stage.missing + stage.stale == 0 for stage in stages)
    assert [stage.fresh for stage in stages if stage.stage == "harmonisation"] == [1]


def test_another_batch_is_another_harmonisation(run: Run, study: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(study.parent, tmp_path / "study")
    change_cell(copied / "manifest.csv", "P3", "scanner, room", "GE=1")
    paths = RunPaths(shutil.copytree(run.paths.folder, tmp_path / "run"))
    summary = plan_summary(Study.from_toml(copied / "study.toml").config, paths, cores=1)
    stale = {stage.stage: stage.stale for stage in summary.stages}
    assert (stale["extraction"], stale["harmonisation"], stale["search"]) == (0, 1, 2)
    causes = {each.cause.sentence for each in summary.stale if each.stage != "evaluation"}
    assert causes == {"the ComBat batch of P3 (MRI) changed"}
