"""Each feature alone: how it goes with the outcome, and with the volume of the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.features.statistics import univariate_table
from lungmet_worc.analyses.results import ArmPredictions, tested_outcomes
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.pipeline.arm_matrix import VOLUME_FEATURES
from lungmet_worc.study.feature_groups import feature_group, feature_modality


def features_table(
    arms: Sequence[ArmPredictions],
    matrices: Mapping[str, pd.DataFrame],
    modalities: tuple[str, ...],
) -> pd.DataFrame:
    """Describe every feature of all arms once, on all patients that were tested.

    This is a description of the cohort: nothing is held back, so a small p-value does not mean
    that the feature predicts the outcome of other patients.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Give the outcomes.
    matrices : mapping of str to DataFrame
        Arm -> features, shape (n_patients, n_features), by patient id; a name ends in its
        modality.
    modalities : tuple of str
        Modalities of the study.

    Returns
    -------
    DataFrame
        Columns of the table ``features``, the smallest p-value first, adjusted over all
        features. ``feature`` is WORC's name, without the modality behind it.
    """
    table = TABLES["features"]
    matrix = all_features(matrices)
    outcomes = tested_outcomes(arms)
    matrix = matrix.loc[[patient for patient in matrix.index if patient in outcomes]]
    if matrix.empty:
        return table.frame()
    outcome = np.asarray([outcomes[patient] for patient in matrix.index], int)
    modality_of = {name: feature_modality(name, modalities) for name in map(str, matrix.columns)}
    volumes = {modality: _volume(matrix, modality_of, modality) for modality in modalities}
    volume_of = {
        name: matrix[volumes[modality]]
        for name, modality in modality_of.items()
        if volumes.get(modality)
    }
    found = univariate_table(matrix, outcome, volume_of)
    found["modality"] = found["feature"].map(modality_of)
    found["group"] = found["feature"].map(feature_group)
    found["feature"] = [
        feature.removesuffix(f"_{modality}")
        for feature, modality in zip(found["feature"], found["modality"], strict=True)
    ]
    return table.frame(found[list(table.columns)].to_numpy(object).tolist())


def all_features(matrices: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every feature of all arms once, for every patient of any arm.

    Parameters
    ----------
    matrices : mapping of str to DataFrame
        Arm -> features, shape (n_patients, n_features), by patient id.
    """
    matrix = pd.DataFrame()
    for of_arm in matrices.values():
        # Arms of one study have the same values, but not always the same patients.
        new = [name for name in of_arm.columns if name not in matrix.columns]
        late = [patient for patient in of_arm.index if patient not in matrix.index]
        if late:
            known = [name for name in of_arm.columns if name in matrix.columns]
            matrix = pd.concat([matrix, of_arm.loc[late, known]])
        matrix = pd.concat([matrix, of_arm[new]], axis=1)
    return matrix


def _volume(matrix: pd.DataFrame, modality_of: Mapping[str, str], modality: str) -> str | None:
    """Return the feature that is the volume of the tumour in a modality, if it is there."""
    of_modality = sorted(name for name in matrix.columns if modality_of[name] == modality)
    for start in VOLUME_FEATURES:
        for name in of_modality:
            if name.startswith(start):
                return str(name)
    return None
