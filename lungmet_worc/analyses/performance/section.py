"""The parts of the report about each arm by itself: performance, calibration, subgroups."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.analyses.readable import readable
from lungmet_worc.analyses.untested.section import untested_sentences
from lungmet_worc.display.blocks import Block, Details, Pictures, Section, Table, Text
from lungmet_worc.display.wording import arm_label, interval_text

MAIN = ("auc", "bca")


def main_table(material: Material) -> Table:
    """Return the table of the first screen: an arm in each row.

    Parameters
    ----------
    material : Material
    """
    say, performance = material.say, material.context.performance
    heads = {"auc": say("AUC (95% interval)"), "bca": say("Balanced accuracy (95% interval)")}
    rows = []
    for arm, of_arm in performance.groupby("arm", sort=False):
        by_metric = {str(row["metric"]): row for row in of_arm.to_dict("records")}
        auc = by_metric["auc"]
        row = {say("Arm"): arm_label(str(arm), say)}
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


def performance(material: Material) -> Section:
    """Return every measure of every arm.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    frame = readable(context.performance, "performance", say=say)
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
    single = [
        picture
        for name, picture in material.pictures.items()
        if name.startswith("roc_") and len(context.arms) > 1
    ]
    if single:
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
    return Section(
        "performance", say("Performance"), blocks, [thresholds(material), permutation(material)]
    )


def thresholds(material: Material) -> Section:
    """Return sensitivity, specificity and confusion at each threshold.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.folded(
        "thresholds", say("Measures at each threshold: mean over the splits (95% interval).")
    )
    confusion = material.folded(
        "confusion",
        say("Confusion matrices: right and wrong predictions, summed over all tests."),
    )
    return Section(
        "thresholds",
        say("At which probability is a patient called positive?"),
        [
            *if_any(
                shown,
                Text(
                    say(
                        "A prediction is a probability; a decision needs a threshold. Beside 0.5 "
                        "there are Youden's threshold (the largest sum of sensitivity and "
                        "specificity) and the highest one that reaches the sensitivity that the "
                        "study file asks for, so that few patients with the outcome are missed. "
                        "Both are chosen inside the training part only, never on the patients "
                        "they are tested on."
                    )
                ),
            ),
            *confusion,
            *(
                [
                    Text(
                        say(
                            "A patient is counted once for each split that tested the patient, "
                            "so that the counts are larger than the number of patients."
                        ),
                        "note",
                    )
                ]
                if confusion
                else []
            ),
        ],
    )


def permutation(material: Material) -> Section:
    """Return what the same searches find in permuted outcomes.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.table(
        "permutations", say("AUC of each arm beside that of searches with permuted outcomes.")
    )
    return Section(
        "permutation",
        say("Permutation test against chance"),
        if_any(
            shown,
            Text(
                say(
                    "The outcome was shuffled among the patients and the whole search repeated: "
                    "what such searches reach is chance. p is the share of shuffled searches "
                    "that did at least as well as the real one, counting the real one itself."
                )
            ),
        ),
    )


def calibration(material: Material) -> Section:
    """Return whether predicted probabilities are what is observed.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = [
        *material.figure("calibration"),
        *material.table("calibration", say("Calibration of each arm (95% interval).")),
    ]
    return Section(
        "calibration",
        say("Calibration"),
        if_any(
            shown,
            Text(
                say(
                    "Are the probabilities right, not only their order? Each patient counts once, "
                    "with the mean probability over the splits that tested the patient. Perfect "
                    "are an intercept of 0 (negative: predicted too high), a slope of 1 (below: "
                    "predictions too extreme) and a calibration error of 0."
                )
            ),
        ),
    )


def decision(material: Material) -> Section:
    """Return what acting upon the predictions would bring.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.figure("decision")
    return Section(
        "decision",
        say("Decision curves"),
        if_any(
            shown,
            Text(
                say(
                    "Would acting upon the predictions do more good than treating everybody or "
                    "nobody alike? The threshold says how many unnecessary actions one is ready "
                    "to accept: at 0.2, four for each patient who needs it."
                )
            ),
        ),
    )


def subgroups(material: Material) -> Section:
    """Return the performance in subgroups.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = [
        *material.figure("subgroups"),
        *material.folded("subgroups", say("AUC within subgroups (95% interval).")),
    ]
    return Section(
        "subgroups",
        say("Subgroups"),
        if_any(
            shown,
            Text(
                say(
                    "A subgroup with fewer than 10 events or fewer than 10 patients without the "
                    "event has no number: too few events to say anything. Subgroups were looked "
                    "at without a test between them; a difference here is a question, not a "
                    "finding."
                )
            ),
        ),
    )
