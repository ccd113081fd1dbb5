"""What the report says of what was compared."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text


def section(material: Material) -> Section:
    """Return what was compared.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    performance = material.frame("performance")
    auc = performance[performance["metric"] == "auc"].set_index("arm")
    counts = {name: auc[name].astype(int).to_dict() for name in ("n_patients", "n_events")}
    most = performance.groupby("arm")["n_splits"].max()
    rows = [
        {
            say("Arm"): say.arm(arm),
            say("What it knows of a patient"): description,
            say("Patients"): str(counts["n_patients"][arm]),
            say("Events"): str(counts["n_events"][arm]),
            say("Splits"): str(int(most[arm])),
        }
        for arm, description in context.arms.items()
        if arm in auc.index
    ]
    if not rows:
        return Section("arms", say("Arms"))
    intro = Text(
        say(
            "An arm is one answer to the question what the prediction may know. All arms learn "
            "from and are tested on the same divisions of the patients (splits); no model ever "
            "sees the patients it is tested on."
        )
    )
    caption = say("The arms. Events are patients with the outcome.")
    shown = [material.text_table(pd.DataFrame(rows), caption)]
    return Section("arms", say("Arms"), if_any(shown, intro))
