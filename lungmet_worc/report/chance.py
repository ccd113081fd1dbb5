"""The sentence that says which arms predicted better than chance."""

from __future__ import annotations

import math

from lungmet_worc.display.arm_words import CHANCE, Rows, auc_texts, labels
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import count_word


def against_chance(arms: Rows, outcome: str, say: Language) -> str:
    """Say in one sentence which arms predicted better than chance.

    Parameters
    ----------
    arms : sequence of mapping
        Rows of performance.csv of the AUC.
    outcome : str
    say : Language
    """
    defined = [arm for arm in arms if not math.isnan(arm["mean"])]
    tested = [arm for arm in defined if not math.isnan(arm["ci_low"])]
    if not defined:
        return say(
            "No AUC could be computed, because no test part had patients with and without "
            "{outcome}: nothing can be said about its prediction.",
            outcome=outcome,
        )
    if not tested:
        return say(
            "A single split gave {aucs}: without an interval nobody can say whether that is "
            "better than chance.",
            aucs=auc_texts(defined, say, named=True),
        )
    clause = _tested_against_chance(tested, outcome, say)
    untested = [arm for arm in arms if math.isnan(arm["ci_low"])]
    if not untested:
        return say("{clause}.", clause=clause)
    return say("{clause}; {arms} could not be tested.", clause=clause, arms=labels(untested, say))


def _tested_against_chance(arms: Rows, outcome: str, say: Language) -> str:
    """Say, without a full stop, which arms with an interval predicted better than chance."""
    better = [arm for arm in arms if arm["ci_low"] > CHANCE]
    others = [arm for arm in arms if not arm["ci_low"] > CHANCE]
    fields = {
        "outcome": outcome,
        "aucs": auc_texts(arms, say, first=True),
        "arms": labels(arms, say),
        "count": count_word(len(arms), say),
    }
    if len(arms) == 1 and better:
        return say("{arms} predicted {outcome} better than chance: {aucs}", **fields)
    if len(arms) == 1:
        return say("{arms} did not predict {outcome} clearly better than chance: {aucs}", **fields)
    if not better and len(arms) == 2:
        return say(
            "Neither of the two arms predicted {outcome} clearly better than chance: {aucs}",
            **fields,
        )
    if not better:
        return say(
            "None of the {count} arms predicted {outcome} clearly better than chance: {aucs}",
            **fields,
        )
    if not others and len(arms) == 2:
        return say("Both arms predicted {outcome} better than chance: {aucs}", **fields)
    if not others:
        return say("All {count} arms predicted {outcome} better than chance: {aucs}", **fields)
    return say(
        "{better} predicted {outcome} better than chance, with {better_aucs}; {others} did not "
        "clearly do so, with {other_aucs}",
        outcome=outcome,
        better=labels(better, say),
        better_aucs=auc_texts(better, say, first=True),
        others=labels(others, say),
        other_aucs=auc_texts(others, say),
    )
