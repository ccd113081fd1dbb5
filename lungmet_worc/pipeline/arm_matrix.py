"""What an arm hands to the search: outcomes, clinical features and the feature matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.study import clinical, worc_settings
from lungmet_worc.study.config import ArmConfig, ClinicalConfig, StudyConfig
from lungmet_worc.study.feature_groups import VOLUME_FEATURES, in_groups, needed_switches
from lungmet_worc.study.manifest import Patient
from lungmet_worc.worc.storage import read_features, read_matrix

#: Start of a clinical feature's name: WORC knows the group by ``semf_``.
CLINICAL_PREFIX = "PREDICT_original_semf_"

#: No modality of the arm is harmonised.
_NONE: Mapping[str, Path] = MappingProxyType({})


def arm_matrix(
    arm: ArmConfig,
    patients: Sequence[Patient],
    files: Mapping[tuple[str, str], Path],
    clinical_config: Mapping[str, ClinicalConfig] = MappingProxyType({}),
    harmonised: Mapping[str, Path] = _NONE,
) -> pd.DataFrame:
    """Put the features of an arm's modalities side by side.

    A feature's name is WORC's, the name of the modality behind it, as in WORC's
    ``load_data``; columns are sorted by name and missing features are NaN, as there.

    Parameters
    ----------
    arm : ArmConfig
        Modalities, clinical columns and kind of features.
    patients : sequence of Patient
        The arm's patients.
    files : mapping of (patient id, modality) to Path
        Feature files; a pair that is not there has no image.
    clinical_config : mapping of str to ClinicalConfig
        What the study file says of clinical columns.
    harmonised : mapping of str to Path, optional
        Modality -> matrix of its features after ComBat, used in place of the files.

    Returns
    -------
    DataFrame, shape (n_patients, n_features)
        Index: patient ids.

    Raises
    ------
    ResultsError
        The arm asks for the volume only, and no feature is a volume; or for a group, and a
        modality has no feature of it.
    """
    rows: dict[str, dict[str, float]] = {}
    features: dict[str, set[str]] = {modality: set() for modality in arm.modalities}
    matrices = {
        name: read_matrix(harmonised[name]) for name in arm.modalities if name in harmonised
    }
    for patient in patients:
        row = rows.setdefault(patient.patient_id, {})
        for modality in arm.modalities:
            path = files.get((patient.patient_id, modality))
            if path is not None:
                matrix = matrices.get(modality)
                values = (
                    read_features(path) if matrix is None else dict(matrix.loc[patient.patient_id])
                )
                features[modality].update(values)
                row.update({f"{name}_{modality}": value for name, value in values.items()})
    if arm.features == "volume":
        features = {name: {_volume_of(name, found)} for name, found in features.items()}
    elif arm.feature_groups:
        features = {
            name: _of_groups(name, found, arm.feature_groups) for name, found in features.items()
        }
    names = sorted(f"{name}_{modality}" for modality, found in features.items() for name in found)
    combined = pd.DataFrame(
        [[row.get(name, math.nan) for name in names] for row in rows.values()],
        index=list(rows),
        columns=names,
        dtype=float,
    )
    if arm.clinical:
        encoded = clinical.encode(patients, arm.clinical, clinical_config)
        encoded.columns = [_clinical_name(name) for name in encoded.columns]
        combined = pd.concat([combined, encoded], axis=1)
    return combined[sorted(combined.columns)]


def _volume_of(modality: str, features: set[str]) -> str:
    """Return the feature that is the tumour's volume."""
    for start in VOLUME_FEATURES:
        for name in sorted(features):
            if name.startswith(start):
                return name
    message = Sentence(
        "No feature of {modality} is a tumour volume. Leave shape features on in "
        "[worc.ImageFeatures] or [worc.PyRadiomics].",
        modality=modality,
    )
    raise ResultsError(message)


def _of_groups(modality: str, features: set[str], groups: Sequence[str]) -> set[str]:
    """Return the features of a modality that are of some groups."""
    for group in groups:
        if not any(in_groups(name, (group,)) for name in features):
            message = Sentence(
                'No feature of {modality} is of the group "{group}". Take it out of features of '
                "the arm, or switch such features on in [worc.ImageFeatures] or "
                "[worc.PyRadiomics].",
                modality=modality,
                group=group,
            )
            raise ResultsError(message)
    return {name for name in features if in_groups(name, groups)}


def _clinical_name(column: str) -> str:
    """Return the feature's name: WORC drops one with a filter's name in it (errata E38)."""
    for filtered in ("_original", "_wavelet", "_log"):
        column = column.replace(filtered, filtered.replace("_", "-"))
    return f"{CLINICAL_PREFIX}{column}_clinical"


def arm_overrides(study: StudyConfig, arm: ArmConfig) -> dict[str, dict[str, str]]:
    """Return the WORC settings that an arm needs, which no fingerprint may undo.

    Clinical features are off in WORC unless their group is on (errata E5), and a volume, or a
    single group of features, is lost in half of the candidates unless its group is (E9).
    """
    groups: dict[str, str] = {}
    if arm.clinical:
        groups["semantic_features"] = "True"
    if arm.features == "volume":
        groups["shape_features"] = "True"
    elif arm.feature_groups:
        settings = [study.modality_settings(modality) for modality in arm.modalities]
        groups |= dict.fromkeys(needed_switches(arm.feature_groups, settings), "True")
    preset = worc_settings.PRESETS[study.search.preset][1]
    return worc_settings.merge(preset, study.worc, {"SelectFeatGroup": groups})


def write_labels(path: Path, outcome: str, outcomes: Mapping[str, int]) -> None:
    """Write outcomes in WORC's label format: a column ``Patient``, then the outcome, 0 or 1."""
    _write(path, pd.DataFrame({outcome: outcomes}))


def write_semantics(path: Path, encoded: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Write clinical features in WORC's semantics format, all of them numbers."""
    _write(path, encoded.astype(float).rename(index=dict(names)))


def _write(path: Path, frame: pd.DataFrame) -> None:
    write_text(path, frame.to_csv(index_label="Patient", lineterminator="\n"))
