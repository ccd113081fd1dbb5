"""How the AUCs of arms and their differences are said in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import interval_text, number_text, p_text, with_and

CHANCE = 0.5

Row = Mapping[Any, Any]
Rows = Sequence[Row]


def labels(arms: Rows, say: Language) -> str:
    """Return the names of arms as in a sentence.

    Parameters
    ----------
    arms : sequence of mapping
        Rows of a table with a column ``arm``.
    say : Language
    """
    return with_and([say.arm(arm["arm"]) for arm in arms], say)


def auc_texts(
    arms: Rows, say: Language, *, first: bool = False, named: bool = False, bounds: bool = True
) -> str:
    """Return the AUCs of arms as in a sentence: "AUC 0.62 (0.48 to 0.76) for MRI only and ...".

    Parameters
    ----------
    arms : sequence of mapping
        Rows of performance.csv.
    say : Language
    first : bool
        The first interval says that it is one.
    named : bool
        A single arm is named too.
    bounds : bool
        With intervals.
    """
    parts = []
    for i, arm in enumerate(arms):
        value = number_text(arm["mean"], 2, say)
        if bounds:
            value = _auc(arm, say, named=first and i == 0)
        if named or len(arms) > 1:
            value = say("{auc} for {arm}", auc=value, arm=say.arm(arm["arm"]))
        parts.append(value)
    return say("AUC {values}", values=with_and(parts, say))


def _auc(arm: Row, say: Language, *, named: bool) -> str:
    """Return an AUC with its interval; rounding never carries a bound over 0.5."""
    mean, low, high = float(arm["mean"]), float(arm["ci_low"]), float(arm["ci_high"])
    if math.isnan(low):
        return number_text(mean, 2, say)
    decimals = 2
    while decimals < 5 and (
        (low > CHANCE) != (round(low, decimals) > CHANCE)
        or (high < CHANCE) != (round(high, decimals) < CHANCE)
    ):
        decimals += 1
    if not named:
        return interval_text(mean, low, high, decimals, say)
    return say(
        "{mean} (95% interval {low} to {high})",
        mean=number_text(mean, decimals, say),
        low=number_text(low, decimals, say),
        high=number_text(high, decimals, say),
    )


def largest_pair(pairs: Rows) -> Row:
    """Return the pair with the largest difference, whatever its sign.

    Parameters
    ----------
    pairs : sequence of mapping
        Rows of comparison.csv.
    """
    return max(pairs, key=lambda pair: abs(pair["difference"]))


def turned(pair: Row) -> Row:
    """Return a row of comparison.csv with the second arm first.

    Parameters
    ----------
    pair : mapping
    """
    return {
        **pair,
        "arm_a": pair["arm_b"],
        "arm_b": pair["arm_a"],
        "difference": -pair["difference"],
        "ci_low": -pair["ci_high"],
        "ci_high": -pair["ci_low"],
    }


def better_first(pair: Row) -> Row:
    """Return a row of comparison.csv of the AUC with the arm first that did better.

    Parameters
    ----------
    pair : mapping
    """
    return turned(pair) if pair["difference"] < 0 else pair


def difference_text(pair: Row, say: Language) -> str:
    """Return a difference in AUC with its interval and p-value as in a sentence.

    Parameters
    ----------
    pair : mapping
        A row of comparison.csv.
    say : Language
    """
    return say(
        "{difference} (95% interval {low} to {high}, {p})",
        difference=number_text(pair["difference"], 2, say),
        low=number_text(pair["ci_low"], 2, say),
        high=number_text(pair["ci_high"], 2, say),
        p=adjusted_p(pair, say),
    )


def named_difference(pair: Row, say: Language) -> str:
    """Return a difference in AUC with the arms that it is between.

    Parameters
    ----------
    pair : mapping
        A row of comparison.csv.
    say : Language
    """
    return say(
        "{arm} minus {other} {difference}",
        arm=say.arm(pair["arm_a"]),
        other=say.arm(pair["arm_b"]),
        difference=difference_text(pair, say),
    )


def adjusted_p(row: Row, say: Language) -> str:
    """Return the adjusted p-value of a row, called so where the adjustment changed it.

    Parameters
    ----------
    row : mapping
        p_value, p_adjusted.
    say : Language
    """
    p = p_text(float(row["p_adjusted"]), say)
    changed = row["p_adjusted"] != row["p_value"]
    return say("adjusted p {p}", p=p) if changed else say("p {p}", p=p)
