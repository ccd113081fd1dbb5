"""What columns, measures, groups and kinds of the tables are called for people."""

from __future__ import annotations

from collections.abc import Mapping

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.measures import METRIC_NAMES
from lungmet_worc.display.wording import arm_label, modality_label, yes_no

P_COLUMNS = frozenset({"p_value", "p_adjusted", "p_holm", "p_fdr"})
ARM_COLUMNS = frozenset({"arm", "arm_a", "arm_b"})
SHARE_COLUMNS = frozenset({"share", "share_of_candidates", "chosen"})

HEADINGS: Mapping[str, str] = {
    **METRIC_NAMES,
    "arm": later("Arm"),
    "metric": later("Measure"),
    "mean": later("Mean"),
    "ci_low": later("95% interval, low"),
    "ci_high": later("95% interval, high"),
    "n_splits": later("Splits"),
    "n_patients": later("Patients"),
    "n_events": later("Events"),
    "split": later("Split"),
    "n_train": later("Training patients"),
    "n_test": later("Test patients"),
    "patient_id": later("Patient"),
    "outcome": later("Outcome"),
    "n_tested": later("Times tested"),
    "posterior_mean": later("Mean probability"),
    "posterior_sd": later("Standard deviation"),
    "times_correct": later("Times right"),
    "arm_a": later("Arm A"),
    "arm_b": later("Arm B"),
    "difference": later("Difference, A minus B"),
    "p_value": later("p"),
    "p_adjusted": later("p, adjusted (Holm)"),
    "p_holm": later("p, adjusted (Holm)"),
    "p_fdr": later("p, false discovery rate"),
    "test": later("Test"),
    "rule": later("Threshold"),
    "true_positive": later("True positive"),
    "false_positive": later("False positive"),
    "false_negative": later("False negative"),
    "true_negative": later("True negative"),
    "n_tests": later("Tests"),
    "measure": later("Measure"),
    "value": later("Value"),
    "column": later("Variable"),
    "level": later("Subgroup"),
    "note": later("Note"),
    "n_permutations": later("Permutations"),
    "permuted_mean": later("Permuted AUC, mean"),
    "permuted_low": later("Permuted AUC, low"),
    "permuted_high": later("Permuted AUC, high"),
    "half_width": later("Half width of the interval"),
    "correlation": later("Correlation"),
    "smallest_difference": later("Smallest difference"),
    "kind": later("Kind"),
    "name": later("Name"),
    "n": later("Workflows"),
    "share": later("Share of workflows"),
    "share_of_candidates": later("Share of candidates"),
    "modality": later("Modality"),
    "group": later("Group"),
    "n_features": later("Features"),
    "chosen": later("Chosen"),
    "importance": later("Fall of the AUC"),
    "feature": later("Feature"),
    "volume_correlation": later("Correlation with volume"),
    "property": later("Property"),
    "reason": later("Reason"),
    "Measure": later("Measure"),
}

MEASURES: Mapping[str, str] = {
    **METRIC_NAMES,
    "threshold": later("Threshold"),
    "intercept": later("Calibration intercept"),
    "slope": later("Calibration slope"),
    "expected_calibration_error": later("Expected calibration error"),
}
GROUPS: Mapping[str, str] = {
    "shape": later("Shape"),
    "orientation": later("Orientation"),
    "intensity": later("Intensity"),
    "texture": later("Texture"),
    "filtered": later("Filtered image"),
    "clinical": later("Clinical"),
    "other": later("Other"),
    "all": later("All features"),
}
KINDS: Mapping[str, str] = {
    "classifier": later("Classifier"),
    "step": later("Step"),
    "group": later("Group of features"),
    "typical": later("Typical"),
    "atypical": later("Atypical"),
}
TESTS: Mapping[str, str] = {
    "corrected resampled t-test": later("corrected resampled t-test"),
    "DeLong test": later("DeLong test"),
    "bootstrap over patients": later("bootstrap over patients"),
}
TOO_FEW = later("too few events")
#: What stands in cells that hold no other words of this package.
OTHERS: Mapping[str, str] = {
    TOO_FEW: TOO_FEW,
    "interval not defined": later("interval not defined"),
}

#: Why an arm was not tested in a split.
REASONS: Mapping[str, str] = {
    "nobody": later("none of its patients is in the test part"),
    "too few": later("too few with, or without, the outcome to train on"),
    "alike": later("its training patients hardly differ"),
    "no workflow": later("no candidate workflow could be scored"),
}

_WORDS: Mapping[str, Mapping[str, str]] = {
    "metric": MEASURES,
    "measure": MEASURES,
    "Measure": {name: name for name in METRIC_NAMES.values()},
    "group": GROUPS,
    "kind": KINDS,
    "test": TESTS,
    "note": OTHERS,
    "rule": {"youden": later("Youden index")},
    "modality": {"clinical": GROUPS["clinical"]},
    "reason": REASONS,
}


def heading(column: str, say: Language = ENGLISH) -> str:
    """Return what a column is called; the name itself where it is not known.

    Parameters
    ----------
    column : str
    say : Language
    """
    return say(HEADINGS[column]) if column in HEADINGS else column


def label(column: str, value: object, say: Language = ENGLISH) -> str:
    """Return what a cell of text, or an outcome, is called; its text where it is not known.

    Parameters
    ----------
    column : str
    value : object
    say : Language
    """
    if isinstance(value, Sentence):
        return say.of(value)
    text = str(value)
    if column in ARM_COLUMNS:
        return arm_label(text, say)
    if column == "outcome" and text in {"0", "1"}:
        return yes_no(int(text), say)
    if column == "name":
        modality, _, group = text.rpartition("/")
        if modality == group:
            return label("group", group, say)
        return (
            f"{label('modality', modality, say)}, {say(GROUPS[group])}" if group in GROUPS else text
        )
    if column == "feature":
        # A clinical column is known by its own name.
        return text.removeprefix("PREDICT_original_semf_")
    words = _WORDS.get(column, {})
    if column == "modality" and text not in words:
        return modality_label(text, say)
    return say(words[text]) if text in words else text
