"""What the report says of calibration."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text


def section(material: Material) -> Section:
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
