"""Each feature alone: how it goes with the outcome, and with the volume of the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.features.statistics import univariate_table
from lungmet_worc.analyses.results import ArmPredictions, StudyResults, Tables, tested_outcomes
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table
from lungmet_worc.study.feature_groups import VOLUME_FEATURES, feature_group, feature_modality


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"features": features_table(results.arms, results.matrices, results.modalities)}


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
    matrix = all_features(matrices)
    outcomes = tested_outcomes(arms)
    matrix = matrix.loc[[patient for patient in matrix.index if patient in outcomes]]
    if matrix.empty:
        return FEATURES.frame()
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
    return FEATURES.frame(found[list(FEATURES.columns)].to_numpy(object).tolist())


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


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, without the counts where they are the same in all rows."""
    counts = ["n_patients", "n_events"]
    same = len(frame[counts].drop_duplicates()) == 1
    return FEATURES.rows(frame.drop(columns=counts) if same else frame, say)


def _feature_name(say: Language, text: str) -> str:
    """Return a clinical column by its own name, any other feature by WORC's."""
    return text.removeprefix("PREDICT_original_semf_")


FEATURES = Table(
    "features",
    "Features",
    "Each feature alone, on all tested patients together: a description, not a test of "
    "prediction in new patients",
    (
        *("modality", Column("feature", later("Feature"), "text", said=_feature_name), "group"),
        *("auc", "p_value", Column("p_holm", later("p, adjusted (Holm)"))),
        Column("p_fdr", later("p, false discovery rate")),
        Column("volume_correlation", later("Correlation with volume")),
        *("n_patients", "n_events"),
    ),
    _form,
    notes=(
        "Mann-Whitney U test, adjusted over all features by Holm's method and for the false "
        "discovery rate (Benjamini and Hochberg 1995). An AUC below 0.5 means lower values "
        "with the outcome. Correlation with the tumour volume in the same modality "
        "(Spearman).",
    ),
    shown=50,
)
TABLES = (FEATURES,)
