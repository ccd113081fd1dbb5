"""How a command speaks to its terminal: in which language, how wide, with which paths."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.basics.regular_file import read_plain_text
from lungmet_worc.display.language import ENGLISH, LANGUAGES, Language, language
from lungmet_worc.study.reading.toml_reading import read_toml
from lungmet_worc.tasks.run_folder.paths import RunPaths

#: Characters of a line where the output is no terminal, and at most and at least on one.
WIDTH, NARROWEST = 118, 60


def spoken(options: argparse.Namespace) -> Language:
    """Return the language in which a command speaks.

    ``--language``; else what the study file says under ``[report] language``, also where the
    rest of the file is wrong; else the language of the study that a run folder is of; else
    English.

    Parameters
    ----------
    options : argparse.Namespace
        Those of any command.
    """
    for code in _said(options):
        if code in LANGUAGES:
            return language(code)
    return ENGLISH


def width() -> int:
    """Return how many characters of a line fit the terminal: 60 to 118, and that without one."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def shown_path(path: Path) -> Path:
    """Return an absolute path as one says it from the working folder, if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _said(options: argparse.Namespace) -> Iterator[object]:
    """Yield what may say the language, the strongest first."""
    yield getattr(options, "language", None)
    if study := getattr(options, "study", None):
        yield _of_tables(_read_toml(Path(study)))
    folders = [
        *getattr(options, "runs", ()),
        getattr(options, "run", None),
        getattr(options, "out", None),
    ]
    for folder in filter(None, folders):
        yield _of_tables(_read_state(Path(folder)).get("study"))


def _of_tables(tables: object) -> object:
    """Return the language that the tables of a study name."""
    report = tables.get("report") if isinstance(tables, dict) else None
    code = report.get("language") if isinstance(report, dict) else None
    return code if isinstance(code, str) else None


def _read_toml(path: Path) -> dict[str, Any]:
    """Return what a study file says; nothing where it cannot be read, which is said elsewhere."""
    try:
        return read_toml(path)
    except StudyFileError:
        return {}


def _read_state(folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` of a folder says; nothing where there is none."""
    path = RunPaths(folder).run_json
    try:
        state = json.loads(read_plain_text(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}
