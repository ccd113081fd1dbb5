"""What the report says of thresholds."""

from __future__ import annotations

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text

UNDER = "performance"


def section(material: Material) -> Section:
    """Return sensitivity, specificity and confusion at each threshold.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.folded(
        "thresholds", say("Measures at each threshold: mean over the splits (95% interval).")
    )
    confusion = material.folded(
        "confusion",
        say("Confusion matrices: right and wrong predictions, summed over all tests."),
    )
    return Section(
        "thresholds",
        say("At which probability is a patient called positive?"),
        [
            *if_any(
                shown,
                Text(
                    say(
                        "A prediction is a probability; a decision needs a threshold. Beside 0.5 "
                        "there are Youden's threshold (the largest sum of sensitivity and "
                        "specificity) and the highest one that reaches the sensitivity that the "
                        "study file asks for, so that few patients with the outcome are missed. "
                        "Both are chosen inside the training part only, never on the patients "
                        "they are tested on."
                    )
                ),
            ),
            *confusion,
            *(
                [
                    Text(
                        say(
                            "A patient is counted once for each split that tested the patient, "
                            "so that the counts are larger than the number of patients."
                        ),
                        "note",
                    )
                ]
                if confusion
                else []
            ),
        ],
    )
