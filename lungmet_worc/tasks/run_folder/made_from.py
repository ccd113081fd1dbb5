"""What each output was made from, kept so that a stale one can be explained.

The stamp in an output is a hash and says nothing by itself. Here its ingredients are kept under
that very stamp, so that the record cannot disagree with what is on disk: a stamp that is not in
it is simply not explained. What many tasks share (settings, versions, patients) is kept once.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lungmet_worc.basics.regular_file import read_plain
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.tasks.task import Task, content_hash

logger = logging.getLogger(__name__)

_PART = "part"

#: As many characters of the SHA-256 of a file tell it from others.
_SHORT = 16
_SHA_256 = re.compile(r"[0-9a-f]{64}")


class _Record(BaseModel):
    """What the file holds, whoever wrote it."""

    parts: dict[str, Any]
    stamps: dict[str, dict[str, dict[str, str] | str | int | float | bool | None]]


class MadeFrom:
    """The ingredients of stamps.

    Parameters
    ----------
    path : Path
        The JSON file in the run folder; it need not exist, and a damaged one counts for nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts: dict[str, Any] = {}
        self._stamps: dict[str, dict[str, Any]] = {}
        try:
            kept = _Record.model_validate_json(read_plain(path), strict=True)
            self._parts, self._stamps = kept.parts, kept.stamps
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            logger.info("%s cannot be used, stale tasks go unexplained: %s", path.name, error)

    def of(self, stamp: str | None) -> dict[str, Any] | None:
        """Return the ingredients of a stamp by name, None if they are not known."""
        if stamp is None or stamp not in self._stamps:
            return None
        return {
            name: self._parts.get(value.get(_PART, "")) if isinstance(value, Mapping) else value
            for name, value in self._stamps[stamp].items()
        }

    def add(self, tasks: Iterable[Task]) -> bool:
        """Keep the ingredients of tasks, and tell whether any were new."""
        hashes: dict[int, str] = {}  # what tasks share is one object, hashed once
        new = [task for task in tasks if task.stamp not in self._stamps]
        for task in new:
            self._stamps[task.stamp] = {
                name: self._kept(value, hashes) for name, value in task.ingredients.items()
            }
        return bool(new)

    def keep_only(self, stamps: Iterable[str]) -> bool:
        """Forget all other stamps, and tell whether there were any."""
        wanted = set(stamps)
        gone = self._stamps.keys() - wanted
        self._stamps = {stamp: self._stamps[stamp] for stamp in self._stamps.keys() & wanted}
        used = {
            value.get(_PART)
            for entry in self._stamps.values()
            for value in entry.values()
            if isinstance(value, Mapping)
        }
        self._parts = {key: value for key, value in self._parts.items() if key in used}
        return bool(gone)

    def write(self) -> None:
        """Write the record atomically."""
        record = {"parts": self._parts, "stamps": self._stamps}
        write_text(self.path, json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n")

    def _kept(self, value: Any, hashes: dict[int, str]) -> Any:
        if not isinstance(value, Mapping | list | tuple):
            return _short(value)
        if id(value) not in hashes:
            short = _short(value)
            key = content_hash(short)[:16]
            self._parts.setdefault(key, short)
            hashes[id(value)] = key
        return {_PART: hashes[id(value)]}


def _short(value: Any) -> Any:
    """Return an ingredient with short hashes of files."""
    if isinstance(value, Mapping):
        return {name: _short(each) for name, each in value.items()}
    return value[:_SHORT] if isinstance(value, str) and _SHA_256.fullmatch(value) else value
