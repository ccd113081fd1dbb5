"""What the report says of how the images were made."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material
from lungmet_worc.display.blocks import Section, Text


def section(material: Material) -> Section:
    """Return how the images were made.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    caption = say("Properties of the images, over all patients: median (smallest to largest).")
    shown = material.table("acquisition", caption)
    note = Text(
        say(
            "Read from the image files and from the columns of the manifest that the study file "
            "names. Differences between scanners can look like differences between tumours."
        ),
        "note",
    )
    return Section("scans", say("Scans and acquisition"), [*shown, note] if shown else [])
