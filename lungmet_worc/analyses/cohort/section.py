"""What the report says of who was studied."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.cohort.table import (
    SHOWN_ROWS,
    cohort_flow,
    patients_table,
    shown_patients,
    who_left_out,
)
from lungmet_worc.analyses.material import Material
from lungmet_worc.display.blocks import Block, Bullets, Details, Pairs, Section, Text


def section(material: Material) -> Section:
    """Return who entered the study, and who did not and why.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    blocks: list[Block] = material.figure("flow")
    flow = _alike(cohort_flow(context.cohort, say=say), material)
    if len(flow):
        blocks.append(
            material.text_table(flow, say("Who entered each arm, and why others did not."))
        )
    excluded = [(patient, say.of(why)) for patient, why in context.excluded]
    if excluded:
        blocks.append(
            Pairs(
                excluded[:SHOWN_ROWS],
                say("Patients left out during the run, and why."),
                say("Patient"),
                say("Why"),
            )
        )
        if len(excluded) > SHOWN_ROWS:
            blocks.append(
                Text(
                    say(
                        'The first {shown} of {all}; "lungmet status" lists all.',
                        shown=SHOWN_ROWS,
                        all=len(excluded),
                    ),
                    "note",
                )
            )
    return Section("cohort", say("Cohort"), [*blocks, *_by_patient(material)])


def _alike(flow: pd.DataFrame, material: Material) -> pd.DataFrame:
    """Return one row where the same patients enter every arm."""
    arm = material.say("Arm")
    if len(flow) < 2 or len(flow.drop(columns=arm).drop_duplicates()) > 1:
        return flow
    return flow.head(1).assign(**{arm: material.say("Every arm")})


def _by_patient(material: Material) -> list[Block]:
    """Return the cohort patient by patient, on demand."""
    say, whole = material.say, material.context.cohort
    if not whole.patients or not whole.arms:
        return []
    blocks: list[Block] = []
    if left_out := who_left_out(whole, say=say):
        blocks.append(Bullets(left_out))
    shown, note = shown_patients(whole, say=say)
    if note:
        blocks.append(Text(note))
    if shown:
        caption = say("Scans of each patient, and the arms that the patient enters.")
        blocks.append(material.text_table(patients_table(whole, shown, say), caption))
    return [Details(say("The cohort, patient by patient"), blocks)]
