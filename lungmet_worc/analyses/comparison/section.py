"""What the report says of differences between arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import BOOTSTRAP_NAME, DELONG_NAME, TEST_NAME
from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material
from lungmet_worc.display.blocks import Block, Bullets, Details, Section, Text
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import (
    comparison_reading,
    interval_text,
    p_text,
)

TESTS = (TEST_NAME, DELONG_NAME, BOOTSTRAP_NAME)

REFERENCES = {
    "efron": (
        "Efron B, Tibshirani RJ. An introduction to the bootstrap. New York: Chapman & Hall; 1993"
    ),
}


def section(material: Material) -> Section:
    """Return the differences between the arms, the AUC first.

    Parameters
    ----------
    material : Material
    """
    say, frame = material.say, material.frame("comparison")
    title = say("Comparison of the arms")
    if frame.empty:
        return Section("comparison", title)
    auc = frame[frame["metric"] == "auc"]
    present = [test for test in TESTS if test in set(auc["test"])]
    assumptions = [_assumption(test, say) for test in present]
    blocks: list[Block] = [
        *material.figure("comparison"),
        material.text_table(
            side_by_side(auc, say=say),
            say("Differences in AUC between arms, on the same splits and patients."),
        ),
        Text(
            say(
                "p-values are adjusted by Holm's method over the pairs of arms within a test. "
                '"Clearly better" rests on the corrected resampled t-test and means an adjusted p '
                'below 0.05; "no clear difference" does not mean that arms are equal.'
            ),
            "note",
        ),
        Bullets(assumptions),
        Text(
            say(
                "Two things are not offered. Net reclassification can favour a model that adds "
                "nothing (Hilden and Gerds, Statistics in Medicine 2014). Ordinary t-tests over "
                "the splits take the splits for independent; they share patients, so that such "
                "p-values are far too small (Nadeau and Bengio, Machine Learning 2003)."
            ),
            "note",
        ),
    ]
    others = frame[(frame["metric"] != "auc") & (frame["test"] == TEST_NAME)]
    secondary = material.table(
        "comparison", say("Differences between arms in the secondary measures."), others
    )
    if secondary:
        note = Text(
            say(
                "Adjusted over the pairs within a measure, not over the measures. For the Brier "
                "score a negative difference favours the first arm."
            ),
            "note",
        )
        blocks.append(Details(say("Other measures"), [*secondary, note]))
    return Section("comparison", title, blocks)


def side_by_side(auc: pd.DataFrame, *, say: Language) -> pd.DataFrame:
    """Return a row for each pair of arms, with every test beside the others.

    Parameters
    ----------
    auc : DataFrame
        Rows of the comparison about the AUC.
    say : Language

    Returns
    -------
    DataFrame
        All cells text.
    """
    names = {
        TEST_NAME: say("corrected t-test"),
        DELONG_NAME: say("DeLong"),
        BOOTSTRAP_NAME: say("bootstrap"),
    }
    present = [test for test in TESTS if test in set(auc["test"])]
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for record in auc.to_dict("records"):
        if record["test"] not in present:
            continue
        pair = (str(record["arm_a"]), str(record["arm_b"]))
        row = rows.setdefault(
            pair,
            {say("Arms"): say("{a} minus {b}", a=say.arm(pair[0]), b=say.arm(pair[1]))},
        )
        row |= _of_test(record, names[record["test"]], say)
        if record["test"] == TEST_NAME:
            row[say("Patients")] = str(int(record["n_patients"]))
            row[say("Reading")] = comparison_reading(record, say=say)
    frame = pd.DataFrame(list(rows.values())).fillna("")
    last = [name for name in (say("Patients"), say("Reading")) if name in frame]
    return frame[[name for name in frame.columns if name not in last] + last]


def _of_test(record: Mapping[Any, Any], name: str, say: Language) -> dict[str, str]:
    """Return difference and p-value of one test."""
    difference = interval_text(record["difference"], record["ci_low"], record["ci_high"], say=say)
    return {
        say("Difference, {test}", test=name): difference,
        say("p, {test}", test=name): p_text(float(record["p_adjusted"]), say=say),
    }


def _assumption(test: str, say: Language) -> str:
    """Say in a plain sentence what a test does, and what it takes for granted."""
    if test == DELONG_NAME:
        return say(
            "DeLong: compares the AUC of each patient's mean probability over the splits that "
            "tested the patient. It assumes independent patients and takes the models as given: "
            "how much other training patients would have changed them is not in it."
        )
    if test == BOOTSTRAP_NAME:
        return say(
            "Bootstrap: draws the patients again and again, with replacement, from those with "
            "and those without the outcome. It assumes no form of the distribution, and like "
            "DeLong takes the models as given."
        )
    return say(
        "Corrected resampled t-test: compares the mean AUC over the splits, with an interval "
        "widened because splits share patients. It assumes that the differences spread about "
        "normally over the splits, and that the correction, which is approximate, is enough."
    )


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("comparison"):
        return []
    return [
        say(
            "Arms were compared in pairs on the same splits and patients with the two-sided "
            "corrected resampled t-test {cited}.",
            cited=cite("nadeau"),
        ),
        *_pooled_tests(context, say, cite),
        say(
            "P-values were adjusted for the number of pairs within a measure and test {cited}.",
            cited=cite("holm"),
        ),
        say(
            "The AUC is the measure that the conclusions rest on; the other measures are "
            "secondary and not adjusted for their number."
        ),
    ]


def _pooled_tests(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Say which tests of the AUC were made on pooled probabilities."""
    tests = context.tests
    samples = int(context.statistics.get("bootstrap", 2000))
    if {DELONG_NAME, BOOTSTRAP_NAME} <= tests:
        return [
            say(
                "Their AUCs on the pooled probabilities were also compared with DeLong's test "
                "{delong} and with {samples} bootstrap samples of patients, stratified by "
                "outcome {efron}.",
                delong=cite("delong"),
                samples=str(samples),
                efron=cite("efron"),
            )
        ]
    if DELONG_NAME in tests:
        return [
            say(
                "Their AUCs on the pooled probabilities were also compared with DeLong's test "
                "{delong}.",
                delong=cite("delong"),
            )
        ]
    return []
