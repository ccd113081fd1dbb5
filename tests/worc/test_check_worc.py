"""A whole plain WORC experiment beside ours: the same features, and the same test patients.

``make check-worc`` runs this; it takes ten minutes and more, since fastr starts a process for
each step of each patient. Ten small patients of the public cohort, or synthetic ones. Times and
the largest difference are printed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.pipeline.pipeline import available_cores
from lungmet_worc.pipeline.study import Study
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc.storage import read_matrix
from tests.conftest import ROOT
from tests.synthetic import make_study, read_splits, write_cohort, write_rows, write_study

pytestmark = pytest.mark.check_worc

#: The smallest tumours of the public cohort with which five and five have the outcome.
N_PATIENTS = 10
ARM = "both"
ARMS = f"""
[arms.{ARM}]
modalities = ["MRI", "CT"]
clinical = ["age"]
"""
SEARCH = """
splits = 2
candidates = 4
inner_splits = 2
classifiers = ["LDA", "GaussianNB"]
ensemble = {method = "top_N", size = 2}
"""
Result = TypeVar("Result")

#: WORC's name of a modality and toolbox at the end of a feature's name.
SUFFIX = re.compile(r"_(?P<modality>[A-Za-z]+_\d+)_(predict|pyradiomics)$")


def _cohort(folder: Path) -> Path:
    data = Path(os.environ.get("LUNGMET_STS_DATA", ROOT.parent / "shared" / "data" / "sts"))
    if not (data / "nifti").is_dir():
        return write_cohort(folder, N_PATIENTS, shape=(10, 32, 32))
    clinical = pd.read_csv(data / "clinical.csv", dtype=str).set_index("patient_id")
    sizes = {
        path.name: (path / "MR_T1_image.nii.gz").stat().st_size
        for path in (data / "nifti").iterdir()
    }
    chosen: dict[str, list[str]] = {"0": [], "1": []}
    for name in sorted(sizes, key=sizes.__getitem__):
        outcome = clinical.loc[name, "lung_met"]
        if outcome in chosen and len(chosen[outcome]) < N_PATIENTS // 2:
            chosen[outcome].append(name)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "patient_id": name,
            "lung_met": outcome,
            "age": clinical.loc[name, "age"],
            **{
                f"{modality}_{kind}": data / "nifti" / name / f"{scan}_{kind}.nii.gz"
                for modality, scan in (("mri", "MR_T1"), ("ct", "CT"))
                for kind in ("image", "mask")
            },
        }
        for outcome, names in chosen.items()
        for name in names
    ]
    return write_rows(folder / "manifest.csv", rows)


def _our_name(name: str) -> str:
    """Return our name of a feature in WORC's matrix."""
    found = SUFFIX.search(name)
    assert found is not None, name
    plain = name[: found.start()]
    if "_semf_" in name:
        return f"{plain}_clinical"
    return f"{plain}_{ {'MRI_0': 'MRI', 'CT_0': 'CT'}[found['modality']] }"


def _timed(run: Callable[[], Result]) -> tuple[Result, str]:
    """Return what a function returns, and what it took of time and of all processes' time."""
    wall, spent = time.monotonic(), _processor_seconds()
    result = run()
    return result, (
        f"{time.monotonic() - wall:6.0f} s, {_processor_seconds() - spent:6.0f} s of processor time"
    )


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def test_plain_worc_gives_our_features_and_splits(worc: ModuleType, tmp_path: Path) -> None:
    settings = '[worc.General]\nFeatureCalculators = "[predict/CalcFeatures:1.0, '
    settings += 'pyradiomics/Pyradiomics:1.0]"'
    file = write_study(_cohort(tmp_path / "cohort"), arms=ARMS, search=SEARCH, more=settings)
    study, ours, plain = Study.from_toml(file), RunPaths(tmp_path / "ours"), tmp_path / "plain"
    cores = available_cores()
    _, our_time = _timed(lambda: study.run(ours.folder, cores=cores))
    export_worc(study.config, ARM, plain)
    command = [sys.executable, "run_worc.py", "--cores", str(cores)]
    done, plain_time = _timed(
        lambda: subprocess.run(command, cwd=plain, capture_output=True, text=True, check=False)
    )
    print(f"{cores} core(s)\nlungmet_worc {our_time}\nplain WORC   {plain_time}")  # noqa: T201
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    matrix = read_matrix(ours.matrix(ARM))
    patients = pd.read_csv(plain / "patients.csv", dtype=str)
    users = dict(zip(patients["worc_id"], patients["patient_id"], strict=True))
    estimator = pd.read_hdf(next((plain / "output").glob("*/estimator_*.hdf5")))["lung_met"]
    columns = [_our_name(name) for name in estimator["feature_labels"]]
    assert sorted(columns) == sorted(matrix.columns)
    splits = read_splits(ours.splits)
    assert len(estimator["patient_ID_test"]) == len(splits) == 2
    largest = 0.0
    for number, split in enumerate(splits):
        for part, expected in (("train", split.train), ("test", split.test)):
            ids = list(estimator[f"patient_ID_{part}"][number])
            assert ids == list(expected)
            theirs = np.asarray(estimator[f"X_{part}"][number], float)
            mine = matrix.loc[[users[name] for name in ids], columns].to_numpy()
            np.testing.assert_allclose(mine, theirs, rtol=1e-6)
            largest = max(
                largest, float(np.nanmax(np.abs(mine - theirs) / np.abs(theirs).clip(1e-12)))
            )
    print(f"{len(columns)} features, largest relative difference {largest:.1e}")  # noqa: T201


def test_a_workflow_that_cannot_be_fitted_costs_no_search(worc: ModuleType, tmp_path: Path) -> None:
    """Quadratic discriminant analysis of few patients ends WORC's evaluation (errata E39)."""
    search = 'splits = 2\ncandidates = 6\ninner_splits = 2\nclassifiers = ["QDA", "GaussianNB"]\n'
    search += 'ensemble = {method = "top_N", size = 6}'
    manifest, plain = write_cohort(tmp_path / "cohort", 12, ["MRI"]), tmp_path / "plain"
    export_worc(make_study(manifest, ["MRI"], search=search), "MRI_only", plain)
    command = [sys.executable, "run_worc.py", "--cores", str(available_cores())]
    done = subprocess.run(command, cwd=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (result,) = (plain / "output").glob("*/performance_all_0.json")
    assert "AUC 95%:" in json.loads(result.read_text("utf-8"))["Statistics"]
    print("WORC evaluated by", "the script" if "evaluate_worc.py does" in done.stdout else "itself")  # noqa: T201


def test_plain_worc_says_what_failed(worc: ModuleType, tmp_path: Path) -> None:
    """WORC itself ends normally (errata E3); the script that we write does not."""
    manifest = write_cohort(tmp_path / "cohort", 12, ["MRI"])
    plain = tmp_path / "plain"
    export_worc(make_study(manifest, ["MRI"], search="splits = 2"), "MRI_only", plain)
    # Two patients are enough, of whom one has an image that cannot be read.
    broken = tmp_path / "broken.nrrd"
    broken.write_text("no image", "utf-8")
    lines = (plain / "sources.csv").read_text("utf-8").splitlines()
    patient, modality, _, mask = lines[1].split(",")
    lines[1] = f"{patient},{modality},{broken},{mask}"
    (plain / "sources.csv").write_text("\n".join(lines[:3]), "utf-8")
    command = [sys.executable, "run_worc.py", "--cores", str(available_cores())]
    done = subprocess.run(command, cwd=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"convert_im_train_MRI_0___{patient}: sitk::ERROR" in done.stderr
    assert not (tmp_path / "home").exists()
