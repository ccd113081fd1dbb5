"""What the report says of single patients."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.material import Material
from lungmet_worc.analyses.pictures import MOST_BYTES, data_url
from lungmet_worc.analyses.typical.often_wrong import often_wrong
from lungmet_worc.display.blocks import Block, Card, Cards, Details, Picture, Section, Text
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import number_text, yes_no

#: Patients with pictures, of each kind.
SHOWN_CARDS = 8


def section(material: Material) -> Section:
    """Return patients whom the arms judged rightly, wrongly, or one way and the other.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    return Section(
        "patients",
        say("Patients"),
        [*material.figure("posteriors"), *_wrong(material)],
        [_typical(material)],
    )


def _wrong(material: Material) -> list[Block]:
    """Return who was often wrong."""
    say = material.say
    wrong = often_wrong(material.frame("patients"), say=say)
    if not wrong.n_patients:
        return [Text(say("No patient was put in the wrong class in more than half of the tests."))]
    text = say(
        "{wrong} of {tested} tested patients were put in the wrong class in more than half of "
        "their tests, all arms together; with the outcome: {events}. They are worth a second "
        "look at image, segmentation and outcome.",
        wrong=wrong.n_patients,
        tested=wrong.n_tested,
        events=wrong.n_events,
    )
    blocks: list[Block] = [Text(text)]
    caption = say(
        "Patients most often wrong: in how many of their tests (mean predicted probability)."
    )
    blocks.append(material.text_table(wrong.table, caption))
    if len(wrong.table) < wrong.n_patients:
        blocks.append(
            Text(
                say(
                    "The {shown} most often wrong; all are in tables/patients.csv.",
                    shown=len(wrong.table),
                ),
                "note",
            )
        )
    return blocks


def _typical(material: Material) -> Section:
    """Return typical and atypical patients, with a slice through the tumour.

    Parameters
    ----------
    material : Material
    """
    say, frame = material.say, material.frame("typical")
    title = say("Typical and atypical patients")
    if frame.empty:
        return Section("typical", title)
    shown: list[Block] = [
        Text(
            say(
                "Typical patients are those whom an arm nearly always put in the right class, "
                "atypical ones those whom it nearly always put in the wrong one."
            )
        )
    ]
    room = MOST_BYTES - sum(len(picture.data) for picture in material.pictures.values())
    for kind, heading in (
        ("typical", say("Typical patients with a slice through the tumour")),
        ("atypical", say("Atypical patients with a slice through the tumour")),
    ):
        cards = _cards(frame[frame["kind"] == kind], material)
        size = sum(len(one.data) for card in cards for one in card.pictures)
        if cards and size <= room:
            room -= size
            shown += [Text(heading, "lead"), Cards(cards)]
    caption = say("Typical and atypical patients of each arm.")
    shown.append(Details(caption, material.table("typical", caption)))
    return Section("typical", title, shown)


def _cards(frame: pd.DataFrame, material: Material) -> list[Card]:
    """Return the patients of one kind that have a picture, those of most arms first."""
    by_patient: dict[str, list[dict[str, object]]] = {}
    for record in frame.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        by_patient.setdefault(str(row["patient_id"]), []).append(row)
    order = sorted(by_patient, key=lambda patient: -len(by_patient[patient]))
    cards = []
    for patient in order:
        pictures = _thumbnails(patient, material)
        if pictures:
            lines = _lines(by_patient[patient], material.say)
            cards.append(Card(patient, pictures, lines))
    return cards[:SHOWN_CARDS]


def _thumbnails(patient: str, material: Material) -> list[Picture]:
    say = material.say
    return [
        Picture(
            f"{modality} {patient}",
            data_url(content),
            say(
                "Slice through the tumour of patient {patient} on {modality}.",
                patient=patient,
                modality=say.modality(modality),
            ),
            say.modality(modality),
        )
        for (modality, whose), content in material.context.thumbnails.items()
        if whose == patient
    ]


def _lines(rows: list[dict[str, object]], say: Language) -> list[str]:
    """Return outcome of a patient, and how often which arm was right."""
    lines = [say("Outcome: {outcome}", outcome=yes_no(int(str(rows[0]["outcome"])), say=say))]
    lines += [
        say(
            "{arm}: right in {right} of {tested}, mean probability {probability}",
            arm=say.arm(str(row["arm"])),
            right=int(str(row["times_correct"])),
            tested=int(str(row["n_tested"])),
            probability=number_text(float(str(row["posterior_mean"])), say=say),
        )
        for row in rows
    ]
    return lines
