"""The answer of a study in plain sentences, built from its numbers by fixed rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lungmet_worc.report.wording import (
    arm_label,
    count_word,
    interval_text,
    is_clear,
    joined,
    number_text,
    p_phrase,
    plural,
)

CHANCE = 0.5
SUSPICIOUS_AUC = 0.9
FEW_SPLITS = 20

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Headline:
    """What a reader sees first.

    Parameters
    ----------
    answer : tuple of str
        One or two sentences: against chance, and between the arms.
    warnings : tuple of str
        What speaks against believing the numbers at all.
    caveats : tuple of str
        How far the answer reaches.
    """

    answer: tuple[str, ...]
    warnings: tuple[str, ...]
    caveats: tuple[str, ...]


def headline(performance: pd.DataFrame, comparison: pd.DataFrame, outcome: str) -> Headline:
    """Say what a study found.

    An arm is better than chance if the lower bound of its interval of the AUC is above 0.5; a
    difference between arms is clear if its adjusted p-value is below 0.05.

    Parameters
    ----------
    performance, comparison : DataFrame
        Tables of the study (see `lungmet_worc.tables`); only the AUC counts here.
    outcome : str
        Name of the outcome.
    """
    arms = performance[performance["metric"] == "auc"].to_dict("records")
    pairs = comparison[comparison["metric"] == "auc"].to_dict("records")
    answer = [_against_chance(arms, outcome), _between_arms(pairs)]
    return Headline(
        answer=tuple(sentence for sentence in answer if sentence),
        warnings=tuple(_warnings(arms)),
        caveats=tuple(_caveats(arms, pairs, performance)),
    )


def _against_chance(arms: Sequence[Row], outcome: str) -> str:
    """Say which arms predicted better than chance."""
    defined = [arm for arm in arms if not math.isnan(arm["mean"])]
    if not defined:
        return (
            "No AUC could be computed, because no test part had patients with and without "
            f"{outcome}: nothing can be said about its prediction."
        )
    tested = [arm for arm in defined if not math.isnan(arm["ci_low"])]
    untested = [arm for arm in defined if math.isnan(arm["ci_low"])]
    sentences = []
    if tested:
        sentences.append(_tested_against_chance(tested, outcome))
    if untested:
        sentences.append(
            f"A single split gave {_aucs(untested, named=True)}: without an interval nobody can "
            "say whether that is better than chance."
        )
    missing = [arm for arm in arms if math.isnan(arm["mean"])]
    if missing:
        sentences.append(f"For {_labels(missing)} no AUC could be computed.")
    return " ".join(sentences)


def _tested_against_chance(arms: Sequence[Row], outcome: str) -> str:
    """Say which of the arms that have an interval predicted better than chance."""
    better = [arm for arm in arms if arm["ci_low"] > CHANCE]
    others = [arm for arm in arms if not arm["ci_low"] > CHANCE]
    numbers = _aucs(arms, first=True)
    if len(arms) == 1:
        how = "better than chance" if better else ""
        verb = "predicted" if better else "did not predict"
        return f"{_labels(arms)} {verb} {outcome} {how or 'clearly better than chance'}: {numbers}."
    if not better:
        who = "Neither of the two" if len(arms) == 2 else f"None of the {count_word(len(arms))}"
        return f"{who} arms predicted {outcome} clearly better than chance: {numbers}."
    if not others:
        who = "Both" if len(arms) == 2 else f"All {count_word(len(arms))}"
        return f"{who} arms predicted {outcome} better than chance: {numbers}."
    return (
        f"{_labels(better)} predicted {outcome} better than chance: {_aucs(better, first=True)}. "
        f"{_labels(others)} did not clearly do so: {_aucs(others)}."
    )


def _between_arms(pairs: Sequence[Row]) -> str:
    """Say which arms differed."""
    if not pairs:
        return ""
    tested = [pair for pair in pairs if not math.isnan(pair["p_adjusted"])]
    if not tested:
        return (
            "Differences between the arms cannot be tested: that takes at least two splits in "
            "which both arms have test patients with and without the outcome."
        )
    name = "p" if len(tested) == 1 else "adjusted p"
    clear = [pair for pair in tested if is_clear(pair)]
    unclear = [pair for pair in tested if not is_clear(pair)]
    if len(clear) > 2:
        sentences = [
            f"{len(clear)} of {len(tested)} pairs of arms differed clearly in AUC; the largest "
            f"difference was {_difference(_largest(clear), name)}."
        ]
    elif clear:
        found = joined([_difference(pair, name) for pair in clear])
        kind = "A clear difference" if len(clear) == 1 else "Clear differences"
        sentences = [f"{kind} in AUC: {found}."]
        if unclear:
            sentences.append("Between the other arms there was no clear difference.")
    elif len(tested) == 1:
        found = _difference(tested[0], name)
        sentences = [f"There was no clear difference in AUC between them: {found}."]
    else:
        found = _difference(_largest(tested), name)
        sentences = [f"No two arms differed clearly in AUC; the largest difference was {found}."]
    if len(tested) < len(pairs):
        left = plural(len(pairs) - len(tested), "pair")
        sentences.append(f"{left} of arms could not be compared.")
    return " ".join(sentences)


def _warnings(arms: Sequence[Row]) -> list[str]:
    """Return what speaks against believing the numbers."""
    warnings = []
    suspicious = [arm for arm in arms if arm["mean"] > SUSPICIOUS_AUC]
    if suspicious:
        warnings.append(
            f"{_labels(suspicious)} reached {_aucs(suspicious)}. A value above 0.9 usually means "
            "that the outcome leaked into the predictors: a column that was filled in after the "
            "outcome was known, the same patient twice, or segmentations drawn with the outcome "
            "in mind. Run the label-permutation check before you believe it: with the outcome "
            "shuffled over the patients, the AUC must fall to about 0.5."
        )
    worse = [arm for arm in arms if arm["ci_high"] < CHANCE]
    if worse:
        warnings.append(
            f"{_labels(worse)} did worse than chance: {_aucs(worse)}. Check that the outcome "
            "is coded 1 for patients who have it. In a small cohort without signal a value "
            "below 0.5 can also come from the splits themselves."
        )
    return warnings


def _caveats(arms: Sequence[Row], pairs: Sequence[Row], performance: pd.DataFrame) -> list[str]:
    """Return how far the answer reaches."""
    caveats = []
    tested = [arm for arm in arms if not math.isnan(arm["ci_low"])]
    better = [arm for arm in tested if arm["ci_low"] > CHANCE]
    if tested and len(better) < len(tested):
        caveats.append(
            "An interval that includes 0.5 does not show that there is nothing to predict: "
            f"with {plural(min(a['n_events'] for a in tested), 'event')} only strong predictors "
            "stand out."
        )
    compared = [pair for pair in pairs if not math.isnan(pair["p_adjusted"])]
    if any(not is_clear(pair) for pair in compared):
        caveats.append("Absence of a clear difference is not evidence that arms are equal.")
    if better and len(arms) > 1:
        caveats.append("The intervals of the arms are not adjusted for looking at several arms.")
    if better or any(is_clear(pair) for pair in compared):
        caveats.append("A finding in one cohort needs confirmation in other patients.")
    if tested:
        caveats.append(
            "Intervals and p-values from repeated splits of the same patients are approximate."
        )
    n_splits = int(performance["n_splits"].max()) if len(performance) else 0
    if 0 < n_splits < FEW_SPLITS:
        caveats.append(
            f"With {plural(n_splits, 'split')} this is a first look; WORC's own default is 100."
        )
    for arm in arms:
        lost = int(_splits_of(performance, arm["arm"]) - arm["n_splits"])
        if lost > 0 and arm["n_splits"] > 0:
            caveats.append(
                f"{arm_label(arm['arm'])}: in {plural(lost, 'split')} the AUC is not defined, "
                "because the test part had patients of one class only."
            )
    return caveats


def _splits_of(performance: pd.DataFrame, arm: str) -> int:
    """Return the number of splits of an arm: that of the measure defined most often."""
    return int(performance.loc[performance["arm"] == arm, "n_splits"].max())


def _labels(arms: Sequence[Row]) -> str:
    """Return the names of arms as in a sentence."""
    return joined([arm_label(arm["arm"]) for arm in arms])


def _aucs(arms: Sequence[Row], first: bool = False, named: bool = False) -> str:
    """Return the AUCs of arms as in a sentence.

    With `first` the first says what its bounds are; a single arm has its name only if `named`.
    """
    parts = []
    for i, arm in enumerate(arms):
        text = _auc_text(arm)
        if first and i == 0:
            text = text.replace("(", "(95% interval ")
        parts.append(
            text if len(arms) == 1 and not named else f"{text} for {arm_label(arm['arm'])}"
        )
    return f"AUC {joined(parts)}"


def _auc_text(arm: Row) -> str:
    """Return an AUC with its interval; rounding never carries a bound over 0.5."""
    mean, low, high = float(arm["mean"]), float(arm["ci_low"]), float(arm["ci_high"])
    if math.isnan(low):
        return number_text(mean)
    decimals = 2
    while decimals < 5 and (
        (low > CHANCE) != (round(low, decimals) > CHANCE)
        or (high < CHANCE) != (round(high, decimals) < CHANCE)
    ):
        decimals += 1
    return interval_text(mean, low, high, decimals)


def _largest(pairs: Sequence[Row]) -> Row:
    """Return the pair with the largest difference, whatever its sign."""
    return max(pairs, key=lambda pair: abs(pair["difference"]))


def _difference(pair: Row, p_name: str) -> str:
    """Return a difference with its interval and p-value as in a sentence."""
    low, high = number_text(pair["ci_low"]), number_text(pair["ci_high"])
    p_value = p_phrase(float(pair["p_adjusted"]), p_name)
    return (
        f"{arm_label(pair['arm_a'])} minus {arm_label(pair['arm_b'])} "
        f"{number_text(pair['difference'])} (95% interval {low} to {high}, {p_value})"
    )
