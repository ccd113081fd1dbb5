"""Files in WORC's HDF5 formats, written atomically, each with the stamp of what made it."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import tables

from lungmet_worc.failures import told_by_the_disk
from lungmet_worc.held_folder import make_folder

#: Under this name the stamp lies in every file.
STAMP = "lungmet_stamp"
_RESULT = "lungmet_result"


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
    series = pd.Series(
        [image_type, [], list(values), list(labels)],
        index=["image_type", "parameters", "feature_values", "feature_labels"],
        name="Image features",
    )
    _write(path, lambda store: store.put("image_features", series), stamp)


def read_features(path: Path) -> dict[str, float]:
    """Return the features of a file that :func:`write_features` wrote, by name."""
    series = pd.read_hdf(path)
    return dict(zip(series["feature_labels"], series["feature_values"], strict=True))


def write_matrix(path: Path, matrix: pd.DataFrame, *, stamp: str) -> None:
    """Write an arm's features: patients in rows, features in columns."""
    _write(path, lambda store: store.put("arm_features", matrix), stamp)


def read_matrix(path: Path) -> pd.DataFrame:
    """Return the features that :func:`write_matrix` wrote."""
    return cast("pd.DataFrame", pd.read_hdf(path))


def write_estimators(
    path: Path, frame: pd.DataFrame, result: dict[str, Any], *, stamp: str
) -> None:
    """Write a split: WORC's estimator frame, and beside it what the tables need.

    The result lies in the same file as plain JSON, so that tables are made without loading a
    single model.
    """

    def write(store: pd.HDFStore) -> None:
        store.put("EstimatorData", frame)
        text = np.frombuffer(json.dumps(result).encode(), dtype=np.uint8)
        store.root._v_file.create_array("/", _RESULT, text)

    _write(path, write, stamp)


def read_estimators(path: Path) -> pd.DataFrame:
    """Return WORC's estimator frame of a split, as ``WORC.plotting`` takes it."""
    return cast("pd.DataFrame", pd.read_hdf(path))


def read_result(path: Path) -> dict[str, Any]:
    """Return the result of a split without loading its models."""
    with tables.open_file(str(path), "r") as file:
        result: dict[str, Any] = json.loads(file.get_node("/", _RESULT).read().tobytes())
    return result


def read_stamp(path: Path) -> str | None:
    """Return the stamp of a file, or None if it has none or cannot be read."""
    if path.suffix == ".json":
        try:
            stamp = json.loads(path.read_text("utf-8"))[STAMP]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(stamp)
    if path.suffix != ".hdf5":
        try:
            first = path.read_text("utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError):
            return None
        return first.removeprefix(f"# {STAMP}: ") if STAMP in first else None
    try:
        with tables.open_file(str(path), "r") as file:
            stamp = getattr(file.root._v_attrs, STAMP, None)
    except (OSError, tables.HDF5ExtError):
        return None
    return None if stamp is None else str(stamp)


def write_stamped_text(path: Path, text: str, *, stamp: str) -> None:
    """Write a text file atomically, its first line a comment with the stamp."""
    write_text(path, f"# {STAMP}: {stamp}\n{text}")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically: a reader sees the old file or the new one."""
    _write_bytes(path, text.encode())


def _write(path: Path, write: Callable[[pd.HDFStore], None], stamp: str) -> None:
    make_folder(path.parent)
    partial = _partial(path)
    # On a full disk HDF5 cuts a file off without an error, and finds it damaged when it is
    # opened again. In memory first would be safer still, but the models of a large cohort are
    # a third of what a worker may use.
    with _replaced(path, partial), told_by_the_disk(path.parent):
        with warnings.catch_warnings(), pd.HDFStore(str(partial), mode="w") as store:
            # WORC's formats hold Python objects; PyTables warns of each.
            warnings.simplefilter("ignore")
            write(store)
        with tables.open_file(str(partial), "a") as file:
            setattr(file.root._v_attrs, STAMP, stamp)
        with tables.open_file(str(partial), "r") as file, partial.open("rb") as written:
            _whole(file)
            os.fsync(written.fileno())


def _whole(file: tables.File) -> None:
    """Read where every part of a file begins, which fails where it was cut off.

    Raises
    ------
    OSError, tables.HDF5ExtError
        A part is missing.
    """
    for node in file.walk_nodes("/", "Leaf"):
        if node.nrows and not isinstance(node, tables.VLArray):
            node[-1:]
    # PyTables takes a file that was cut off altogether for a new one.
    if not file.root._v_nchildren or getattr(file.root._v_attrs, STAMP, None) is None:
        message = "a file was cut off while it was written"
        raise OSError(message)


def _write_bytes(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    partial = _partial(path)
    with _replaced(path, partial), partial.open("wb") as file:
        file.write(content)
        file.flush()
        # A full network disk may tell only now; and a power cut must not leave a name
        # without content.
        os.fsync(file.fileno())


@contextmanager
def _replaced(path: Path, partial: Path) -> Iterator[None]:
    """Put a file in place when it is written to its end, or take it away."""
    partial.unlink(missing_ok=True)
    try:
        yield
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    """Return the name of a file while it is written; ``leftovers`` knows it."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
