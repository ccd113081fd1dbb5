"""What each table of a study holds: its columns, what they are, its caption and its notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import COMPARISON_COLUMNS
from lungmet_worc.analyses.performance.table import (
    PATIENTS_COLUMNS,
    PERFORMANCE_COLUMNS,
    SPLITS_COLUMNS,
)
from lungmet_worc.display.language import later

INTEGERS = frozenset(
    {
        *("n_splits", "n_patients", "n_events", "n_tests", "n_tested", "n_train"),
        *("n_test", "n_features", "n_permutations", "n", "split", "outcome"),
        *("times_correct", "true_positive", "false_positive", "false_negative", "true_negative"),
    }
)
TEXTS = frozenset(
    {
        *("arm", "arm_a", "arm_b", "metric", "measure", "test"),
        *("patient_id", "rule", "column", "level", "note", "kind"),
        *("name", "modality", "group", "feature", "property", "Measure", "reason"),
    }
)

_OVER_SPLITS = (
    "Intervals are corrected resampled 95% intervals over the splits (Nadeau and Bengio 2003)."
)
_LEFT_OUT = "A measure that a split does not define is left out of its mean."
_POOLED = "The probability of a patient is the mean over the splits that tested the patient."


@dataclass(frozen=True)
class Table:
    """A table of a study.

    Parameters
    ----------
    name : str
        Name of its files.
    sheet : str
        Name of its sheet in the workbook of all tables.
    title : str
        Caption.
    columns : tuple of str
        In this order.
    notes : tuple of str
        Sentences below the table, for people.
    texts : tuple of str
        Columns that are text here and a number in other tables.
    required : bool
        Whether every run has it; the file of another one is left out when it is empty.
    by_arm : bool
        Whether a column of text for each arm follows `columns`.
    counts : bool
        Whether patients, events and splits of the study are said below it.
    """

    name: str
    sheet: str
    title: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    required: bool = False
    by_arm: bool = False
    counts: bool = True

    def kind(self, column: str) -> Literal["integer", "number", "text"]:
        """Return what the cells of a column are.

        Parameters
        ----------
        column : str
        """
        if column in TEXTS or column in self.texts or self.by_arm:
            return "text"
        return "integer" if column in INTEGERS else "number"

    def fits(self, columns: Sequence[str]) -> bool:
        """Tell whether a file with these columns can be this table.

        Parameters
        ----------
        columns : sequence of str
        """
        given = tuple(columns)
        return given[: len(self.columns)] == self.columns if self.by_arm else given == self.columns

    def frame(self, rows: Iterable[Sequence[object]] = ()) -> pd.DataFrame:
        """Return rows as a data frame with the columns and types of this table.

        Parameters
        ----------
        rows : iterable of sequence
            A value for each column.
        """
        frame = pd.DataFrame(list(rows), columns=list(self.columns))
        types = {"integer": "int64", "number": "float64", "text": "object"}
        return frame.astype({column: types[self.kind(column)] for column in self.columns})


_ALL = (
    Table(
        "performance",
        "Performance",
        later("Performance of each arm: mean over the splits (corrected resampled 95% interval)"),
        PERFORMANCE_COLUMNS,
        notes=(_OVER_SPLITS, _LEFT_OUT),
        required=True,
    ),
    Table("splits", "Splits", "Performance in each split", SPLITS_COLUMNS, required=True),
    Table(
        "untested",
        "Splits not tested",
        "Splits in which an arm was not tested: they are in none of its means",
        ("arm", "split", "n_train", "n_test", "reason"),
        notes=(
            "Splits are drawn over the patients of all arms; arms are compared on the splits that "
            "both tested.",
        ),
        counts=False,
    ),
    Table(
        "patients",
        "Patients",
        "Predictions for each patient: mean probability of the outcome over the splits that "
        "tested the patient",
        PATIENTS_COLUMNS,
        required=True,
    ),
    Table(
        "comparison",
        "Comparison",
        later(
            "Differences between the arms (p adjusted by Holm's method over the pairs of a measure)"
        ),
        COMPARISON_COLUMNS,
        notes=(
            "Arms are compared on the splits and patients that both have.",
            "DeLong's test and the bootstrap over patients compare the mean probabilities of the "
            "patients; they do not count how models differ between training parts, so the "
            "conclusion rests on the corrected resampled t-test.",
        ),
        required=True,
        counts=False,
    ),
    Table(
        "thresholds",
        "Thresholds",
        "Performance at thresholds of the probability: mean over the splits (corrected resampled "
        "95% interval)",
        (
            *("arm", "rule", "metric", "mean", "ci_low", "ci_high"),
            *("n_splits", "n_patients", "n_events"),
        ),
        notes=(
            "The threshold is 0.5, or chosen in each split on predictions inside its training "
            "part (largest Youden index; highest threshold that reaches the sensitivity asked "
            "for) and then applied to its test part.",
            _OVER_SPLITS,
            _LEFT_OUT,
        ),
    ),
    Table(
        "confusion",
        "Confusion",
        "Confusion matrix at each threshold, added up over the test parts of all splits",
        (
            *("arm", "rule", "true_positive", "false_positive", "false_negative"),
            *("true_negative", "n_tests", "n_splits"),
        ),
        notes=("A patient counts once for each split that tested the patient.",),
    ),
    Table(
        "calibration",
        "Calibration",
        "Calibration of each arm",
        ("arm", "measure", "value", "ci_low", "ci_high", "n_patients", "n_events"),
        notes=(
            "An intercept of 0 and a slope of 1 are perfect; a slope below 1 means predictions "
            "that are too extreme.",
            _POOLED,
            "Intervals are 95% profile likelihood intervals over patients. The expected "
            "calibration error has none; it is too large in small cohorts.",
        ),
    ),
    Table(
        "subgroups",
        "Subgroups",
        "AUC of each arm in subgroups of patients",
        (
            *("arm", "column", "level", "n_patients", "n_events"),
            *("auc", "ci_low", "ci_high", "note"),
        ),
        notes=(
            _POOLED,
            "Intervals are 95% intervals over patients (DeLong).",
            "Subgroups with fewer than 10 patients with or without the outcome have no AUC. "
            "Nothing is adjusted for the number of subgroups: a difference between two of them "
            "is no finding by itself.",
        ),
    ),
    Table(
        "permutations",
        "Permutations",
        "Test of each arm against chance: the whole search repeated with permuted outcomes",
        (
            *("arm", "n_permutations", "auc", "permuted_mean", "permuted_low", "permuted_high"),
            *("p_value", "p_adjusted"),
        ),
        notes=(
            "The AUC is the mean over the splits; the range holds 95% of the permutations.",
            "p = (1 + permutations with at least this AUC) / (1 + permutations) (Phipson and "
            "Smyth 2010), adjusted by Holm's method over the arms.",
        ),
    ),
    Table(
        "power",
        "Power",
        "What a study of this size can show: half the width of the 95% interval of the AUC, and "
        "the smallest difference in AUC that is found with 80% power",
        (
            *("auc", "n_patients", "n_events", "half_width", "correlation"),
            "smallest_difference",
        ),
        notes=(
            "Hanley and McNeil 1982 and 1983, two-sided at 0.05, without adjustment for the "
            "number of comparisons, as if each patient were predicted once. The correlation is "
            "that of the predictions of the two arms; patients are those that every arm tested. A "
            "difference is not defined where no AUC up to 1 is far enough from the first.",
        ),
        counts=False,
    ),
    Table(
        "workflows",
        "Workflows",
        "What the winning workflows of each arm are made of: share of all workflows in the "
        "ensembles of all splits",
        ("arm", "kind", "name", "n", "share", "share_of_candidates"),
        notes=(
            "Beside a classifier is its share of all candidates that were scored: it was chosen "
            "by merit where its share of the ensembles is larger.",
        ),
    ),
    Table(
        "importance",
        "Importance",
        "Importance of groups of features: mean fall of the AUC when the features of the group "
        "are permuted together among the test patients",
        (
            *("arm", "modality", "group", "n_features", "chosen", "importance"),
            *("ci_low", "ci_high", "n_splits"),
        ),
        notes=(
            "Chosen: share of the workflows in the ensembles that use a feature of the group.",
            "Importance is that of groups that also share information: a group can be replaced "
            "by one that is correlated with it.",
            _OVER_SPLITS,
        ),
    ),
    Table(
        "features",
        "Features",
        "Each feature alone, on all tested patients together: a description, not a test of "
        "prediction in new patients",
        (
            *("modality", "feature", "group", "auc", "p_value", "p_holm", "p_fdr"),
            *("volume_correlation", "n_patients", "n_events"),
        ),
        notes=(
            "Mann-Whitney U test, adjusted over all features by Holm's method and for the false "
            "discovery rate (Benjamini and Hochberg 1995). An AUC below 0.5 means lower values "
            "with the outcome. Correlation with the tumour volume in the same modality "
            "(Spearman).",
        ),
    ),
    Table(
        "acquisition",
        "Acquisition",
        "How the images were made",
        ("modality", "property", "value", "n_patients"),
        texts=("value",),
        counts=False,
    ),
    Table(
        "typical",
        "Typical patients",
        "Patients that each arm classifies right (typical) or wrong (atypical) most often",
        (
            *("arm", "kind", "patient_id", "outcome", "posterior_mean", "n_tested"),
            "times_correct",
        ),
        notes=("At most three of a kind for each arm and outcome, the clearest first.",),
        counts=False,
    ),
    Table(
        "paper",
        "Paper",
        "Performance of each arm: mean over the splits [corrected resampled 95% interval]",
        ("Measure",),
        notes=(_OVER_SPLITS, _LEFT_OUT),
        by_arm=True,
    ),
)

#: Every table by its name.
TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}
