"""What the report says of single features."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material
from lungmet_worc.display.blocks import Section, Text

SHOWN_FEATURES = 10
UNDER = "explanation"


def section(material: Material) -> Section:
    """Return the features that differ most between patients with and without the outcome.

    Parameters
    ----------
    material : Material
    """
    say, frame = material.say, material.frame("features")
    title = say("Single features")
    if frame.empty:
        return Section("features", title)
    first = frame.sort_values("p_value", kind="stable").head(SHOWN_FEATURES)
    caption = say(
        "The {shown} of {all} features with the smallest p-values.",
        shown=len(first),
        all=len(frame),
    )
    return Section(
        "features",
        title,
        [
            Text(
                say(
                    "Description of all patients, not selection: no model has seen this table, "
                    "and an AUC in it is measured on the patients it was found in. A feature "
                    "that follows the tumour volume closely (correlation near 1 or -1) may say "
                    "no more than that the tumour is large."
                )
            ),
            *material.table("features", caption, first),
            Text(
                say(
                    "Mann-Whitney test of each feature, p-values adjusted by Holm's method and "
                    "for the false discovery rate (Benjamini and Hochberg). All features are in "
                    "tables/features.csv."
                ),
                "note",
            ),
        ],
    )
