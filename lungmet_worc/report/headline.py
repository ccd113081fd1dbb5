"""The answer of a study in two plain sentences, built from its numbers by fixed rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.display.arm_words import (
    Row,
    Rows,
    auc_texts,
    better_first,
    difference_text,
    largest_pair,
    named_difference,
    turned,
)
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.wording import is_clear, with_and
from lungmet_worc.report.caveats import caveats, warnings
from lungmet_worc.report.chance import against_chance

#: What an arm knows, by kind; arms of these kinds are what is known without images.
BASELINES = frozenset({"clinical", "volume"})
IMAGES = "images"


@dataclass(frozen=True)
class Headline:
    """What a reader sees first.

    Parameters
    ----------
    answer : tuple of str
        One or two sentences: the image arms against each other, then against what is known
        without images; against chance where the study has no such arms.
    warnings : tuple of str
        What speaks against believing the numbers at all.
    caveats : tuple of str
        How far the answer reaches.
    """

    answer: tuple[str, ...]
    warnings: tuple[str, ...]
    caveats: tuple[str, ...]


def headline(
    performance: pd.DataFrame,
    comparison: pd.DataFrame,
    outcome: str,
    *,
    kinds: Mapping[str, str] | None = None,
    permutations: pd.DataFrame | None = None,
    power: pd.DataFrame | None = None,
    partial: str = "",
    drawn: bool = True,
    say: Language = ENGLISH,
) -> Headline:
    """Say what a study found.

    An arm is better than chance if the lower bound of its interval of the AUC is above 0.5; a
    difference between arms is clear if the adjusted p-value of the corrected resampled t-test
    is below 0.05. Images are better than what is known without them only if an arm with images
    is clearly better than every arm without.

    Parameters
    ----------
    performance, comparison : DataFrame
        Tables of the study (see `lungmet_worc.analyses.all_tables`); only the AUC counts here.
    outcome : str
        Name of the outcome.
    kinds : mapping of str to str, optional
        Arm to "clinical", "volume", "images" or "clinical+images"; by default all "images".
    permutations, power : DataFrame, optional
        Tables of the study.
    partial : str
        What part of the study this is (see `lungmet_worc.analyses.run.digest.Digest.partial`).
    drawn : bool
        Whether the splits are drawn at random; those by centre are as many as there are.
    say : Language
    """
    arms = performance[performance["metric"] == "auc"].to_dict("records")
    of_auc = comparison[comparison["metric"] == "auc"]
    pairs = of_auc[of_auc["test"] == TEST_NAME].to_dict("records")
    others = of_auc[of_auc["test"] != TEST_NAME].to_dict("records")
    kind = {str(arm["arm"]): (kinds or {}).get(str(arm["arm"]), IMAGES) for arm in arms}
    chance = against_chance(arms, outcome, say)
    compared = _within(pairs, kind)
    beyond = _beyond_baselines(arms, _across(pairs, kind), kind, say)
    between = _between_arms(compared, arms if beyond else (), say)
    answer = [between or chance, beyond] if beyond else [chance, between]
    return Headline(
        answer=tuple(sentence for sentence in answer if sentence),
        warnings=tuple(warnings(arms, permutations, say)),
        caveats=tuple(
            caveats(
                performance,
                pairs,
                others,
                permutations=permutations,
                power=power,
                partial=partial,
                drawn=drawn,
                chance="" if chance in answer else chance,
                say=say,
            )
        ),
    )


def _within(pairs: Rows, kind: Mapping[str, str]) -> list[Row]:
    """Return the pairs that are compared with each other: image arms, or all if there is none.

    Clinical columns beside images count where fewer than two arms have images alone.
    """
    only_images = sum(value == IMAGES for value in kind.values()) > 1
    counted = {
        arm
        for arm, value in kind.items()
        if (value == IMAGES if only_images else value not in BASELINES)
    }
    if not counted:
        return list(pairs)
    return [pair for pair in pairs if {pair["arm_a"], pair["arm_b"]} <= counted]


def _across(pairs: Rows, kind: Mapping[str, str]) -> list[Row]:
    """Return the pairs of an arm with images and one without, the arm with images first."""
    found = []
    for pair in pairs:
        first, second = (kind[str(pair[arm])] in BASELINES for arm in ("arm_a", "arm_b"))
        if first != second:
            found.append(turned(pair) if first else pair)
    return found


def _between_arms(pairs: Rows, told: Rows, say: Language) -> str:
    """Say in one sentence whether the image arms differed, with the AUCs of those to be told."""
    if not pairs:
        return ""
    tested = [pair for pair in pairs if not math.isnan(pair["p_adjusted"])]
    if not tested:
        return say(
            "Differences between the arms cannot be tested: that takes at least two splits in "
            "which both arms have test patients with and without the outcome."
        )
    clause = _difference(pairs, tested, say)
    if not told:
        return say("{clause}.", clause=clause)
    compared = {pair[arm] for pair in pairs for arm in ("arm_a", "arm_b")}
    aucs = auc_texts([arm for arm in told if arm["arm"] in compared], say, bounds=False)
    return say("{clause}, with {aucs}.", clause=clause, aucs=aucs)


def _difference(pairs: Rows, tested: Rows, say: Language) -> str:
    """Say, without a full stop, which of the tested pairs differed."""
    clear = [better_first(pair) for pair in tested if is_clear(pair)]
    largest = better_first(largest_pair(clear or tested))
    fields: dict[str, object] = {
        "arm": say.arm(largest["arm_a"]),
        "other": say.arm(largest["arm_b"]),
        "difference": difference_text(largest, say),
        "differences": with_and([named_difference(pair, say) for pair in clear], say),
        "largest": named_difference(largest, say),
        "n_clear": len(clear),
        "n": len(pairs),
    }
    if len(pairs) == 1 and clear:
        return say("{arm} was clearly better than {other}: {difference}", **fields)
    if len(pairs) == 1:
        return say(
            "There was no clear difference in AUC between {arm} and {other}: {difference}",
            **fields,
        )
    if not clear:
        return say(
            "No arm was clearly better than another: the largest difference in AUC was {largest}",
            **fields,
        )
    if len(clear) == len(pairs):
        return say("All pairs of arms differed clearly in AUC: {differences}", **fields)
    if len(clear) <= 2:
        return say(
            "The arms differed clearly in AUC in {n_clear} of {n} pairs, namely {differences}",
            **fields,
        )
    return say(
        "The arms differed clearly in AUC in {n_clear} of {n} pairs; the largest difference was "
        "{largest}",
        **fields,
    )


def _beyond_baselines(arms: Rows, pairs: Rows, kind: Mapping[str, str], say: Language) -> str:
    """Say in one sentence whether images are better than what is known without them."""
    if not pairs:
        return ""
    baselines = [arm for arm in arms if kind[str(arm["arm"])] in BASELINES]
    known = auc_texts(baselines, say, named=True, bounds=False)
    tested = [pair for pair in pairs if not math.isnan(pair["p_adjusted"])]
    if not tested:
        return say(
            "Whether images are better than what is known without them ({known}) cannot be tested.",
            known=known,
        )
    won = [pair for pair in tested if is_clear(pair) and pair["difference"] > 0]
    lost = [pair for pair in tested if is_clear(pair) and pair["difference"] < 0]
    winners = [
        arm
        for arm in dict.fromkeys(pair["arm_a"] for pair in won)
        if sum(pair["arm_a"] == arm for pair in won) == len(baselines)
    ]
    fields: dict[str, object] = {"known": known}
    if winners:
        decisive = [pair for pair in won if pair["arm_a"] in winners]
        smallest = min(decisive, key=lambda pair: float(pair["difference"]))
        return say.plural(
            len(winners),
            "{arms} was clearly better than what is known without images ({known}): {difference}.",
            "{arms} were clearly better than what is known without images ({known}); the "
            "smallest difference was {difference}.",
            arms=with_and([say.arm(arm) for arm in winners], say),
            difference=named_difference(smallest, say),
            **fields,
        )
    fields["differences"] = with_and([named_difference(pair, say) for pair in won or lost], say)
    if won:
        return say(
            "Images were clearly better than a part of what is known without them ({known}), not "
            "than all of it: {differences}.",
            **fields,
        )
    if lost:
        return say.plural(
            len(tested),
            "What is known without images ({known}) was clearly better than images: {differences}.",
            "What is known without images ({known}) was clearly better than images in {n_lost} "
            "of {n} comparisons: {differences}.",
            n_lost=len(lost),
            **fields,
        )
    largest = named_difference(largest_pair(tested), say)
    if len(tested) == 1:
        return say(
            "Images were not clearly better than what is known without them ({known}): the "
            "difference was {largest}.",
            largest=largest,
            **fields,
        )
    return say(
        "Images were not clearly better than what is known without them ({known}): the largest "
        "difference was {largest}.",
        largest=largest,
        **fields,
    )
