"""The log of a run folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lungmet_worc.basics.control_characters import visible
from lungmet_worc.display.privacy import without_paths


class _StrictHandler(logging.FileHandler):
    """Raises what a full disk gives instead of printing a traceback and going on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raise the error that is being handled."""
        raise


class _ReadableFormatter(logging.Formatter):
    """Leaves only the file's name of an absolute path, and writes control characters out.

    The log may be mailed one day, and is shown in a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or the lines with a traceback."""
        return visible(without_paths(super().format(record)))


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write what the package logs to the run folder's log as well, without paths.

    Parameters
    ----------
    path : Path
        The log; it is gone on with.
    """
    package = logging.getLogger("lungmet_worc")
    handler = _StrictHandler(path, encoding="utf-8")
    handler.setFormatter(_ReadableFormatter("%(asctime)s %(levelname)s %(message)s"))
    level = package.level
    package.addHandler(handler)
    package.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        handler.close()
