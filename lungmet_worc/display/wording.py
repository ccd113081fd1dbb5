"""How names and numbers are written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.analyses.statistics.metrics import LOWER_IS_BETTER
from lungmet_worc.display.language import ENGLISH, Language, later

SIGNIFICANT = 0.05
UNDEFINED = later("not defined")
SMALL_NUMBERS = (
    later("zero"),
    later("one"),
    later("two"),
    later("three"),
    later("four"),
    later("five"),
    later("six"),
    later("seven"),
    later("eight"),
    later("nine"),
)


def arm_label(arm: str, say: Language) -> str:
    """Return the name of an arm as people read it: its label, else "MRI only" for "mri_only".

    Parameters
    ----------
    arm : str
        Name in the study file.
    say : Language
    """
    return say.names.arm(str(arm))


def modality_label(modality: str, say: Language) -> str:
    """Return the name of a modality as people read it: its label, else its key.

    Parameters
    ----------
    modality : str
        Name in the study file.
    say : Language
    """
    return say.names.modality(str(modality))


def yes_no(outcome: int, say: Language = ENGLISH) -> str:
    """Return "yes" for an event and "no" for none.

    Parameters
    ----------
    outcome : int
    say : Language
    """
    return say("yes") if outcome else say("no")


def number_text(value: float, decimals: int = 2, say: Language = ENGLISH) -> str:
    """Return a rounded number, "not defined" for nan; zero has no sign.

    Parameters
    ----------
    value : float
    decimals : int
    say : Language
    """
    if math.isnan(value):
        return say(UNDEFINED)
    # A number that was written to a file and read again must round as the one in memory.
    text = f"{round(value, decimals + 7):.{decimals}f}"
    return say.decimals(text.lstrip("-") if float(text) == 0 else text)


def interval_text(
    mean: float, low: float, high: float, decimals: int = 2, say: Language = ENGLISH
) -> str:
    """Return a mean with its interval, such as "0.67 (0.55 to 0.78)".

    Parameters
    ----------
    mean, low, high : float
        Nan bounds give "0.67 (no interval)", a nan mean "not defined".
    decimals : int
    say : Language
    """
    if math.isnan(mean):
        return say(UNDEFINED)
    text = number_text(mean, decimals, say)
    if math.isnan(low) or math.isnan(high):
        return say("{mean} (no interval)", mean=text)
    bounds = {"low": number_text(low, decimals, say), "high": number_text(high, decimals, say)}
    return say("{mean} ({low} to {high})", mean=text, **bounds)


def p_text(p_value: float, say: Language = ENGLISH) -> str:
    """Return a p-value: "< 0.001", three decimals below 0.1, two above.

    Rounding never carries it over the 0.05 line.

    Parameters
    ----------
    p_value : float
    say : Language
    """
    if math.isnan(p_value):
        return say(UNDEFINED)
    if p_value < 0.001:
        return say.decimals("< 0.001")
    decimals = 3 if p_value < 0.1 else 2
    while decimals < 6 and (p_value < SIGNIFICANT) != (round(p_value, decimals) < SIGNIFICANT):
        decimals += 1
    return say.decimals(f"{p_value:.{decimals}f}")


def p_phrase(p_value: float, *, adjusted: bool = False, say: Language = ENGLISH) -> str:
    """Return a p-value with its name, such as "p < 0.001" or "adjusted p 0.04".

    Parameters
    ----------
    p_value : float
    adjusted : bool
        It is adjusted for the number of tests.
    say : Language
    """
    text = p_text(p_value, say)
    return say("adjusted p {p}", p=text) if adjusted else say("p {p}", p=text)


def is_clear(row: Mapping[Any, Any]) -> bool:
    """Tell whether a row of the comparison is a clear difference: adjusted p below 0.05.

    Parameters
    ----------
    row : mapping
        A row of comparison.csv.
    """
    return float(row["p_adjusted"]) < SIGNIFICANT


def better_arm(row: Mapping[Any, Any]) -> str:
    """Return the arm that did better in a row of the comparison.

    Parameters
    ----------
    row : mapping
        A row of comparison.csv.
    """
    first_is_better = (float(row["difference"]) > 0) != (row["metric"] in LOWER_IS_BETTER)
    return str(row["arm_a"] if first_is_better else row["arm_b"])


def comparison_reading(row: Mapping[Any, Any], say: Language = ENGLISH) -> str:
    """Say in words what a row of the comparison shows.

    Parameters
    ----------
    row : mapping
        A row of comparison.csv.
    say : Language
    """
    if math.isnan(float(row["p_adjusted"])):
        return say("cannot be compared")
    if is_clear(row):
        return say("{arm} clearly better", arm=arm_label(better_arm(row), say))
    return say("no clear difference")


def joined(parts: Sequence[str], say: Language = ENGLISH) -> str:
    """Return parts as in a sentence: "a, b and c".

    Parameters
    ----------
    parts : sequence of str
    say : Language
    """
    if len(parts) < 2:
        return "".join(parts)
    return say("{first} and {last}", first=", ".join(parts[:-1]), last=parts[-1])


def count_word(count: int, say: Language = ENGLISH) -> str:
    """Return a small number as a word.

    Parameters
    ----------
    count : int
    say : Language
    """
    return say(SMALL_NUMBERS[count]) if 0 <= count < len(SMALL_NUMBERS) else str(count)


def plural(count: int, noun: str) -> str:
    """Return "1 split", "2 splits", in English only (see `Language.plural`)."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
