"""What the report says of thresholds."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.analyses.thresholds.table import YOUDEN
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language

UNDER = "performance"

REFERENCES = {
    "youden": (
        "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3(1):32-35. "
        "doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3"
    ),
}


def section(material: Material) -> Section:
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


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("thresholds"):
        return []
    rules = {str(rule) for rule in context.tables["thresholds"]["rule"]}
    if YOUDEN not in rules:
        return []
    return [
        say(
            "Beside 0.5, two thresholds were used: that of the largest Youden index {cited}, and "
            "the highest with a sensitivity of at least {sensitivity:.2f}.",
            cited=cite("youden"),
            sensitivity=float(context.statistics.get("sensitivity", 0.9)),
        ),
        say(
            "In each split they were chosen on predictions of the same ensemble for the inner "
            "validation parts of the training part, and then applied to the test part."
        ),
    ]


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    splits = [split for arm in results.arms for split in arm.splits]
    return {
        "sensitivity": results.statistics.sensitivity,
        "has_thresholds": bool(splits) and all(len(s.validation_outcome) for s in splits),
    }
