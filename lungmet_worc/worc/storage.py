"""Files in WORC's HDF5 formats, each with the stamp of what made it.

WORC's formats hold pickled Python objects, and a pickle runs whatever is in it when it is read. A
run folder may come from anybody, so nothing here reads HDF5 back: see docs/security.md.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ValidationError

from lungmet_worc.basics.disk import blaming_a_full_disk
from lungmet_worc.basics.regular_file import damaged
from lungmet_worc.basics.stamped_files import (
    LONGEST_LINE,
    STAMP,
    replaced,
    stamp_in_front,
    to_the_disk,
)

if TYPE_CHECKING:
    import tables

_Shape = TypeVar("_Shape", bound=BaseModel)

#: No data in front of a file are larger than this, in bytes.
_LARGEST = 2**30


class _Features(BaseModel):
    """Features of one patient by name, as text."""

    features: dict[str, float]


class _Matrix(BaseModel):
    """An arm's features, as text."""

    index: list[str]
    columns: list[str]
    data: list[list[float]]


class _Result(BaseModel, extra="allow"):
    """What every result of a split has, as text; most have more."""

    train: list[str]
    test: list[str]
    outcome: list[int]
    posterior: list[float]
    predicted: list[int]
    validation_outcome: list[int] = []
    validation_posterior: list[float] = []
    candidates: list[dict[str, Any]]
    causes: dict[str, int]
    ensemble: list[dict[str, Any]] = []
    importance: list[dict[str, Any]] = []


def write_features(
    path: Path, values: Sequence[float], labels: Sequence[str], *, image_type: str, stamp: str
) -> None:
    """Write the features of one patient and modality in WORC's format.

    Parameters
    ----------
    path : Path
        The HDF5 file.
    values : sequence of float, shape (n_features,)
        Feature values.
    labels : sequence of str, shape (n_features,)
        Feature names, ``<toolbox>_<filter>_<group>_<feature>``.
    image_type : str
        WORC's name of the modality.
    stamp : str
        Content hash of everything that the features depend on.
    """
    data = {"features": dict(zip(labels, map(float, values), strict=True))}
    series = pd.Series(
        [image_type, [], list(values), list(labels)],
        index=["image_type", "parameters", "feature_values", "feature_labels"],
        name="Image features",
    )
    _write(path, lambda store: store.put("image_features", series), data, stamp)


def read_features(path: Path) -> dict[str, float]:
    """Return the features of a file that :func:`write_features` wrote, by name."""
    return _read(path, _Features).features


def write_matrix(path: Path, matrix: pd.DataFrame, *, stamp: str) -> None:
    """Write an arm's features: patients in rows, features in columns."""
    parts = {
        "index": [str(name) for name in matrix.index],
        "columns": [str(name) for name in matrix.columns],
        "data": matrix.to_numpy(float).tolist(),
    }
    _write(path, lambda store: store.put("arm_features", matrix), parts, stamp)


def read_matrix(path: Path) -> pd.DataFrame:
    """Return the features that :func:`write_matrix` wrote."""
    found = _read(path, _Matrix)
    try:
        return pd.DataFrame(found.data, found.index, found.columns, dtype=float)
    except ValueError as error:
        raise damaged(path) from error


def write_estimators(
    path: Path, frame: pd.DataFrame, result: Mapping[str, Any], *, stamp: str
) -> None:
    """Write a split: WORC's estimator frame, and before it what we read back.

    Only WORC's own tools, in the hands of the user, load the models of the frame.
    """
    _write(path, lambda store: store.put("EstimatorData", frame), dict(result), stamp)


def read_result(path: Path) -> dict[str, Any]:
    """Return the result of a split without loading its models."""
    return _read(path, _Result).model_dump(exclude_unset=True)


def _write(
    path: Path, write: Callable[[pd.HDFStore], None], data: Mapping[str, Any], stamp: str
) -> None:
    """Write an HDF5 file, and before it, as text, what we read back of it.

    HDF5 leaves the first bytes of a file, its user block, to whoever writes it. There stand a line
    with the stamp and the size of the whole file, and a line with the data.
    """
    import tables

    text = json.dumps(data).encode()
    block = 2 ** (LONGEST_LINE + len(text)).bit_length()
    # On a full disk HDF5 cuts a file off without an error, and finds it damaged when it is
    # opened again. In memory first would be safer still, but the models of a large cohort are
    # a third of what a worker may use.
    with replaced(path) as partial, blaming_a_full_disk(path.parent):
        with (
            warnings.catch_warnings(),
            pd.HDFStore(str(partial), mode="w", user_block_size=block) as store,
        ):
            # WORC's formats hold Python objects; PyTables warns of each.
            warnings.simplefilter("ignore")
            write(store)
        with tables.open_file(str(partial), "r") as file:
            _whole(file)
        with partial.open("r+b") as written:
            head = {STAMP: stamp, "size": partial.stat().st_size}
            written.write(json.dumps(head).encode() + b"\n" + text + b"\n")
            to_the_disk(written)


def _read(path: Path, shape: type[_Shape]) -> _Shape:
    """Return the data in front of an HDF5 file, of which HDF5 itself reads nothing.

    Raises
    ------
    ResultsError
        They are not there, or of another shape.
    """
    if stamp_in_front(path) is None:
        raise damaged(path)
    with path.open("rb") as file:
        file.readline(LONGEST_LINE)
        line = file.readline(_LARGEST)
    try:
        return shape.model_validate_json(line, strict=True)
    except ValidationError as error:
        raise damaged(path) from error


def _whole(file: tables.File) -> None:
    """Read where every part of a file begins, which fails where it was cut off.

    Raises
    ------
    OSError, tables.HDF5ExtError
        A part is missing.
    """
    for node in file.walk_nodes("/", "Leaf"):
        if node.nrows and type(node).__name__ != "VLArray":
            node[-1:]
    if not file.root._v_nchildren:
        message = "a file was cut off while it was written"
        raise OSError(message)
