"""What the report says of the test against chance."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text

UNDER = "performance"


def section(material: Material) -> Section:
    """Return what the same searches find in permuted outcomes.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.table(
        "permutations", say("AUC of each arm beside that of searches with permuted outcomes.")
    )
    return Section(
        "permutation",
        say("Permutation test against chance"),
        if_any(
            shown,
            Text(
                say(
                    "The outcome was shuffled among the patients and the whole search repeated: "
                    "what such searches reach is chance. p is the share of shuffled searches "
                    "that did at least as well as the real one, counting the real one itself."
                )
            ),
        ),
    )
