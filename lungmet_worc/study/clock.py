"""Times of day and moments as a study file and the command line name them."""

from __future__ import annotations

import re
from datetime import datetime, time

from lungmet_worc.basics.sentences import Sentence

_FORMS = Sentence('Write a time such as "07:00", or a date and time such as "2026-11-24 07:00".')
_NEARLY = re.compile(
    r"\s*(\d{1,2})\s*(?:[.:h ]?\s*(\d{2}))?\s*(?:h|hrs?|uur|o'clock)?\s*([ap]m)?\s*"
)


def deadline_text(value: object) -> object:
    """Return a deadline as text; TOML has times and dates of its own.

    Raises
    ------
    ValueError
        The text is no time; see `parse_deadline`.
    """
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, str):
        parse_deadline(value)
    return value.isoformat() if isinstance(value, time) else value


def parse_deadline(text: str) -> time | datetime:
    """Return the time of day, or the moment, that a text names.

    Raises
    ------
    ValueError
        It names none; the nearest possible text is suggested.
    """
    for read in (_time_of_day, datetime.fromisoformat):
        try:
            return read(text.strip())
        except ValueError:
            continue
    nearest = _nearest(text)
    remedy = Sentence('Did you mean "{name}"?', name=nearest) if nearest else _FORMS
    message = Sentence('"{text}" is no time. {remedy}', text=text, remedy=remedy)
    raise ValueError(message)


def _time_of_day(text: str) -> time:
    if not re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        raise ValueError
    return time.fromisoformat(text.zfill(len(text) + (text.index(":") == 1)))


def _nearest(text: str) -> str:
    """Return the time of day that somebody may have meant, for example for "7.30 pm"."""
    found = _NEARLY.fullmatch(text.lower())
    if not found:
        return ""
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    hour = 0 if hour == 24 else hour
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else ""
