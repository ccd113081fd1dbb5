"""What the report says of the performance of each arm."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material
from lungmet_worc.analyses.performance.table import PERFORMANCE
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.analyses.untested.sentences import untested_sentences
from lungmet_worc.display.blocks import Block, Details, Pictures, Section, Table, Text
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import interval_text

MAIN = ("auc", "bca")

REFERENCES = {
    "fawcett": (
        "Fawcett T. An introduction to ROC analysis. Pattern Recognition Letters "
        "2006;27:861-874. doi:10.1016/j.patrec.2005.10.010"
    ),
}


def main_table(material: Material) -> Table:
    """Return the table of the first screen: an arm in each row.

    Parameters
    ----------
    material : Material
    """
    say, performance = material.say, material.frame("performance")
    heads = {"auc": say("AUC (95% interval)"), "bca": say("Balanced accuracy (95% interval)")}
    rows = []
    for arm, of_arm in performance.groupby("arm", sort=False):
        by_metric = {str(row["metric"]): row for row in of_arm.to_dict("records")}
        auc = by_metric["auc"]
        row = {say("Arm"): say.arm(str(arm))}
        for metric in MAIN:
            if metric in by_metric:
                found = by_metric[metric]
                row[heads[metric]] = interval_text(
                    found["mean"], found["ci_low"], found["ci_high"], say=say
                )
        # Behind the numbers that count: a phone shows the first columns.
        row[say("Patients")] = str(int(auc["n_patients"]))
        row[say("Events")] = str(int(auc["n_events"]))
        rows.append(row)
    return material.text_table(pd.DataFrame(rows), say("Performance of each arm in short."))


def main_notes(material: Material) -> list[Text]:
    """Return what the words of the first table mean.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    return [
        Text(
            say(
                "AUC: how often a patient with the outcome gets a higher predicted probability "
                "than one without; 0.5 is chance, 1 is perfect. Balanced accuracy: mean of "
                "sensitivity and specificity. Events: patients with the outcome."
            ),
            "note",
            "performance",
            say("All measures"),
        )
    ]


def section(material: Material) -> Section:
    """Return every measure of every arm.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    frame = PERFORMANCE.readable(context.tables["performance"], say)
    caption = say("Performance of each arm: mean over the splits (95% interval).")
    blocks: list[Block] = [
        Table(frame, caption),
        Text(
            say(
                "Patients and events are those tested at least once. A number of splits after a "
                "value: the measure is defined in so many splits only. A Brier score is better "
                "the lower it is; of everything else more is better."
            ),
            "note",
        ),
        *(Text(text, "note") for text in untested_sentences(context, say)),
        *material.figure("auc"),
    ]
    single = [picture for picture in material.pictures.values() if picture.arm]
    if single and len(context.arms) > 1:
        blocks.append(Details(say("ROC curve of each arm by itself"), [Pictures(single)]))
    missing = len(context.figures) - len(material.pictures)
    if missing > 0:
        blocks.append(
            Text(
                say.plural(
                    missing,
                    "{n} figure of a single arm is left out to keep this file small; it is in "
                    "the folder figures.",
                    "{n} figures of single arms are left out to keep this file small; they are "
                    "in the folder figures.",
                ),
                "note",
            )
        )
    return Section("performance", say("Performance"), blocks)


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
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
    return found


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    return {"n_splits": len({split.split for arm in results.arms for split in arm.splits})}
