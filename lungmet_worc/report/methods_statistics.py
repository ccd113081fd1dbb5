"""The sentences of the methods that tell how performance was estimated and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.thresholds.table import YOUDEN
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import joined
from lungmet_worc.report.references import Citations

DELONG = "DeLong test"
BOOTSTRAP = "bootstrap over patients"


def performance_sentences(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say how the performance of an arm was estimated.

    Parameters
    ----------
    context : ReportContext
    say : Language
    cite : Citations
    """
    found = [
        say(
            "Values are means over the splits with corrected resampled 95% intervals {cited}, "
            "clipped to 0 and 1.",
            cited=cite("nadeau"),
        )
    ]
    if "roc" in context.figures:
        found.append(
            say(
                "ROC curves were averaged vertically over the splits {cited}.",
                cited=cite("fawcett"),
            )
        )
    found += _thresholds(context, say, cite)
    pooled = any(_has(context, name) for name in ("calibration", "subgroups"))
    if pooled or "decision" in context.figures or {DELONG, BOOTSTRAP} & _tests(context):
        found.append(
            say(
                "The pooled probability of a patient is the mean of the probabilities over the "
                "splits in which the patient was in the test part."
            )
        )
    if _has(context, "calibration"):
        found.append(
            say(
                "Calibration of the pooled probabilities is given as intercept and slope of "
                "logistic recalibration {cox}, as a curve over groups of equal size with Wilson "
                "intervals {wilson} and as expected calibration error {naeini}, in line with "
                "recommendations {van_calster}.",
                cox=cite("cox"),
                wilson=cite("wilson"),
                naeini=cite("naeini"),
                van_calster=cite("van calster"),
            )
        )
    if "decision" in context.figures:
        found.append(
            say(
                "Decision curves show the net benefit of the pooled probabilities beside that of "
                "treating all patients and of treating none {cited}.",
                cited=cite("vickers"),
            )
        )
    return found


def _thresholds(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say which thresholds were used and where they were chosen."""
    if not _has(context, "thresholds"):
        return []
    rules = {str(rule) for rule in context.tables["thresholds"]["rule"]}
    if YOUDEN not in rules:
        return []
    return [
        say(
            "Beside 0.5, two thresholds were used: that of the largest Youden index {cited}, and "
            "the highest with a sensitivity of at least {sensitivity:.2f}.",
            cited=cite("youden"),
            sensitivity=float(_statistics(context).get("sensitivity", 0.9)),
        ),
        say(
            "In each split they were chosen on predictions of the same ensemble for the inner "
            "validation parts of the training part, and then applied to the test part."
        ),
    ]


def comparison_sentences(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say how arms were compared, tested against chance and explained.

    Parameters
    ----------
    context : ReportContext
    say : Language
    cite : Citations
    """
    found = []
    if len(context.comparison):
        found.append(
            say(
                "Arms were compared in pairs on the same splits and patients with the two-sided "
                "corrected resampled t-test {cited}.",
                cited=cite("nadeau"),
            )
        )
        found += _pooled_tests(context, say, cite)
        found.append(
            say(
                "P-values were adjusted for the number of pairs within a measure and test {cited}.",
                cited=cite("holm"),
            )
        )
        found.append(
            say(
                "The AUC is the measure that the conclusions rest on; the other measures are "
                "secondary and not adjusted for their number."
            )
        )
    found += _chance(context, say, cite)
    found += _explanation(context, say, cite)
    if _has(context, "power"):
        found.append(
            say(
                "The expected half-width of the interval of an AUC {first} and the smallest "
                "difference between two correlated AUCs that is seen with a power of 80% at a "
                "two-sided level of 5% {second} are computed from the numbers of patients and "
                "events.",
                first=cite("hanley 1982"),
                second=cite("hanley 1983"),
            )
        )
    found.append(
        say(
            "The items of CLEAR {clear}, METRICS {metrics} and TRIPOD+AI {tripod} that an analysis "
            "can answer by itself are answered in its report.",
            clear=cite("clear"),
            metrics=cite("metrics"),
            tripod=cite("tripod"),
        )
    )
    return found


def _pooled_tests(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say which tests of the AUC were made on pooled probabilities."""
    tests = _tests(context)
    samples = int(_statistics(context).get("bootstrap", 2000))
    if {DELONG, BOOTSTRAP} <= tests:
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
    if DELONG in tests:
        return [
            say(
                "Their AUCs on the pooled probabilities were also compared with DeLong's test "
                "{delong}.",
                delong=cite("delong"),
            )
        ]
    return []


def _chance(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say how arms were tested against chance, and how subgroups were looked at."""
    found = []
    if _has(context, "permutations"):
        number = int(context.tables["permutations"]["n_permutations"].min())
        found.append(
            say.plural(
                number,
                "Each arm was tested against chance by repeating its whole search with a "
                "permuted outcome {ojala}, {n} time; the p-value counts the observed AUC among "
                "the permuted ones {phipson} and is adjusted for the number of arms {holm}.",
                "Each arm was tested against chance by repeating its whole search with permuted "
                "outcomes {ojala}, {n} times; the p-value counts the observed AUC among the "
                "permuted ones {phipson} and is adjusted for the number of arms {holm}.",
                ojala=cite("ojala"),
                phipson=cite("phipson"),
                holm=cite("holm"),
            )
        )
    if _has(context, "subgroups"):
        columns = [str(column) for column in dict.fromkeys(context.tables["subgroups"]["column"])]
        found.append(
            say(
                "In subgroups ({columns}) the AUC of the pooled probabilities has DeLong's "
                "interval {cited}; none is given below 10 patients with or 10 without the outcome.",
                columns=joined(columns, say),
                cited=cite("delong"),
            )
        )
    return found


def _explanation(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say how groups of features and single features were looked at."""
    found = []
    if _has(context, "importance"):
        found.append(
            say(
                "The importance of a group of features is the mean fall of the AUC of the "
                "ensemble in the test parts when the values of all its features are permuted "
                "together among the test patients {cited}.",
                cited=cite("breiman"),
            )
        )
    if _has(context, "features"):
        found.append(
            say(
                "Single features were compared between patients with and without the outcome "
                "with the Mann-Whitney test {mann}, with p-values adjusted after Holm {holm} and "
                "after Benjamini and Hochberg {benjamini}, and with Spearman's correlation with "
                "the tumour volume; no workflow was chosen by these tests.",
                mann=cite("mann"),
                holm=cite("holm"),
                benjamini=cite("benjamini"),
            )
        )
    return found


def _has(context: ReportContext, name: str) -> bool:
    """Tell whether a table of the study has rows."""
    return not context.tables.get(name, pd.DataFrame()).empty


def _tests(context: ReportContext) -> set[str]:
    """Return the names of the tests between arms."""
    comparison = context.comparison
    return set(comparison["test"]) if "test" in comparison else set()


def _statistics(context: ReportContext) -> Mapping[str, Any]:
    """Return the settings of the statistics; none if they are not known."""
    statistics = context.settings.get("statistics")
    return statistics if isinstance(statistics, Mapping) else {}
