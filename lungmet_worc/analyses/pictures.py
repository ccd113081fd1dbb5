"""The figures of a report: data, words for who cannot see them, captions."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.sections import SHOWN_CURVES
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.blocks import Picture
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import arm_label, interval_text

IMAGE_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
#: Points: a figure that is wider was drawn for the width of the page, not for one column of it.
COLUMN = 300.0
#: Bytes of pictures that a report holds, so that it stays below 5 MB with its tables.
MOST_BYTES = 4_000_000


def picture_of(name: str, path: Path, performance: pd.DataFrame, say: Language) -> Picture:
    """Return a figure as the report holds it.

    Parameters
    ----------
    name : str
        As `lungmet_worc.analyses.all_figures.write_all_figures` names it.
    path : Path
        PNG or SVG.
    performance : DataFrame
        Table of that name.
    say : Language

    Raises
    ------
    ResultsError
        If the file is missing or is neither PNG nor SVG.
    """
    kind = IMAGE_TYPES.get(path.suffix.lower())
    if kind is None:
        message = Sentence(
            "The figure {file} is neither PNG nor SVG, so the report cannot hold it.",
            file=path.name,
        )
        raise ResultsError(message)
    if not path.is_file():
        message = Sentence(
            "The figure {file} is missing. Run the report stage again.", file=path.name
        )
        raise ResultsError(message)
    aucs = _aucs(performance, say)
    alt, caption = _words(name, aucs, say)
    content = path.read_bytes()
    return Picture(name, data_url(content, kind), alt, caption, _is_wide(name, content))


def _is_wide(name: str, content: bytes) -> bool:
    """Tell whether a figure takes the width of the page: by its size, if it is an SVG."""
    size = re.search(rb'<svg[^>]* viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', content[:4000])
    if size is None:
        return not name.startswith("roc")
    return float(size[1]) > COLUMN


def data_url(content: bytes, kind: str = "image/png") -> str:
    """Return a picture as the source of an image that is in no other file.

    Parameters
    ----------
    content : bytes
    kind : str
        Media type.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def within(pictures: Mapping[str, Picture], most: int = MOST_BYTES) -> dict[str, Picture]:
    """Leave out what would make a report too large, figures of single arms first.

    Parameters
    ----------
    pictures : mapping of str to Picture
    most : int
        Bytes of all pictures together.
    """
    order = sorted(pictures, key=lambda name: name.startswith("roc_"))
    kept, used = set(), 0
    for name in order:
        size = len(pictures[name].data)
        if used + size <= most:
            kept.add(name)
            used += size
    return {name: picture for name, picture in pictures.items() if name in kept}


def _aucs(performance: pd.DataFrame, say: Language) -> dict[str, str]:
    """Return the AUC of each arm with its interval."""
    rows = performance[performance["metric"] == "auc"].to_dict("records")
    return {
        str(row["arm"]): interval_text(row["mean"], row["ci_low"], row["ci_high"], say=say)
        for row in rows
    }


def _words(name: str, aucs: Mapping[str, str], say: Language) -> tuple[str, str]:
    """Return what a figure shows, for who cannot see it, and its caption."""
    listed = "; ".join(f"{arm_label(arm, say)} {text}" for arm, text in aucs.items())
    arm = name.removeprefix("roc_")
    if name.startswith("roc_") and arm in aucs:
        return _words_of_arm(arm, aucs[arm], say)
    if name == "roc":
        return (
            say("ROC curves of all arms with their intervals. AUC: {listed}.", listed=listed),
            _roc_caption(len(aucs), say),
        )
    if name == "auc":
        return (
            say(
                "AUC of each arm with its 95% interval, beside the line of chance. {listed}.",
                listed=listed,
            ),
            say(
                "AUC of each arm: mean over the splits with its corrected resampled 95% "
                "interval; pale dots are single splits; the dashed line is chance."
            ),
        )
    return _words_of_results(name, say) or _words_of_patients(name, say) or (name, name)


def _words_of_arm(arm: str, auc: str, say: Language) -> tuple[str, str]:
    return (
        say(
            "ROC curve of {arm} with its interval band. AUC {auc}.",
            arm=arm_label(arm, say),
            auc=auc,
        ),
        say(
            "{arm}: thin lines are single splits ({most} at most), the band is the pointwise "
            "corrected resampled 95% interval of the mean of all.",
            arm=arm_label(arm, say),
            most=SHOWN_CURVES,
        ),
    )


def _roc_caption(n_arms: int, say: Language) -> str:
    if n_arms == 1:
        return say(
            "Mean ROC curve over the splits; the band (from two splits on) is its pointwise "
            "corrected resampled 95% interval, the dashed diagonal is chance."
        )
    return say(
        "Mean ROC curve of each arm over the splits: how many patients with the outcome are "
        "found (upwards) for how many false alarms (to the right). Vertical bars are pointwise "
        "corrected resampled 95% intervals; the dashed diagonal is chance."
    )


def _words_of_results(name: str, say: Language) -> tuple[str, str] | None:
    if name == "comparison":
        return (
            say("Difference in AUC of each pair of arms with its 95% interval, beside zero."),
            say(
                "Differences in AUC between arms with their 95% intervals; an interval that "
                "crosses the dashed line at zero shows no clear difference."
            ),
        )
    if name == "calibration":
        return (
            say("Calibration curve of each arm: observed share against predicted probability."),
            say(
                "Observed share of patients with the outcome against the predicted probability, "
                "in groups of equally many patients, with 95% intervals. On the dashed diagonal "
                "a predicted 30% means that 30 of 100 such patients have the outcome."
            ),
        )
    if name == "decision":
        return (
            say("Net benefit of each arm against the threshold, with treating all and none."),
            say(
                "Net benefit: patients rightly acted upon minus those wrongly acted upon, "
                "weighted by the threshold. An arm is of use only where it lies above both "
                '"all" and "none".'
            ),
        )
    if name == "subgroups":
        return (
            say("AUC of each subgroup with its 95% interval, arm by arm."),
            say(
                "AUC within subgroups with 95% intervals; subgroups with too few events have "
                "none. The dashed line is chance."
            ),
        )
    return None


def _words_of_patients(name: str, say: Language) -> tuple[str, str] | None:
    if name == "flow":
        return (
            say("Flow diagram of the cohort: who is in the manifest, who enters each arm."),
            say("From the manifest to the arms: how many patients, and why others do not enter."),
        )
    if name == "importance":
        return (
            say("Fall of the AUC of each arm when a group of features is permuted."),
            say(
                "How much the AUC of the test parts falls when the features of a group are "
                "mixed up among the patients, with 95% intervals: around zero, the models do "
                "not need the group."
            ),
        )
    if name == "posteriors":
        return (
            say("Predicted probability of each patient by outcome, arm by arm."),
            say(
                "Mean predicted probability of each patient in the splits that tested the "
                "patient; the further apart the two outcomes lie, the better the arm."
            ),
        )
    return None
