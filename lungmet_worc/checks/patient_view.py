"""The patients of a study one by one: what is there, what is missing, what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lungmet_worc.basics.errors import Problem
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest
from lungmet_worc.study.reading.spreadsheet import is_missing
from lungmet_worc.study.reasons import Reason
from lungmet_worc.study.sources.kinds import column_names

#: What a scan can be, in the order in which they are counted.
SCAN_STATES = (
    later("present"),
    later("not found"),
    later("without mask"),
    later("without image"),
    later("unusable"),
    later("missing"),
)

#: Nobody reads more of a list in one line.
_LONGEST = 40


@dataclass(frozen=True)
class PatientView:
    """One patient of the manifest.

    Parameters
    ----------
    patient_id : str
    rows : tuple of int
        Rows of the manifest; more than one if the id is there more than once.
    outcome : int or None
        1 or 0; None where it is not known.
    scans : mapping of str to str
        Modality -> one of `SCAN_STATES`.
    missing : tuple of str
        Clinical columns in which the patient has no value.
    wrong : tuple of str
        Columns in which the patient's rows have an error.
    arms : mapping of str to Reason or None
        Arm -> why the patient does not enter it now; None where the patient does.
    once_mended : tuple of str
        The arms that the patient enters when all errors are mended.
    """

    patient_id: str
    rows: tuple[int, ...]
    outcome: int | None
    scans: Mapping[str, str]
    missing: tuple[str, ...]
    wrong: tuple[str, ...]
    arms: Mapping[str, Reason | None]
    once_mended: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return all of it, ready for JSON."""
        arms = {arm: why.sentence if why else "yes" for arm, why in self.arms.items()}
        return {**vars(self), "arms": arms}


def patient_views(
    study: StudyConfig,
    manifest: Manifest,
    cohorts: tuple[Cohort, Cohort],
    problems: Iterable[Problem],
) -> list[PatientView]:
    """Return the patients in the order of the manifest.

    Parameters
    ----------
    study : StudyConfig
        Its clinical columns, and who is excluded.
    manifest : Manifest
        The patients.
    cohorts : (Cohort, Cohort)
        Who enters which arm now, and once all errors are mended.
    problems : iterable of Problem
        Everything that is wrong.
    """
    errors: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.severity == "error" and problem.patient:
            errors.setdefault(problem.patient, []).append(problem)
    rows: dict[str, list[int]] = {}
    for patient in manifest.patients:
        rows.setdefault(patient.patient_id, []).append(patient.row)
    cohort, mended = cohorts
    clinical = [column for column in cohort.clinical if column in manifest.columns]
    found = []
    for patient in {each.patient_id: each for each in reversed(manifest.patients)}.values():
        name = patient.patient_id
        wrong = tuple(dict.fromkeys(each.column for each in errors.get(name, ())))
        scans = {}
        for modality, data in patient.data.items():
            state, columns = data.state, column_names(study.modalities[modality])
            unusable = state == "present" and not columns.isdisjoint(wrong)
            scans[modality] = "unusable" if unusable else state
        found.append(
            PatientView(
                name,
                tuple(rows[name]),
                patient.outcome,
                scans,
                tuple(c for c in clinical if is_missing(patient.clinical[c])),
                wrong,
                {arm: cohort.reasons[arm].get(name) for arm in cohort.arms},
                tuple(arm for arm, reasons in mended.reasons.items() if name not in reasons),
            )
        )
    return found[::-1]


def patients_text(
    views: Sequence[PatientView], outcome: str, width: int, say: Language = ENGLISH
) -> str:
    """Return a table with a line for each patient.

    Parameters
    ----------
    views : sequence of PatientView
    outcome : str
        The column of the outcome.
    width : int
        Characters of a line; long lists are cut off at its end.
    say : Language
        Of the reader.
    """
    modalities = [say.names.modality(name) for name in views[0].scans] if views else []
    has_clinical = any(view.missing for view in views)
    head = [say("patient"), say("row"), outcome, *modalities]
    head += [say("value missing")] if has_clinical else []
    to_mend = any(view.wrong for view in views)
    head += [say("to mend"), say("arms, once mended")] if to_mend else [say("arms")]
    rows = [head]
    for view in views:
        cells = [view.patient_id, ", ".join(map(str, view.rows))]
        cells.append("?" if view.outcome is None else str(view.outcome))
        cells += ["-" if state == "missing" else say(state) for state in view.scans.values()]
        cells += [", ".join(view.missing)] if has_clinical else []
        cells += [", ".join(view.wrong)] if to_mend else []
        rows.append([*cells, _arms_text(view, say)])
    return "\n".join(_fitting(rows, width)) + "\n"


def _arms_text(view: PatientView, say: Language) -> str:
    if not view.once_mended:
        return say("none")
    if len(view.once_mended) == len(view.arms):
        return say("all")
    return ", ".join(say.names.arms.get(arm, arm) for arm in view.once_mended)


def _fitting(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield rows as aligned lines; the widest columns give way where they do not fit."""
    widths = [min(_LONGEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 4:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [_cut(cell, size).ljust(size) for cell, size in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _cut(cell: str, size: int) -> str:
    return cell if len(cell) <= size else f"{cell[: size - 2]}.."
