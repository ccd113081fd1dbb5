"""The figures of performance: ROC curves, and the AUC of each arm."""

from __future__ import annotations

from lungmet_worc.analyses.performance.auc_figure import auc_figure
from lungmet_worc.analyses.performance.roc_figure import roc_figures
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.style import Drawing

#: "roc_" is the figure of a single arm.
CAPTIONS = {
    "roc": (
        later("ROC curves of all arms with their intervals. AUC: {listed}."),
        later(
            "Mean ROC curve of each arm over the splits: how many patients with the outcome are "
            "found (upwards) for how many false alarms (to the right). Vertical bars are pointwise "
            "corrected resampled 95% intervals; the dashed diagonal is chance."
        ),
    ),
    "roc of one": (
        later("ROC curves of all arms with their intervals. AUC: {listed}."),
        later(
            "Mean ROC curve over the splits; the band (from two splits on) is its pointwise "
            "corrected resampled 95% interval, the dashed diagonal is chance."
        ),
    ),
    "roc_": (
        later("ROC curve of {arm} with its interval band. AUC {auc}."),
        later(
            "{arm}: thin lines are single splits ({most} at most), the band is the pointwise "
            "corrected resampled 95% interval of the mean of all."
        ),
    ),
    "auc": (
        later("AUC of each arm with its 95% interval, beside the line of chance. {listed}."),
        later(
            "AUC of each arm: mean over the splits with its corrected resampled 95% "
            "interval; pale dots are single splits; the dashed line is chance."
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the figures of this analysis."""
    performance = tables["performance"]
    return {
        **roc_figures(results.arms, performance, say),
        "auc": auc_figure(performance, tables["splits"], say),
    }
