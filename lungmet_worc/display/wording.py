"""How names and numbers are written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.measures import LOWER_IS_BETTER

SIGNIFICANT = 0.05
UNDEFINED = Sentence("not defined")
TOO_FEW = later("too few events")
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
    return say.number(round(value, decimals + 7), f"z.{decimals}f")


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
        return f"< {say.number(0.001, '.3f')}"
    decimals = 3 if p_value < 0.1 else 2
    while decimals < 6 and (p_value < SIGNIFICANT) != (round(p_value, decimals) < SIGNIFICANT):
        decimals += 1
    return say.number(p_value, f".{decimals}f")


def is_clear(row: Mapping[Any, Any]) -> bool:
    """Tell whether a row of the comparison is a clear difference: adjusted p below 0.05.

    Parameters
    ----------
    row : mapping
        A row of comparison.csv.
    """
    return float(row["p_adjusted"]) < SIGNIFICANT


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
    if not is_clear(row):
        return say("no clear difference")
    first_is_better = (float(row["difference"]) > 0) != (row["metric"] in LOWER_IS_BETTER)
    better = row["arm_a"] if first_is_better else row["arm_b"]
    return say("{arm} clearly better", arm=say.arm(better))


def with_and(parts: Sequence[str], say: Language = ENGLISH) -> str:
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
