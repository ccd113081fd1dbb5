"""What speaks against believing the answer of a study, and how far it reaches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from lungmet_worc.analyses.power.statistics import TYPICAL_AUC, TYPICAL_CORRELATION
from lungmet_worc.display.arm_words import CHANCE, Row, Rows, adjusted_p, auc_texts, labels
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import SIGNIFICANT, is_clear, number_text, with_and

SUSPICIOUS_AUC = 0.9
FEW_SPLITS = 20
_MOST_DISAGREEMENTS = 3


def warnings(arms: Rows, permutations: pd.DataFrame | None, say: Language) -> list[str]:
    """Return what speaks against believing the numbers at all.

    Parameters
    ----------
    arms : sequence of mapping
        Rows of performance.csv of the AUC.
    permutations : DataFrame or None
        The table of the permutation test.
    say : Language
    """
    found = []
    high = [arm for arm in arms if arm["mean"] > SUSPICIOUS_AUC]
    if high:
        found.append(
            say(
                "{arms} reached {aucs}. In sarcoma radiomics an AUC above 0.9 nearly always means "
                "that the outcome leaked into the predictors: a column that was filled in after "
                "the outcome was known, the same patient twice, or segmentations drawn with the "
                "outcome in mind.",
                arms=labels(high, say),
                aucs=auc_texts(high, say),
            )
        )
        if permutations is None or permutations.empty:
            found[-1] += " " + say(
                "Run the label-permutation check before you believe it ([statistics] "
                "permutations): with the outcome shuffled over the patients, the AUC must fall "
                "to about 0.5."
            )
        else:
            found[-1] += " " + say(
                "With the outcome shuffled over the patients the AUC was {mean} on average; that "
                "it falls to about 0.5 does not rule out a leaking column.",
                mean=number_text(float(permutations["permuted_mean"].mean()), 2, say),
            )
    worse = [arm for arm in arms if arm["ci_high"] < CHANCE]
    if worse:
        found.append(
            say(
                "{arms} did worse than chance: {aucs}. Check that the outcome is coded 1 for "
                "patients who have it. In a small cohort without signal a value below 0.5 can "
                "also come from the splits themselves.",
                arms=labels(worse, say),
                aucs=auc_texts(worse, say),
            )
        )
    return found


def caveats(
    performance: pd.DataFrame,
    pairs: Rows,
    others: Rows,
    *,
    permutations: pd.DataFrame | None,
    power: pd.DataFrame | None,
    partial: str,
    drawn: bool,
    chance: str,
    say: Language,
) -> list[str]:
    """Return how far the answer reaches.

    Parameters
    ----------
    performance : DataFrame
        performance.csv.
    pairs, others : sequence of mapping
        Rows of comparison.csv of the AUC: of the corrected resampled t-test, and of the others.
    permutations, power : DataFrame or None
        Tables of the study.
    partial : str
        What part of the study this is; empty for all of it.
    drawn : bool
        Whether the splits are drawn at random, so that there could be more of them.
    chance : str
        Which arms are better than chance, if the answer does not say it.
    say : Language
    """
    arms = performance[performance["metric"] == "auc"].to_dict("records")
    found = []
    if partial:
        found.append(say("These are results of a part of the study: {part}.", part=say.of(partial)))
    found += [chance] if chance else []
    found += _permutation_test(permutations, say)
    found += _of_the_tests(arms, pairs, say)
    found += _agreement(pairs, others, say)
    found += _power(power, say)
    n_splits = int(performance["n_splits"].max()) if len(performance) else 0
    if drawn and 0 < n_splits < FEW_SPLITS:
        found.append(
            say.plural(
                n_splits,
                "With {n} split this is a first look; WORC's own default is 100.",
                "With {n} splits this is a first look; WORC's own default is 100.",
            )
        )
    found += _undefined(arms, performance, say)
    return found


def _of_the_tests(arms: Rows, pairs: Rows, say: Language) -> Iterator[str]:
    """Say what intervals and tests of repeated splits do and do not show."""
    tested = [arm for arm in arms if not math.isnan(arm["ci_low"])]
    better = [arm for arm in tested if arm["ci_low"] > CHANCE]
    compared = [pair for pair in pairs if not math.isnan(pair["p_adjusted"])]
    if tested and len(better) < len(tested):
        yield say.plural(
            min(int(arm["n_events"]) for arm in tested),
            "An interval that includes 0.5 does not show that there is nothing to predict: with "
            "{n} event only strong predictors stand out.",
            "An interval that includes 0.5 does not show that there is nothing to predict: with "
            "{n} events only strong predictors stand out.",
        )
    if any(not is_clear(pair) for pair in compared):
        yield say("Absence of a clear difference is not evidence that arms are equal.")
    if better and len(arms) > 1:
        yield say("The intervals of the arms are not adjusted for looking at several arms.")
    if better or any(is_clear(pair) for pair in compared):
        yield say("A finding in one cohort needs confirmation in other patients.")
    if tested:
        yield say(
            "Intervals and p-values from repeated splits of the same patients are approximate."
        )


def _permutation_test(permutations: pd.DataFrame | None, say: Language) -> Iterator[str]:
    """Say which arms stand out from chance in the permutation test."""
    if permutations is None or permutations.empty:
        return
    rows = [row for row in permutations.to_dict("records") if not math.isnan(row["p_adjusted"])]
    for stands_out in (True, False):
        said = [row for row in rows if (row["p_adjusted"] < SIGNIFICANT) == stands_out]
        if not said:
            continue
        fields: dict[str, object] = {
            "number": min(int(row["n_permutations"]) for row in said),
            "values": with_and([_permutation_value(row, say) for row in said], say),
        }
        if stands_out:
            yield say(
                "Permutation test, {number} searches with shuffled outcomes: better than chance "
                "({values}).",
                **fields,
            )
        else:
            yield say(
                "Permutation test, {number} searches with shuffled outcomes: not clearly better "
                "than chance ({values}).",
                **fields,
            )
    smallest = 1 / (1 + min((int(row["n_permutations"]) for row in rows), default=0))
    if rows and smallest >= SIGNIFICANT:
        yield say(
            "With so few permutations no p-value below {smallest:.2f} is possible.",
            smallest=smallest,
        )


def _permutation_value(row: Row, say: Language) -> str:
    """Return an arm with its p-value of the permutation test."""
    return say(
        "{arm} {p}",
        arm=say.arm(row["arm"]),
        p=adjusted_p(row, say),
    )


def _agreement(pairs: Rows, others: Rows, say: Language) -> Iterator[str]:
    """Say whether the tests on pooled probabilities agree with the one that the answer follows."""
    verdicts = {
        (pair["arm_a"], pair["arm_b"]): _verdict(pair)
        for pair in pairs
        if not math.isnan(pair["p_adjusted"])
    }
    found: dict[str, list[Row]] = defaultdict(list)
    for row in others:
        verdict = verdicts.get((row["arm_a"], row["arm_b"]))
        if verdict is not None and not math.isnan(row["p_adjusted"]):
            found["agree" if _verdict(row) == verdict else "disagree"].append(row)
    names = dict.fromkeys(row["test"] for row in others)
    tests = with_and([_test_name(name, say) for name in names], say)
    if found["agree"] and not found["disagree"]:
        yield say("On the pooled probabilities the same is found by: {tests}.", tests=tests)
    for row in found["disagree"][:_MOST_DISAGREEMENTS]:
        fields: dict[str, object] = {
            "arm": say.arm(row["arm_a"]),
            "other": say.arm(row["arm_b"]),
            "test": _test_name(row["test"], say),
            "p": adjusted_p(row, say),
        }
        if is_clear(row):
            yield say(
                "{arm} and {other}: on the pooled probabilities the {test} finds a clear "
                "difference ({p}), which the corrected resampled t-test does not; the answer "
                "follows the latter.",
                **fields,
            )
        else:
            yield say(
                "{arm} and {other}: on the pooled probabilities the {test} finds no clear "
                "difference ({p}), unlike the corrected resampled t-test, which the answer "
                "follows.",
                **fields,
            )
    left = len(found["disagree"]) - _MOST_DISAGREEMENTS
    if left > 0:
        yield say.plural(
            left,
            "In {n} more comparison the tests disagree; see the table of comparisons.",
            "In {n} more comparisons the tests disagree; see the table of comparisons.",
        )


def _verdict(row: Row) -> int:
    """Return which arm a test finds clearly better: 1 the first, -1 the second, 0 neither."""
    if not is_clear(row):
        return 0
    return 1 if row["difference"] > 0 else -1


def _test_name(name: str, say: Language) -> str:
    """Return the name of a test in the comparison table as in a sentence."""
    return {
        "DeLong test": say("DeLong test"),
        "bootstrap over patients": say("bootstrap over patients"),
    }.get(name, name)


def _power(power: pd.DataFrame | None, say: Language) -> Iterator[str]:
    """Say how wide the interval of an AUC is in such a cohort, and what difference is seen."""
    if power is None or power.empty:
        return
    chosen = power[(power["auc"] == TYPICAL_AUC) & (power["correlation"] == TYPICAL_CORRELATION)]
    for row in chosen.head(1).to_dict("records"):
        fields: dict[str, object] = {
            "n_patients": int(row["n_patients"]),
            "n_events": int(row["n_events"]),
            "auc": float(row["auc"]),
            "half_width": float(row["half_width"]),
            "difference": float(row["smallest_difference"]),
        }
        if math.isnan(row["smallest_difference"]):
            yield say(
                "With {n_patients} patients, {n_events} with the outcome, an AUC of {auc:.2f} has "
                "an interval of about plus or minus {half_width:.2f}; no difference between arms, "
                "however large, can be seen reliably.",
                **fields,
            )
        else:
            yield say(
                "With {n_patients} patients, {n_events} with the outcome, an AUC of {auc:.2f} has "
                "an interval of about plus or minus {half_width:.2f}; differences between arms "
                "below about {difference:.2f} cannot be seen reliably.",
                **fields,
            )


def _undefined(arms: Rows, performance: pd.DataFrame, say: Language) -> Iterator[str]:
    """Say in how many splits the AUC of an arm is not defined."""
    for arm in arms:
        of_arm = performance.loc[performance["arm"] == arm["arm"], "n_splits"]
        lost = int(of_arm.max() - arm["n_splits"])
        if lost > 0 and arm["n_splits"] > 0:
            yield say.plural(
                lost,
                "{arm}: in {n} split the AUC is not defined, because the test part had patients "
                "of one class only.",
                "{arm}: in {n} splits the AUC is not defined, because the test part had patients "
                "of one class only.",
                arm=say.arm(arm["arm"]),
            )
