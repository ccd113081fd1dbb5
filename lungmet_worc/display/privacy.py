"""Removal of absolute paths, and of the user names they hold, from texts for others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language

_HOME = re.compile(
    r"(?:file://)?/(?:home|Users)/[^/\s\"':;,]+|[A-Za-z]:[\\/]Users[\\/][^\\/\s\"']+"
)
_POSIX = re.compile(r"(?<![\w.:/~-])(?:file://)?/(?:[^\s/:;,\"'()<>]+/)+([^\s/:;,\"'()<>]*)")
_WINDOWS = re.compile(r"\b[A-Za-z]:[\\/](?:[^\s\\/:\"'<>|]+[\\/])*([^\s\\/:\"'<>|]*)")
_BELOW_HOME = re.compile(r"~[\\/](?:[^\s\\/:;,\"'()<>]+[\\/])*([^\s\\/:;,\"'()<>]*)")


def without_paths(text: str, say: Language = ENGLISH) -> str:
    """Return a text in which an absolute path is only the name of its file.

    Parameters
    ----------
    text : str
    say : Language
        For a path that has no name left.
    """
    home = str(Path.home())
    if len(home) > 1:
        text = re.sub(re.escape(home) + r"(?=[\\/\s\"':;,.)]|$)", "~", text)
    text = _HOME.sub("~", text)
    for pattern in (_BELOW_HOME, _POSIX, _WINDOWS):
        text = pattern.sub(lambda match: match.group(1) or say("a folder"), text)
    return text


def cleaned(value: Any, say: Language = ENGLISH) -> Any:
    """Return a value with absolute paths taken out of every text in it.

    Parameters
    ----------
    value : object
        A text, path, mapping, sequence or DataFrame of these; anything else is returned as is.
    say : Language
    """

    def within(item: Any) -> Any:
        return cleaned(item, say)

    if isinstance(value, Sentence):
        return Sentence(value.template, **within(value.fields))
    if isinstance(value, str):
        return without_paths(value, say)
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, pd.DataFrame):
        return value.rename(columns=within).map(within)
    if isinstance(value, Mapping):
        return {within(key): within(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [within(item) for item in value]
    return value
