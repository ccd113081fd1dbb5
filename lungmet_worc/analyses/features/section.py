"""What the report says of single features."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language

SHOWN_FEATURES = 10
UNDER = "explanation"

REFERENCES = {
    "mann": (
        "Mann HB, Whitney DR. On a test of whether one of two random variables is "
        "stochastically larger than the other. The Annals of Mathematical Statistics "
        "1947;18(1):50-60. doi:10.1214/aoms/1177730491"
    ),
    "benjamini": (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and "
        "powerful approach to multiple testing. Journal of the Royal Statistical Society, "
        "Series B 1995;57(1):289-300. doi:10.1111/j.2517-6161.1995.tb02031.x"
    ),
}


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


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("features"):
        return []
    return [
        say(
            "Single features were compared between patients with and without the outcome "
            "with the Mann-Whitney test {mann}, with p-values adjusted after Holm {holm} and "
            "after Benjamini and Hochberg {benjamini}, and with Spearman's correlation with "
            "the tumour volume; no workflow was chosen by these tests.",
            mann=cite("mann"),
            holm=cite("holm"),
            benjamini=cite("benjamini"),
        )
    ]


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    return {"has_features": bool(results.matrices)}
