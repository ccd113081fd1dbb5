"""The parts of the report about who was studied: cohort, scans, arms."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.cohort.table import (
    SHOWN_ROWS,
    cohort_flow,
    patients_table,
    shown_patients,
    who_left_out,
)
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Block, Bullets, Details, Pairs, Section, Text
from lungmet_worc.display.wording import arm_label


def cohort(material: Material) -> Section:
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


def scans(material: Material) -> Section:
    """Return how the images were made.

    Parameters
    ----------
    material : Material
    """
    # It brings the libraries that read images.
    from lungmet_worc.analyses.acquisition.table import said

    say = material.say
    frame = material.frame("acquisition")
    caption = say("Properties of the images, over all patients: median (smallest to largest).")
    shown = material.table("acquisition", caption, said(frame, say)) if len(frame) else []
    note = Text(
        say(
            "Read from the image files and from the columns of the manifest that the study file "
            "names. Differences between scanners can look like differences between tumours."
        ),
        "note",
    )
    return Section("scans", say("Scans and acquisition"), [*shown, note] if shown else [])


def arms(material: Material) -> Section:
    """Return what was compared.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    auc = context.performance[context.performance["metric"] == "auc"].set_index("arm")
    counts = {name: auc[name].astype(int).to_dict() for name in ("n_patients", "n_events")}
    most = context.performance.groupby("arm")["n_splits"].max()
    rows = [
        {
            say("Arm"): arm_label(arm, say),
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
