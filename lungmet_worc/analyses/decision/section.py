"""What the report says of decision curves."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text


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
