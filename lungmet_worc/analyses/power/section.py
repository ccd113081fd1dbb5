"""What the report says of what could be seen at all."""

from __future__ import annotations

import math

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import number_text

REFERENCES = {
    "hanley 1982": (
        "Hanley JA, McNeil BJ. The meaning and use of the area under a receiver operating "
        "characteristic (ROC) curve. Radiology 1982;143(1):29-36. "
        "doi:10.1148/radiology.143.1.7063747"
    ),
    "hanley 1983": (
        "Hanley JA, McNeil BJ. A method of comparing the areas under receiver operating "
        "characteristic curves derived from the same cases. Radiology 1983;148(3):839-843. "
        "doi:10.1148/radiology.148.3.6878708"
    ),
}


def section(material: Material) -> Section:
    """Return which interval and which difference could be expected at all.

    Parameters
    ----------
    material : Material
    """
    say, frame = material.say, material.frame("power")
    shown = material.table("power", say("Interval and difference to expect with these patients."))
    if not shown:
        return Section("power", say("What could be seen with these patients"))
    middle = frame.iloc[(frame["auc"] - 0.7).abs().argsort(kind="stable")]
    middle = middle[middle["auc"] == middle["auc"].iloc[0]]
    row = middle.iloc[(middle["correlation"] - 0.5).abs().argsort(kind="stable")].iloc[0]
    fields = {
        "patients": int(row["n_patients"]),
        "events": int(row["n_events"]),
        "auc": number_text(float(row["auc"]), say=say),
        "half": number_text(float(row["half_width"]), say=say),
        "correlation": number_text(float(row["correlation"]), 1, say=say),
    }
    if math.isnan(row["smallest_difference"]):
        text = say(
            "With {patients} patients, {events} of them with the outcome, an AUC of {auc} is known "
            "to within about {half} on either side; no difference between two arms, however "
            "large, would be told apart in four of five such studies (correlation of the arms' "
            "predictions {correlation}).",
            **fields,
        )
    else:
        text = say(
            "With {patients} patients, {events} of them with the outcome, an AUC of {auc} is known "
            "to within about {half} on either side, and two arms must differ by about {difference} "
            "in AUC to be told apart in four of five such studies (correlation of the arms' "
            "predictions {correlation}).",
            difference=number_text(float(row["smallest_difference"]), say=say),
            **fields,
        )
    note = Text(
        say(
            "After Hanley and McNeil (Radiology 1982 and 1983), for independent patients; it "
            "uses no result of this study but the number of patients."
        ),
        "note",
    )
    return Section(
        "power",
        say("What could be seen with these patients"),
        [*if_any(shown, Text(text)), note],
    )


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("power"):
        return []
    return [
        say(
            "The expected half-width of the interval of an AUC {first} and the smallest "
            "difference between two correlated AUCs that is seen with a power of 80% at a "
            "two-sided level of 5% {second} are computed from the numbers of patients and "
            "events.",
            first=cite("hanley 1982"),
            second=cite("hanley 1983"),
        )
    ]
