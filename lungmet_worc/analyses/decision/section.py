"""What the report says of decision curves."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language

REFERENCES = {
    "vickers": (
        "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating "
        "prediction models. Medical Decision Making 2006;26(6):565-574. "
        "doi:10.1177/0272989X06295361"
    ),
}


def section(material: Material) -> Section:
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


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if "decision" not in context.figures:
        return []
    return [
        say(
            "Decision curves show the net benefit of the pooled probabilities beside that of "
            "treating all patients and of treating none {cited}.",
            cited=cite("vickers"),
        )
    ]
