"""What can be wrong with a manifest as a table: its columns and its ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pandas as pd

from lungmet_worc.basics.errors import Problem, did_you_mean, nearest_name
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.reading.spreadsheet import column_cells, is_missing


def used_columns(study: StudyConfig) -> dict[str, str]:
    """Return every column that the study names -> the key that names it first."""
    named = [(study.cohort.patient_id, "cohort.patient_id"), (study.outcome, "study.outcome")]
    for name, modality in study.modalities.items():
        named += [(column.name, f"modalities.{name}.{column.key}") for column in modality.columns]
    for name, arm in study.arms.items():
        named += [(column, f"arms.{name}.clinical") for column in arm.clinical]
    named += _described(study)
    used: dict[str, str] = {}
    for column, key in named:
        used.setdefault(column, key)
    return used


def _described(study: StudyConfig) -> Iterator[tuple[str, str]]:
    """Yield the columns that describe patients and scans -> the key that names them."""
    if study.cohort.centre is not None:
        yield study.cohort.centre, "cohort.centre"
    for name, modality in study.modalities.items():
        if modality.combat is not None:
            yield modality.combat.batch, f"modalities.{name}.combat.batch"
            for column in modality.combat.covariates:
                yield column, f"modalities.{name}.combat.covariates"
    for column in study.statistics.subgroups:
        yield column, "statistics.subgroups"
    for column in study.report.acquisition:
        yield column, "report.acquisition"


def missing_columns(
    study: StudyConfig, columns: tuple[str, ...], header_row: int | None = 1
) -> Iterator[Problem]:
    """Report columns that the study names and the manifest lacks."""
    for column, key in used_columns(study).items():
        if column not in columns:
            what = Sentence(
                "The manifest has no such column; {key} of the study file names it.", key=key
            )
            remedy = did_you_mean(column, columns)
            file = study.cohort.manifest.name
            yield Problem(what, remedy, file=file, row=header_row, column=column)


def column_conflicts(study: StudyConfig) -> Iterator[Problem]:
    """Report a column that the study file uses for two different things.

    Several modalities may share an image column (two readers) or a mask column (co-registered
    scans).
    """
    file = study.cohort.manifest.name
    uses: dict[str, list[Sentence]] = {}
    patient_id, outcome = Sentence("patient id"), Sentence("outcome")
    clinical = Sentence("clinical feature")
    named = [(study.cohort.patient_id, patient_id), (study.outcome, outcome)]
    for modality in study.modalities.values():
        named += [(column.name, column.holds) for column in modality.columns]
    for arm in study.arms.values():
        named += [(column, clinical) for column in arm.clinical]
    for column, use in named:
        if use not in uses.setdefault(column, []):
            uses[column].append(use)
    for column, different in uses.items():
        for other in different[1:]:
            what = Sentence(
                "The study file uses this column as {one} and as {other}.",
                one=different[0],
                other=other,
            )
            remedy = Sentence("Correct the study file.")
            yield Problem(what, remedy, file=file, row=1, column=column)


def twin_problems(study: StudyConfig, frame: pd.DataFrame) -> Iterator[Problem]:
    """Warn of ids that are probably one, written in two ways: 7 and 007, P1 and P 01."""
    column = study.cohort.patient_id
    ids = column_cells(frame, column) if column in frame.columns else {}
    first_rows: dict[str, tuple[int, str]] = {}
    for row, patient_id in ids.items():
        first_row, first_id = first_rows.setdefault(_plain_id(patient_id), (row, patient_id))
        if first_id.lower() == patient_id.lower() or is_missing(patient_id):
            continue
        what = Sentence(
            'The id is probably "{id}" of row {row}, written otherwise; they count as two '
            "patients.",
            id=first_id,
            row=first_row,
        )
        remedy = Sentence(
            "If this is one patient, keep one row. Excel drops zeros at the beginning of a number."
        )
        file = study.cohort.manifest.name
        yield Problem(
            what, remedy, "warning", file=file, row=row, column=column, patient=patient_id
        )


def _plain_id(patient_id: str) -> str:
    """Return an id without what programs change: spaces, zeros in front, a decimal .0, width."""
    text = "".join(unicodedata.normalize("NFKC", patient_id).casefold().split())
    text = re.sub(r"^(\d+)\.0$", r"\1", text)
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", text)


def id_problems(study: StudyConfig, frame: pd.DataFrame) -> Iterator[Problem]:
    """Report rows without an id, and ids that are there twice or differ in case only."""
    file = study.cohort.manifest.name
    column = study.cohort.patient_id
    if column not in frame.columns:
        return
    first_rows: dict[str, tuple[int, str]] = {}
    for row, patient_id in zip(frame.index, frame[column], strict=True):
        if is_missing(patient_id):
            what, remedy = Sentence("The patient has no id."), Sentence("Give each patient an id.")
            yield Problem(what, remedy, file=file, row=int(row), column=column)
            continue
        first_row, first_id = first_rows.setdefault(patient_id.lower(), (int(row), patient_id))
        if first_row == row:
            continue
        if first_id == patient_id:
            what = Sentence("The id is also in row {row}.", row=first_row)
            remedy = Sentence(
                "Keep one row for each patient, or correct the id of the other. (Spaces at an end "
                "and characters that nobody sees do not make ids differ.)"
            )
        else:
            what = Sentence(
                'The id differs from "{id}" in row {row} by upper and lower case only.',
                id=first_id,
                row=first_row,
            )
            remedy = Sentence(
                "Give them ids that differ in more: on some computers these are the same file."
            )
        yield Problem(what, remedy, file=file, row=int(row), column=column, patient=patient_id)


def exclude_problems(study: StudyConfig, ids: list[str]) -> Iterator[Problem]:
    """Report patients that are to be excluded but are not there."""
    file = study.file_name
    known = set(ids)
    for patient_id in study.cohort.exclude:
        if patient_id not in known:
            what = Sentence("This patient is to be excluded, but is not in the manifest.")
            nearest = nearest_name(patient_id, ids)
            remedy = (
                Sentence('Did you mean "{nearest}"?', nearest=nearest)
                if nearest
                else Sentence("Correct or remove the id.")
            )
            yield Problem(what, remedy, file=file, column="cohort.exclude", patient=patient_id)
