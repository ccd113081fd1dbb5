"""Each feature alone: how it goes with the outcome, and with the volume of the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from lungmet_worc.arms import VOLUME_FEATURES
from lungmet_worc.collect import ArmPredictions, tested_outcomes
from lungmet_worc.feature_groups import feature_group, feature_modality
from lungmet_worc.statistics.comparison import holm
from lungmet_worc.statistics.univariate import univariate_table
from lungmet_worc.tables.schema import TABLES


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
    modality_of = {name: feature_modality(name, modalities) for name in matrix.columns}
    frames = []
    for modality in dict.fromkeys(modality_of.values()):
        of_modality = matrix[[name for name in matrix.columns if modality_of[name] == modality]]
        of_modality.columns = pd.Index(
            [str(name).removesuffix(f"_{modality}") for name in of_modality.columns]
        )
        found = univariate_table(of_modality, outcome, _volume(of_modality))
        groups = [feature_group(name) for name in found["feature"]]
        frames.append(found.assign(modality=modality, group=groups))
    frame = pd.concat(frames, ignore_index=True)
    # Adjusted over the features of all modalities, not within one.
    p_values = frame["p_value"].to_numpy(float)
    frame["p_holm"] = holm(p_values)
    frame["p_fdr"] = _false_discovery_rate(p_values)
    frame = frame.sort_values(["p_value", "modality", "feature"], ignore_index=True)
    return table.frame(frame[list(table.columns)].to_numpy(object).tolist())


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


def _volume(matrix: pd.DataFrame) -> pd.Series | None:
    """Return the volume of the tumour among the features of a modality, if it is there."""
    for start in VOLUME_FEATURES:
        for name in sorted(matrix.columns):
            if name.startswith(start):
                return matrix[name]
    return None


def _false_discovery_rate(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for the false discovery rate (Benjamini and Hochberg 1995)."""
    adjusted = np.full(p_values.shape, np.nan)
    defined = ~np.isnan(p_values)
    if defined.any():
        adjusted[defined] = stats.false_discovery_control(p_values[defined])
    return adjusted
