"""Which problems are causes, and which follow from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lungmet_worc.basics.errors import Causes, Problem
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.sources.kinds import column_names

#: Kinds of problems that others depend on.
SMALL_ARM = "small-arm"  # an arm has too few patients, or splits that cannot be tested
SAME_FILE = "same-file"  # one file for two patients: what else is wrong with it says nothing
VALUE_NEEDED = "value-needed"  # a cell may not be empty
MISSING_VALUES = "missing-values"  # cells of a column that are empty


@dataclass(frozen=True)
class Finding:
    """Problems that say the same, and what follows from them.

    Parameters
    ----------
    problems : tuple of Problem
        Of several patients, columns, arms or modalities.
    consequences : tuple of Problem
        What is wrong only until these, and the findings in ``together``, are mended.
    together : tuple of int
        Places, from 1, of other findings that have to be mended as well.
    """

    problems: tuple[Problem, ...]
    consequences: tuple[Problem, ...] = ()
    together: tuple[int, ...] = ()

    @property
    def severity(self) -> str:
        """Whether it stops a run."""
        return self.problems[0].severity


def said_alike(problem: Problem) -> tuple[object, ...]:
    """Return what is the same in problems that say the same of different things."""
    return (problem.severity, problem.kind, getattr(problem.what, "template", problem.what))


def findings(problems: Sequence[Problem], causes: Causes) -> list[Finding]:
    """Return problems by what they say: errors first, those with most consequences before others.

    Parameters
    ----------
    problems : sequence of Problem
        In the order in which they are to be shown.
    causes : mapping of Problem to tuple of Problem
        See `causes_of`.
    """
    shown = set(problems)
    causes = {
        after: known
        for after, of in causes.items()
        if (known := tuple(cause for cause in of if cause in shown))
    }
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        if problem not in causes:
            groups.setdefault(said_alike(problem), []).append(problem)
    following = {key: _following(group, problems, causes) for key, group in groups.items()}
    order = sorted(
        groups, key=lambda key: (groups[key][0].severity != "error", -len(following[key]))
    )
    place = {problem: n for n, key in enumerate(order, 1) for problem in groups[key]}
    found = []
    for key in order:
        others = {place[cause] for after in following[key] for cause in causes[after]}
        others -= {place[problem] for problem in groups[key]}
        found.append(Finding(tuple(groups[key]), tuple(following[key]), tuple(sorted(others))))
    return found


def _following(
    group: Sequence[Problem], problems: Iterable[Problem], causes: Causes
) -> list[Problem]:
    """Return the problems whose first cause is in the group."""
    return [each for each in problems if each in causes and causes[each][0] in group]


def causes_of(
    study: StudyConfig,
    problems: Sequence[Problem],
    small_arms_without: Callable[[Sequence[Problem]], Iterable[Problem]],
) -> dict[Problem, tuple[Problem, ...]]:
    """Return the problems that follow from errors, and from which.

    Parameters
    ----------
    study : StudyConfig
        Says which columns belong to a modality.
    problems : sequence of Problem
        All that were found.
    small_arms_without : callable
        Errors -> problems of kind `SMALL_ARM` that are left when these errors are mended.

    Returns
    -------
    dict
        Problem -> errors, none of which follows from another.
    """
    found: dict[Problem, tuple[Problem, ...]] = {}
    found |= _in_the_same_cell(problems)
    found |= _of_a_wrong_file(study, problems)
    found |= _of_a_column(study, problems)
    roots = [p for p in problems if _may_keep_patients_out(study, p) and p not in found]
    found |= _of_small_arms(problems, roots, small_arms_without)
    return found


def _in_the_same_cell(problems: Iterable[Problem]) -> dict[Problem, tuple[Problem, ...]]:
    """Look at cells with several problems: the first error says what to mend."""
    first: dict[tuple[object, ...], Problem] = {}
    found: dict[Problem, tuple[Problem, ...]] = {}
    for problem in problems:
        cell = (problem.row, problem.column, problem.patient)
        if not problem.patient or problem.row is None:
            continue
        if cell in first and problem.kind != SAME_FILE:
            found[problem] = (first[cell],)
        elif problem.severity == "error":
            first.setdefault(cell, problem)
    return found


def _of_a_wrong_file(
    study: StudyConfig, problems: Sequence[Problem]
) -> dict[Problem, tuple[Problem, ...]]:
    """Look at scans of which a file belongs to another patient: all else is of that file."""
    found: dict[Problem, tuple[Problem, ...]] = {}
    for modality in study.modalities.values():
        columns = column_names(modality)
        here = [problem for problem in problems if problem.column in columns and problem.patient]
        wrong: dict[int | None, Problem] = {}
        for problem in here:
            if problem.kind == SAME_FILE and problem.severity == "error":
                wrong.setdefault(problem.row, problem)
        for problem in here:
            first = wrong.get(problem.row, problem)
            if problem is not first:
                found[problem] = (first,)
    return found


def _of_a_column(
    study: StudyConfig, problems: Sequence[Problem]
) -> dict[Problem, tuple[Problem, ...]]:
    """Look at what is said once more of a column, or of patients whose ids nobody can read."""
    found: dict[Problem, tuple[Problem, ...]] = {}
    no_ids = tuple(
        each
        for each in problems
        if each.severity == "error"
        and each.column == study.cohort.patient_id
        and not each.patient
        and each.file == study.cohort.manifest.name
    )
    needed: dict[str, tuple[Problem, ...]] = {}
    for problem in problems:
        if problem.kind == VALUE_NEEDED:
            needed[problem.column] = (*needed.get(problem.column, ()), problem)
    for problem in problems:
        if problem.kind == MISSING_VALUES and problem.column in needed:
            found[problem] = needed[problem.column]
        elif problem.column == "cohort.exclude" and no_ids:
            found[problem] = no_ids
    return found


def _may_keep_patients_out(study: StudyConfig, problem: Problem) -> bool:
    """Return whether a problem is an error in a column that says who enters an arm."""
    columns = {study.cohort.patient_id, study.outcome, *column_names(*study.modalities.values())}
    columns |= {column for arm in study.arms.values() for column in arm.clinical}
    if study.cohort.centre:
        columns.add(study.cohort.centre)
    return problem.severity == "error" and problem.column in columns and problem.kind != SMALL_ARM


def _of_arm(problem: Problem) -> tuple[object, ...]:
    """Return what two problems of an arm share: being an error, else what they say."""
    if problem.severity == "error":
        return (problem.column, problem.severity)
    return (problem.column, *said_alike(problem))


def _of_small_arms(
    problems: Iterable[Problem],
    roots: Sequence[Problem],
    small_arms_without: Callable[[Sequence[Problem]], Iterable[Problem]],
) -> dict[Problem, tuple[Problem, ...]]:
    """Look at arms that are too small only since errors keep patients out."""
    open_arms = {problem for problem in problems if problem.kind == SMALL_ARM}
    found: dict[Problem, tuple[Problem, ...]] = {}
    if not open_arms or not roots:
        return found

    def gone(errors: Sequence[Problem]) -> set[Problem]:
        left = {_of_arm(each) for each in small_arms_without(errors)}
        return {each for each in open_arms if _of_arm(each) not in left}

    curable = gone(roots)
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for root in roots:
        groups.setdefault(said_alike(root), []).append(root)
    for group in groups.values() if curable else ():
        for arm in gone(group) & curable - found.keys():
            found[arm] = tuple(group)
    return {**dict.fromkeys(curable, tuple(roots)), **found}
