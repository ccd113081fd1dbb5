"""What the report says of subgroups."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import with_and


def section(material: Material) -> Section:
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


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("subgroups"):
        return []
    columns = [str(column) for column in dict.fromkeys(context.tables["subgroups"]["column"])]
    return [
        say(
            "In subgroups ({columns}) the AUC of the pooled probabilities has DeLong's "
            "interval {cited}; none is given below 10 patients with or 10 without the outcome.",
            columns=with_and(columns, say),
            cited=cite("delong"),
        )
    ]


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    return {"subgroups": list(dict.fromkeys(results.statistics.subgroups))}
