"""Small data for WORC's search: 30 patients, 40 features of which four carry the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.study import worc_settings
from lungmet_worc.worc.random_search import load_settings
from lungmet_worc.worc.search import search_split
from lungmet_worc.worc.storage import write_matrix

OUTCOME = "lung_met"
GROUPS = (
    "PREDICT_original_hf",
    "PREDICT_original_sf",
    "PREDICT_original_tf_GLCM",
    "PREDICT_tf_LBP",
)

#: A search of seconds in which every step of a workflow comes up often.
QUICK = {
    "HyperOptimization": {"N_iterations": "12", "n_splits": "2"},
    "CrossValidation": {"N_iterations": "2"},
    "Classification": {"classifiers": "SVM, RF, LR, LDA, GaussianNB"},
    "Ensemble": {"Method": "top_N", "Size": "3"},
    "Featsel": {"ReliefUse": "0.5", "StatisticalTestUse": "0.5"},
    "ImageFeatures": {"image_type": "MR"},
    "Labels": {"label_names": OUTCOME},
}


@dataclass(frozen=True)
class SmallData:
    """A feature matrix with outcomes, and where its files are."""

    folder: Path
    matrix: pd.DataFrame
    outcomes: dict[str, int]

    @property
    def labels(self) -> list[str]:
        return list(self.matrix.columns)

    def rows(self, patients: list[str]) -> tuple[list[list[float]], np.ndarray]:
        """Return features and outcomes of patients as WORC takes them."""
        values = self.matrix.loc[patients].to_numpy().tolist()
        return values, np.asarray([self.outcomes[name] for name in patients], float)

    def settings(self, name: str, **changes: dict[str, str]) -> Path:
        """Write an ini file of the quick search with changes."""
        merged = worc_settings.merge(
            worc_settings.default_settings(), worc_settings.COARSE, QUICK, changes
        )
        path = self.folder / f"{name}.ini"
        path.write_text(worc_settings.to_ini(merged), "utf-8")
        return path

    def config(self, name: str = "quick", **changes: dict[str, str]) -> dict[str, Any]:
        """Return WORC's parsed configuration of the quick search with changes."""
        return load_settings(str(self.settings(name, **changes)))

    def split(self, number: int = 0) -> tuple[list[str], list[str]]:
        """Return training and test patients of a split: 24 and 6, stratified."""
        random = np.random.default_rng(number)
        groups = [[p for p, y in self.outcomes.items() if y == level] for level in (0, 1)]
        test = {str(name) for group in groups for name in random.choice(group, 3, replace=False)}
        return [p for p in self.outcomes if p not in test], [p for p in self.outcomes if p in test]

    def search(self, name: str, number: int = 0, *, seed: int = 5, **changes: Any) -> Path:
        """Search one split and return its file."""
        train, test = self.split(number)
        output = self.folder / f"{name}_{number}.hdf5"
        search_split(
            features=str(self.folder / "features.hdf5"),
            modalities=["MRI"],
            outcomes=self.outcomes,
            train=train,
            test=test,
            settings=str(self.settings(name, **changes)),
            outcome_name=OUTCOME,
            seed=seed + number,
            aligned=True,
            accelerate=False,
            output=str(output),
            stamp="stamp",
        )
        return output

    def write_labels(self, names: dict[str, str] | None = None) -> Path:
        """Write the outcomes in WORC's label format, under other names if given."""
        path = self.folder / "labels.csv"
        shown = names or {name: name for name in self.outcomes}
        rows = [f"Patient,{OUTCOME}", *(f"{shown[p]},{y}" for p, y in self.outcomes.items())]
        path.write_text("\n".join(rows) + "\n", "utf-8")
        return path


def write_small_data(folder: Path, n_patients: int = 30, n_features: int = 40) -> SmallData:
    """Write the feature matrix and return it with the outcomes."""
    random = np.random.default_rng(3)
    patients = [f"P{number:02d}" for number in range(n_patients)]
    # 13 of 30 have the outcome, in no order.
    events = set(random.choice(patients, 13, replace=False))
    outcomes = {name: int(name in events) for name in patients}
    names = [f"{GROUPS[n % len(GROUPS)]}_f{n:02d}_MRI" for n in range(n_features)]
    values = random.normal(size=(n_patients, n_features))
    values[:, :4] += 1.5 * np.asarray(list(outcomes.values()))[:, None]
    values[random.random(values.shape) < 0.01] = np.nan
    matrix = pd.DataFrame(values, index=patients, columns=names)
    write_matrix(folder / "features.hdf5", matrix, stamp="features")
    return SmallData(folder, matrix, outcomes)
