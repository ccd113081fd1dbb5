"""A study file as tables: TOML that may be missing, damaged, or no file at all."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.basics.regular_file import refuse_irregular
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.study.scan_paths import of_windows

#: A study file is a few pages long; a thousand patients to exclude are 10 kB.
MOST_BYTES = 1_000_000


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Parameters
    ----------
    path : Path
        The file, in UTF-8, with or without BOM.

    Raises
    ------
    StudyFileError
        The file is missing, cannot be read, or is no TOML.
    """
    text = _text(path)
    try:
        return tomllib.loads(text)
    except RecursionError:
        reason: object = Sentence("tables or lists lie too deep in each other")
    except ValueError as error:  # TOMLDecodeError, or a number of more than 4300 digits
        too_long = not isinstance(error, tomllib.TOMLDecodeError)
        reason = Sentence("a number has thousands of digits") if too_long else error
    message = Sentence(
        'The study file "{path}" is no valid TOML: {reason}.', path=path, reason=reason
    )
    raise StudyFileError(message)


def _text(path: Path) -> str:
    irregular = refuse_irregular(path, path.name)
    if irregular is not None:
        raise _unreadable(path, irregular.what)
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _unreadable(path, Sentence("It has more than 1 MB, and is no study file."))
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        windows = of_windows(path.parent, str(path))
        if windows is not None:
            raise _unreadable(path, joined(windows, " ")) from None
        message = Sentence(
            'There is no study file "{path}". "lungmet init DIR" writes one to start from.',
            path=path,
        )
        raise StudyFileError(message) from None
    except UnicodeDecodeError as error:
        what = Sentence(
            "It is not in UTF-8 (byte {position}). Save it as UTF-8 in the editor.",
            position=error.start + 1,
        )
        raise _unreadable(path, what) from None
    except (OSError, ValueError) as error:  # ValueError: a path that no system can have
        reason = Sentence("{reason}.", reason=getattr(error, "strerror", None) or error)
        raise _unreadable(path, reason) from None


def _unreadable(path: Path, reason: str) -> StudyFileError:
    message = Sentence('The study file "{path}" cannot be read: {reason}', path=path, reason=reason)
    return StudyFileError(message)
