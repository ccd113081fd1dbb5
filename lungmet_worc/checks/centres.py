"""Whether the centres of a study can be left out one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lungmet_worc.basics.errors import Problem, Severity
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import listed
from lungmet_worc.checks.causes import VALUE_NEEDED
from lungmet_worc.checks.feasibility import few_events, not_tested, without_auc
from lungmet_worc.checks.spellings import spelling_problems
from lungmet_worc.display.language import later
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import centres_of, leave_one_centre_out_splits
from lungmet_worc.study.tested_splits import ArmSplits, WhyUntested, splits_of_arms
from lungmet_worc.tasks.deadline import FEWEST_SPLITS

_SETTING = "search.split_type"

#: With fewer centres than these an interval has next to no degrees of freedom.
FEW_CENTRES = 5

_NAMED = 3

#: Why an arm is not tested in some centres -> how it is said.
_UNTESTED: Mapping[WhyUntested, str] = {
    "nobody": later("Arm {arm} has no patient of {centres}: it is not tested there."),
    "too few": later(
        "Arm {arm}: without {centres} there are too few patients with, or without, {outcome} "
        "to train on, so it is not tested there."
    ),
    "alike": later(
        "Arm {arm}: without {centres} none of its columns differs among the patients by as much "
        "as WORC asks for, so it is not tested there."
    ),
}


def centre_problems(study: StudyConfig, cohort: Cohort) -> list[Problem]:
    """Say what is wrong with leaving out one centre after the other.

    Parameters
    ----------
    study : StudyConfig
        A study whose split type is "leave-one-centre-out".
    cohort : Cohort
        Who enters which arm.

    Returns
    -------
    list of Problem
        Those of single patients first; only they have a row.
    """
    centres = centres_of(study, cohort)
    without = list(_without_centre(study, cohort, centres))
    if without:
        return without
    alike = _alike(study, cohort, centres)
    if alike:
        return alike
    if not centres:
        what = Sentence("No patient enters any arm.")
        remedy = Sentence('Fill in what is missing, or say missing = "impute" in an arm.')
        return [Problem(what, remedy, file=study.file_name, column="arms")]
    if len(set(centres.values())) < 2:
        what = Sentence(
            'All patients are of the centre "{name}".', name=next(iter(centres.values()))
        )
        remedy = Sentence('Add patients of another one, or use split_type = "random".')
        return [Problem(what, remedy, file=study.file_name, column=_SETTING)]
    outcomes = dict(zip(centres, cohort.outcomes_of(list(centres)), strict=True))
    splits = leave_one_centre_out_splits(list(centres), list(centres.values()))
    problems = list(_harmonised(study))
    if len(splits) < FEW_CENTRES:
        what = Sentence("There are {n} centres: expect very wide intervals.", n=len(splits))
        remedy = Sentence("Look at the values of each centre in the table of splits.")
        problems.append(Problem(what, remedy, "warning", file=study.file_name, column=_SETTING))
    names = [centres[split.test[0]] for split in splits]
    for arm, of_arm in splits_of_arms(study, cohort, splits, outcomes).items():
        found = _arm_problems(study, of_arm, arm, names, outcomes)
        problems += [replace(problem, file=study.file_name) for problem in found]
    return problems


def _without_centre(
    study: StudyConfig, cohort: Cohort, centres: Mapping[str, str]
) -> Iterator[Problem]:
    column = study.cohort.centre or ""
    for patient in cohort.patients:
        if centres.get(patient.patient_id, "known") == "":
            what = Sentence("The patient has no centre, so it is in no test part.")
            remedy = Sentence("Fill it in, or name the patient in exclude of [cohort].")
            file = study.cohort.manifest.name
            problem = Problem(what, remedy, file=file, column=column, kind=VALUE_NEEDED)
            yield patient.in_row(problem)


def _alike(study: StudyConfig, cohort: Cohort, centres: Mapping[str, str]) -> list[Problem]:
    """Return the cells whose centre is probably another one, spelled otherwise."""
    first = {each.patient_id: each for each in reversed(cohort.patients)}
    cells = [(first[name], centre) for name, centre in centres.items()]
    file, column = study.cohort.manifest.name, study.cohort.centre or ""
    return list(spelling_problems(file, column, cells))


def _harmonised(study: StudyConfig) -> Iterator[Problem]:
    """Yield a warning where the centre that is left out is harmonised with the others before."""
    used = {modality for arm in study.arms.values() for modality in arm.modalities}
    for name, modality in study.modalities.items():
        if name in used and modality.combat is not None:
            what = Sentence(
                "ComBat harmonises {modality} on the patients of all centres, also of the one that "
                "is left out (errata E13): the result does not hold for a new centre.",
                modality=name,
            )
            remedy = Sentence(
                "Take [modalities.{modality}.combat] out to know how well a new centre does.",
                modality=name,
            )
            column = f"modalities.{name}.combat"
            yield Problem(what, remedy, "warning", file=study.file_name, column=column)


def _arm_problems(
    study: StudyConfig,
    splits: ArmSplits,
    arm: str,
    centres: Sequence[str],
    outcomes: Mapping[str, int],
) -> Iterator[Problem]:
    """Say in which centres an arm is not tested or has no AUC, and that it is small."""
    outcome, tested = study.outcome, list(splits.tested.values())
    without: dict[WhyUntested, list[str]] = {}
    for untested in splits.untested:
        without.setdefault(untested.reason, []).append(centres[untested.split])
    for reason, names in without.items():
        what = Sentence(_UNTESTED[reason], arm=arm, centres=_named(names), outcome=outcome)
        remedy = Sentence(
            "These centres are left out of the means of the arm. Add patients, join small centres "
            'into one, or set patients = "common" in [cohort].'
        )
        enough = len(tested) >= FEWEST_SPLITS
        yield not_tested(arm, what, remedy, len(tested), enough=enough)
    one_class = [centres[split] for split in without_auc(tested, outcomes)]
    if one_class:
        what = Sentence(
            "Arm {arm}: all patients of {centres} have the same {outcome}; {n} of {total} centres "
            "give no AUC.",
            arm=arm,
            centres=_named(one_class),
            outcome=outcome,
            n=len(one_class),
            total=len(centres),
        )
        remedy = Sentence("Join small centres into one, or add patients.")
        severity: Severity = "error" if len(one_class) > len(tested) / 2 else "warning"
        yield Problem(what, remedy, severity, column=f"arms.{arm}")
    if tested:
        members = {patient_id for split in tested for patient_id in split.test}
        events = sum(outcomes[patient_id] for patient_id in members)
        yield from few_events(arm, len(members), events, outcome)


def _named(centres: Sequence[str]) -> Sentence:
    names = [f'"{name}"' for name in centres]
    return Sentence.plural(
        len(names),
        "centre {names}",
        "the centres {names}",
        names=listed(names, _NAMED, fewest=1),
    )
