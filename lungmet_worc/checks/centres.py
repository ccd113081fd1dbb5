"""Whether the centres of a study can be left out one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lungmet_worc.checks.feasibility import FEW_EVENTS, trains
from lungmet_worc.cohort import Cohort
from lungmet_worc.config import StudyConfig
from lungmet_worc.errors import Problem, Severity
from lungmet_worc.splits import Split, centres_of, leave_one_centre_out_splits, restrict

_SETTING = "search.split_type"

#: With fewer centres than these an interval has next to no degrees of freedom.
FEW_CENTRES = 5


def centre_problems(study: StudyConfig, cohort: Cohort, inner_test_size: float) -> list[Problem]:
    """Say what is wrong with leaving out one centre after the other.

    Parameters
    ----------
    study : StudyConfig
        A study whose split type is "leave-one-centre-out".
    cohort : Cohort
        Who enters which arm.
    inner_test_size : float
        Share of the training part in an inner validation part.

    Returns
    -------
    list of Problem
        Those of single patients first; only they have a row.
    """
    centres = centres_of(study, cohort)
    without = list(_without_centre(study, cohort, centres))
    if without:
        return without
    alike = list(_alike(study, centres))
    if alike or not centres:
        return alike
    if len(set(centres.values())) < 2:
        what = f'All patients are of the centre "{next(iter(centres.values()))}".'
        remedy = 'Add patients of another one, or use split_type = "random".'
        return [Problem(what, remedy, file=_file(study), column=_SETTING)]
    outcomes = dict(zip(centres, cohort.outcomes_of(list(centres)), strict=True))
    splits = leave_one_centre_out_splits(list(centres), list(centres.values()))
    problems = list(_harmonised(study))
    if len(splits) < FEW_CENTRES:
        what = f"There are {len(splits)} centres: expect very wide intervals."
        remedy = "Look at the values of each centre in the table of splits."
        problems.append(Problem(what, remedy, "warning", file=_file(study), column=_SETTING))
    for arm, members in cohort.arms.items():
        parts = [restrict(split, members) for split in splits]
        names = [centres[split.test[0]] for split in splits]
        problems += _arm_problems(study, arm, dict(zip(names, parts, strict=True)), outcomes,
                                  inner_test_size)  # fmt: skip
    return problems


def _without_centre(
    study: StudyConfig, cohort: Cohort, centres: Mapping[str, str]
) -> Iterator[Problem]:
    column = study.cohort.centre or ""
    for patient in cohort.patients:
        if centres.get(patient.patient_id, "known") == "":
            yield Problem(
                "The patient has no centre, so it is in no test part.",
                "Fill it in, or name the patient in exclude of [cohort].",
                file=study.cohort.manifest.name,
                row=patient.row,
                column=column,
                patient=patient.patient_id,
            )


def _alike(study: StudyConfig, centres: Mapping[str, str]) -> Iterator[Problem]:
    """Yield centres that are probably one: they differ by case only."""
    spelt: dict[str, set[str]] = {}
    for centre in centres.values():
        spelt.setdefault(centre.casefold(), set()).add(centre)
    for names in spelt.values():
        if len(names) > 1:
            shown = " and ".join(f'"{name}"' for name in sorted(names))
            what = f"The centres {shown} differ by upper and lower case only."
            remedy = "Write a centre the same way in every row."
            column = study.cohort.centre or ""
            yield Problem(what, remedy, file=study.cohort.manifest.name, row=1, column=column)


def _harmonised(study: StudyConfig) -> Iterator[Problem]:
    """Yield a warning where the centre that is left out is harmonised with the others before."""
    used = {modality for arm in study.arms.values() for modality in arm.modalities}
    for name, modality in study.modalities.items():
        if name in used and modality.combat is not None:
            what = (
                f"ComBat harmonises {name} on the patients of all centres, also of the one that is "
                "left out (errata E13): the result does not hold for a new centre."
            )
            remedy = f"Take [modalities.{name}.combat] out to know how well a new centre does."
            column = f"modalities.{name}.combat"
            yield Problem(what, remedy, "warning", file=_file(study), column=column)


def _arm_problems(
    study: StudyConfig,
    arm: str,
    parts: Mapping[str, Split],
    outcomes: Mapping[str, int],
    inner_test_size: float,
) -> Iterator[Problem]:
    """Yield what is wrong with the centres of an arm: centre -> its split."""
    column, outcome = f"arms.{arm}", study.outcome
    empty, untested, untrained = [], [], []
    for centre, part in parts.items():
        events = sum(outcomes[patient_id] for patient_id in part.test)
        if not part.test:
            empty.append(centre)
        elif events in (0, len(part.test)):
            untested.append(centre)
        events = sum(outcomes[patient_id] for patient_id in part.train)
        if not trains(events, len(part.train) - events, inner_test_size):
            untrained.append(centre)
    if empty:
        what = f"Arm {arm} has no patient of {_named(empty)}."
        remedy = 'Set patients = "common" in [cohort], or exclude the patients of these centres.'
        yield Problem(what, remedy, file=_file(study), column=column)
    if untrained:
        what = (
            f"Arm {arm}: without {_named(untrained)} there are too few patients with, or without, "
            f"{outcome} to train on."
        )
        remedy = 'Add patients, join small centres into one, or use split_type = "random".'
        yield Problem(what, remedy, file=_file(study), column=column)
    if untested:
        what = (
            f"Arm {arm}: all patients of {_named(untested)} have the same {outcome}; "
            f"{len(untested)} of {len(parts)} centres give no AUC."
        )
        most = len(untested) > len(parts) / 2
        remedy = "Join small centres into one, or add patients."
        severity: Severity = "error" if most else "warning"
        yield Problem(what, remedy, severity, file=_file(study), column=column)
    members = {patient_id for part in parts.values() for patient_id in part.test}
    events = sum(outcomes[patient_id] for patient_id in members)
    if min(events, len(members) - events) < FEW_EVENTS and not untrained:
        what = (
            f"Arm {arm} has {events} with {outcome} and {len(members) - events} without: expect "
            "very wide intervals, and no reliable comparison of arms."
        )
        remedy = "Add patients, or take the result as a first look only."
        yield Problem(what, remedy, "warning", file=_file(study), column=column)


def _named(centres: Sequence[str]) -> str:
    shown = ", ".join(f'"{centre}"' for centre in centres[:3])
    more = f" and {len(centres) - 3} more" if len(centres) > 3 else ""
    return f"{'centre' if len(centres) == 1 else 'the centres'} {shown}{more}"


def _file(study: StudyConfig) -> str:
    return study.path.name if study.path is not None else "study"
