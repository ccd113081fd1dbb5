"""The log of a run folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lungmet_worc.control_characters import visible


class _StrictHandler(logging.FileHandler):
    """Raises what a full disk gives instead of printing a traceback and going on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raise the error that is being handled."""
        raise


class _VisibleFormatter(logging.Formatter):
    """Writes control characters out: a log is shown in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return visible(super().format(record))


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write what the package logs to the run folder's log as well."""
    package = logging.getLogger("lungmet_worc")
    handler = _StrictHandler(path, encoding="utf-8")
    handler.setFormatter(_VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    level = package.level
    package.addHandler(handler)
    package.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        handler.close()
