"""The manifest as it will be once its errors are mended, as far as that can be foreseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lungmet_worc.basics.errors import Problem
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, Patient
from lungmet_worc.study.reading.spreadsheet import is_missing
from lungmet_worc.study.sources.kinds import column_names


def mended(study: StudyConfig, manifest: Manifest, errors: Iterable[Problem]) -> Manifest:
    """Return a manifest in which everything is there that errors keep from being read.

    Who then enters an arm says what follows from the errors and what does not. Nobody knows the
    outcome that will stand in a mended cell: it counts as whichever is rarer so far, so that an
    arm that is still too small is so whatever will stand there.

    Parameters
    ----------
    study : StudyConfig
        Says what the columns mean.
    manifest : Manifest
        As it was read.
    errors : iterable of Problem
        What is to be mended: of one row where they have a patient, otherwise of a whole column.
    """
    whole: set[str] = set()
    of_row: dict[int, set[str]] = {}
    for problem in errors:
        if problem.row is not None and problem.patient:
            of_row.setdefault(problem.row, set()).add(problem.column)
        else:
            whole.add(problem.column)
    outcomes = Counter(patient.outcome for patient in manifest.patients)
    patients = []
    for patient in manifest.patients:
        better = _mended_row(study, manifest, patient, whole | of_row.get(patient.row, set()))
        if better.outcome is None and study.outcome in whole | of_row.get(patient.row, set()):
            better = replace(better, outcome=int(outcomes[1] <= outcomes[0]))
            outcomes[better.outcome] += 1
        patients.append(better)
    return replace(manifest, patients=tuple(patients))


def _mended_row(
    study: StudyConfig, manifest: Manifest, patient: Patient, spoiled: set[str]
) -> Patient:
    """Return a patient with the scans and values of the spoiled columns."""
    data = {
        name: each.mended() if spoiled & column_names(study.modalities[name]) else each
        for name, each in patient.data.items()
    }
    values = dict(_mended_values(study, manifest, patient, spoiled))
    return replace(patient, data=data, clinical={**patient.clinical, **values})


def _mended_values(
    study: StudyConfig, manifest: Manifest, patient: Patient, spoiled: set[str]
) -> Iterator[tuple[str, str]]:
    clinical = {column for arm in study.arms.values() for column in arm.clinical}
    centre = study.cohort.centre
    for column in sorted(spoiled & (clinical | ({centre} if centre else set()))):
        if is_missing(patient.clinical.get(column, "")):
            # Values that differ, as those of a column do that says something.
            yield column, _usual(manifest, column) if column == centre else str(patient.row)


def _usual(manifest: Manifest, column: str) -> str:
    """Return the most frequent value of a column."""
    texts = (patient.clinical.get(column, "") for patient in manifest.patients)
    counts = Counter(text for text in texts if not is_missing(text))
    return counts.most_common(1)[0][0] if counts else "?"
