"""What the report says of subgroups."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text


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
