"""Harmonisation of a modality's features by WORC's own ComBat, in process.

WORC's function is called as its tool calls it, on one feature file per patient with the features of
all toolboxes: WORC's network hands it a file per toolbox, which it takes for a patient each (errata
E45). All patients are harmonised together, before they are split, as in WORC (errata E13).
"""

from __future__ import annotations

import contextlib
import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lungmet_worc.basics.disk import blaming_a_full_disk
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.worc.environment import quiet
from lungmet_worc.worc.storage import read_features, write_matrix

_BATCH = "batch"
#: WORC puts this behind every name when it is given a plain list of files.
_MODALITY = "_Mod0"


def harmonise(
    *,
    features: Mapping[str, str],
    batches: Mapping[str, str],
    covariates: Mapping[str, Mapping[str, str]],
    settings: Mapping[str, str],
    mended: bool,
    seed: int,
    scratch: str,
    output: str,
    stamp: str,
) -> None:
    """Write the harmonised features of all patients of a modality.

    Parameters
    ----------
    features : mapping of str to str
        Patient -> feature file.
    batches : mapping of str to str
        Patient -> batch, any text.
    covariates : mapping of str to mapping
        Covariate -> patient -> value, any text; WORC takes each value as a category.
    settings : mapping of str to str
        What WORC's section ComBat says of par, eb, per_feature and excluded_features.
    mended : bool
        Harmonise every feature that is not constant. Otherwise features whose variance is below
        0.0099 in their own units are dropped, as in WORC 3.7.0 (errata E46).
    seed : int
        Of the noise that WORC adds where it harmonises feature by feature.
    scratch : str
        Folder for intermediate files, which are deleted.
    output : str
        The matrix to write: patients in rows, features in columns.
    stamp : str
        Content hash of everything that the values depend on.

    Raises
    ------
    ValueError
        No feature can be harmonised, or ComBat gives something that is no number.
    """
    matrix = pd.DataFrame(
        {patient: read_features(Path(path)) for patient, path in features.items()}
    ).T.sort_index(axis=1)
    # WORC fails where a feature has no value at all.
    kept = matrix.columns[matrix.isna().all()]
    excluded = [part.strip() for part in settings["excluded_features"].split(",")]
    harmonised = [
        name
        for name in matrix.columns.difference(kept)
        if not any(part in name + _MODALITY for part in excluded)
    ]
    if not harmonised:
        message = "ComBat harmonises none of these features: excluded_features names them all."
        raise ValueError(message)
    unit = pd.Series(1.0, index=matrix.columns)
    if mended:
        # ComBat standardises each feature itself, so that units make no difference to it but for
        # WORC's threshold in front of it.
        unit[harmonised] = _spread(matrix[harmonised])
        kept = kept.union(unit.index[unit == 0])
    labels = {_BATCH: _codes(batches)}
    for number, values in enumerate(covariates.values()):
        labels[f"covariate{number}"] = _codes(values)
    make_folder(Path(scratch))
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="combat-") as folder,
        blaming_a_full_disk(Path(folder)),
        quiet(),
    ):
        given = matrix.drop(columns=kept).divide(unit.drop(kept))
        found = _by_worc(given, labels, settings, seed, Path(folder))
    found = found.multiply(unit[found.columns])
    wrong = [name for name in found if not np.isfinite(found[name]).all() and name in harmonised]
    if wrong:
        message = (
            f"ComBat gives no number for {len(wrong)} features, such as {wrong[0]}. Leave them out "
            "with excluded_features in [worc.ComBat], or join small batches."
        )
        raise ValueError(message)
    found = pd.concat([found, matrix[kept]], axis=1).sort_index(axis=1)
    write_matrix(Path(output), found, stamp=stamp)


def _spread(matrix: pd.DataFrame) -> pd.Series:
    """Return the standard deviation of each feature, 0 where it differs by rounding only."""
    spread = matrix.std(ddof=0)
    return spread.where(spread > 1e-12 * matrix.abs().max(), 0.0)


def _codes(texts: Mapping[str, str]) -> dict[str, int]:
    """Return patient -> number of its text, from 1: WORC reads numbers only, and skips -1."""
    numbers = {text: number for number, text in enumerate(sorted(set(texts.values())), start=1)}
    return {patient: numbers[text] for patient, text in texts.items()}


def _by_worc(
    matrix: pd.DataFrame,
    labels: Mapping[str, Mapping[str, int]],
    settings: Mapping[str, str],
    seed: int,
    folder: Path,
) -> pd.DataFrame:
    """Return the features as WORC's tool gives them, with the names that they had."""
    from WORC.featureprocessing.ComBat import ComBat

    # WORC finds a patient by its name within another text (errata E5).
    names = {patient: f"patient{number:05d}" for number, patient in enumerate(matrix.index, 1)}
    # It splits paths at commas, hence none but file names.
    with contextlib.chdir(folder):
        _write_labels(Path("labels.csv"), labels, names)
        _write_settings(Path("config.ini"), labels, settings)
        for patient, name in names.items():
            _write_features(Path(f"{name}.hdf5"), name, matrix.loc[patient])
        # WORC draws from it where it harmonises feature by feature.
        np.random.seed(seed)
        # WORC takes patients off this list.
        outputs = [f"{name}_combat.hdf5" for name in names.values()]
        ComBat(
            features_train_in=[f"{name}.hdf5" for name in names.values()],
            labels_train="labels.csv",
            config="config.ini",
            features_train_out=list(outputs),
        )
        rows = {}
        for patient, output in zip(names, outputs, strict=True):
            series = pd.read_hdf(output)
            rows[patient] = dict(
                zip(series["feature_labels"], series["feature_values"], strict=True)
            )
    found = pd.DataFrame(rows).T.astype(float)
    found.columns = [str(name).removesuffix(_MODALITY) for name in found.columns]
    return found[sorted(found.columns)]


def _write_labels(
    path: Path, labels: Mapping[str, Mapping[str, int]], names: Mapping[str, str]
) -> None:
    rows: list[Sequence[object]] = [["Patient", *labels]]
    rows += [[name, *(of[patient] for of in labels.values())] for patient, name in names.items()]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _write_settings(
    path: Path, labels: Mapping[str, Mapping[str, int]], settings: Mapping[str, str]
) -> None:
    covariates = [name for name in labels if name != _BATCH]
    values = {
        "language": "python",
        "matlab": "",
        "batch": _BATCH,
        "mod": ", ".join(covariates) or "[]",
        **settings,
    }
    # WORC's parser takes a percent sign for the start of a reference.
    lines = [f"{key} = {value}".replace("%", "%%") for key, value in values.items()]
    path.write_text("\n".join(["[ComBat]", *lines]) + "\n", "utf-8")


def _write_features(path: Path, name: str, values: pd.Series) -> None:
    series = pd.Series(
        ["", [], values.tolist(), list(values.index), name],
        index=["image_type", "parameters", "feature_values", "feature_labels", "patient"],
        name="Image features",
    )
    series.to_hdf(path, key="image_features")
