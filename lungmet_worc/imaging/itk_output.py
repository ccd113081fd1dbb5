"""What ITK's file readers print, and what they leave behind in a process."""

from __future__ import annotations

import contextlib
import locale
import os
import re
import sys
import tempfile
from collections.abc import Iterator

#: Where in ITK's source, and which of its objects; then, up to a blank line, the warning.
_WARNING = re.compile(r"WARNING: In [^\n]*\n(?:[^\n]*?\(0x[0-9a-f]+\): )?(.*?)\n\s*\n", re.DOTALL)


@contextlib.contextmanager
def collected() -> Iterator[list[str]]:
    """Keep what is written to the error stream from the user, and collect ITK's warnings.

    ITK's file readers write to the process's error stream past Python, so only its descriptor
    helps.

    Yields
    ------
    list of str
        The warnings, each once, filled in when the block ends.
    """
    with _kept_locale(), _kept_stderr() as warnings:
        yield warnings


@contextlib.contextmanager
def _kept_locale() -> Iterator[None]:
    """Give the process its locale back: ITK leaves the locale "C" where it cannot read a VTK file.

    In that locale Python takes every text file for ASCII.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


@contextlib.contextmanager
def _kept_stderr() -> Iterator[list[str]]:
    warnings: list[str] = []
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no error stream to keep clean
        yield warnings
        return
    with tempfile.TemporaryFile() as sink:
        try:
            os.dup2(sink.fileno(), 2)
            yield warnings
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            warnings += warnings_in(sink.read().decode("utf-8", "replace"))


def warnings_in(printed: str) -> list[str]:
    """Return the warnings in what ITK printed, each once, without the place in its source.

    Parameters
    ----------
    printed : str
    """
    found = (" ".join(match.split()) for match in _WARNING.findall(f"{printed}\n\n"))
    return list(dict.fromkeys(found))
