"""No information, no performance: permuted outcomes through search, ensemble and tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.performance.table import performance_table
from lungmet_worc.analyses.read_results import split_prediction
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import make_splits
from lungmet_worc.study.study_file import study_from_tables
from lungmet_worc.worc.search import search_split
from lungmet_worc.worc.storage import read_result, write_matrix

pytestmark = [pytest.mark.worc, pytest.mark.slow]

N_PATIENTS = 80


def study(folder: Path) -> StudyConfig:
    return study_from_tables(
        {
            "study": {"name": "permuted", "outcome": "y"},
            "cohort": {"manifest": "m.csv"},
            "arms": {"arm": {"clinical": ["a"]}},
            "search": {
                "preset": "smoke",
                "splits": 10,
                "candidates": 8,
                "inner_splits": 2,
                "classifiers": ["LDA", "GaussianNB", "LR"],
                "ensemble": {"size": 3},
            },
        },
        folder=folder,
    )


def interval(folder: Path, outcomes: dict[str, int], matrix: pd.DataFrame) -> pd.Series:
    """Return the AUC row of a search over the patients."""
    config = study(folder)
    write_matrix(folder / "m.hdf5", matrix, stamp="s")
    (folder / "worc.ini").write_text(worc_settings.to_ini(config.worc_settings()))
    splits = make_splits(
        list(outcomes), list(outcomes.values()), n_splits=10, test_size=0.2, seed=0
    )
    predictions = []
    for split in splits:
        output = folder / f"{split.index}.hdf5"
        search_split(
            features=str(folder / "m.hdf5"),
            modalities=["MRI"],
            outcomes=outcomes,
            train=split.train,
            test=split.test,
            settings=str(folder / "worc.ini"),
            outcome_name="y",
            seed=split.index,
            aligned=True,
            accelerate=False,
            output=str(output),
            stamp="s",
        )
        predictions.append(split_prediction(split.index, read_result(output)))
    table = performance_table([ArmPredictions("arm", tuple(predictions))])
    return table.set_index("metric").loc["auc"]


def test_a_signal_is_found_and_its_permutation_is_not(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    names = [f"P{number:03d}" for number in range(N_PATIENTS)]
    y = np.arange(N_PATIENTS) % 2
    values = random.normal(size=(N_PATIENTS, 20))
    values[:, :4] += 1.0 * y[:, None]
    groups = ("hf", "sf", "tf_GLCM", "tf_LBP")
    columns = [f"PREDICT_original_{groups[i % 4]}_f{i:02d}_MRI" for i in range(20)]
    matrix = pd.DataFrame(values, index=names, columns=columns)
    true = interval(tmp_path, dict(zip(names, y.tolist(), strict=True)), matrix)
    assert true["ci_low"] > 0.5
    permuted = random.permutation(y).tolist()
    chance = interval(tmp_path, dict(zip(names, permuted, strict=True)), matrix)
    assert chance["ci_low"] < 0.5 < chance["ci_high"]
