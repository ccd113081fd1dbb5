"""Files of a run folder as an attacker would mail them: whoever unpickles one leaves a mark."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tables

from lungmet_worc.basics.stamped_files import STAMP


class Payload:
    """A pickle that makes a file when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.mark), "a")


def _set(node: tables.Node, name: str, payload: Payload) -> None:
    # As PyTables stores objects, past its own idea of what a title or a filter is.
    node._v_attrs._g_setattr(node, name, np.array(pickle.dumps(payload, 0)))


def _root(name: str) -> Callable[[tables.File, Payload], None]:
    def poison(file: tables.File, payload: Payload) -> None:
        _set(file.root, name, payload)

    return poison


def _group(name: str) -> Callable[[tables.File, Payload], None]:
    def poison(file: tables.File, payload: Payload) -> None:
        _set(file.create_group("/", f"group_{name}"), name, payload)

    return poison


def _array(name: str) -> Callable[[tables.File, Payload], None]:
    def poison(file: tables.File, payload: Payload) -> None:
        _set(file.create_array("/", f"array_{name}", [1, 2]), name, payload)

    return poison


def _objects(file: tables.File, payload: Payload) -> None:
    file.create_vlarray("/", "poisoned", tables.ObjectAtom()).append(payload)


#: Where a pickle can lie in a file of PyTables or pandas, and that it is put there.
_IN_PYTABLES: dict[str, Callable[[tables.File, Payload], None]] = {
    "title of a group": _group("TITLE"),
    "filters of a group": _group("FILTERS"),
    "attribute of a group": _group("anything"),
    "title of an array": _array("TITLE"),
    "attribute of an array": _array("anything"),
    "object array": _objects,
    "title of the root": _root("TITLE"),
    "stamp": _root("lungmet_stamp"),
    "attribute of the root": _root("anything"),
    "filters of the root": _root("FILTERS"),
}
#: This one is written by pandas.
FRAME = "frame of pandas"
WAYS = (*_IN_PYTABLES, FRAME)


def poison(path: Path, ways: Sequence[str], marks: Path) -> None:
    """Write an HDF5 file with pickles in it that make a file in ``marks`` when they are read."""
    path.unlink(missing_ok=True)
    with (
        warnings.catch_warnings(),
        pd.HDFStore(str(path), mode="w", user_block_size=2**16) as store,
    ):
        warnings.simplefilter("ignore")
        if FRAME in ways:
            store.put("arm_features", pd.Series([Payload(marks / FRAME)], index=["feature_values"]))
    with tables.open_file(str(path), "a") as file:
        for way, put in _IN_PYTABLES.items():
            if way in ways:
                put(file, Payload(marks / way))
    for mark in marks.iterdir():  # opening it again ran what was in it
        mark.unlink()


def disguise(path: Path, data: dict[str, Any], stamp: str) -> None:
    """Put before an HDF5 file what ours have there, so that it passes for one."""
    text = json.dumps({STAMP: stamp, "size": path.stat().st_size}) + "\n" + json.dumps(data) + "\n"
    with path.open("r+b") as file:
        assert len(text) < 2**16
        file.write(text.encode())


def read_as_pytables_does(path: Path) -> None:
    """Read everything in an HDF5 file, pickles too."""
    with tables.open_file(str(path), "r") as file:
        for node in file.walk_nodes("/"):
            for name in node._v_attrs._v_attrnames:
                getattr(node._v_attrs, name)
            if isinstance(node, tables.Leaf):
                node.read()
