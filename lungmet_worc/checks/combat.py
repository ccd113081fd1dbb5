"""Whether ComBat can harmonise the features of a modality, before anything is extracted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lungmet_worc.basics.errors import Problem, Severity
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import named
from lungmet_worc.checks.causes import VALUE_NEEDED
from lungmet_worc.checks.spellings import spelling_problems
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.combat import (
    PACKAGE,
    PACKAGE_VERSION,
    combat_settings,
    installed_version,
    values_of,
)
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reading.spreadsheet import is_missing
from lungmet_worc.study.sources.source import ComBatConfig


def combat_problems(study: StudyConfig, cohort: Cohort) -> list[Problem]:
    """Say what is wrong with the batches and covariates of each modality.

    Parameters
    ----------
    study : StudyConfig
        The study.
    cohort : Cohort
        Who enters which arm.
    """
    problems: list[Problem] = []
    chosen = {name: each.combat for name, each in study.modalities.items() if each.combat}
    if not chosen:
        return []
    problems += _setting_problems(study)
    found = installed_version()
    if found != PACKAGE_VERSION:
        needed = Sentence("{package} {version}", package=PACKAGE, version=PACKAGE_VERSION)
        what = (
            Sentence(
                "ComBat in WORC needs the package {needed}, which WORC does not install (errata "
                "E44); {found} is installed.",
                needed=needed,
                found=found,
            )
            if found
            else Sentence(
                "ComBat in WORC needs the package {needed}, which WORC does not install (errata "
                "E44); it is not installed.",
                needed=needed,
            )
        )
        remedy = Sentence(
            "Run: pip install {package}=={version}", package=PACKAGE, version=PACKAGE_VERSION
        )
        column = f"modalities.{next(iter(chosen))}.combat"
        problems.append(Problem(what, remedy, file=study.file_name, column=column))
    for modality, combat in chosen.items():
        wanted = {
            name
            for arm, members in cohort.arms.items()
            if modality in study.arms[arm].modalities
            for name in members
        }
        members = [
            patient
            for patient in {p.patient_id: p for p in reversed(cohort.patients)}.values()
            if patient.patient_id in wanted and patient.data[modality].present
        ]
        missing = list(_missing(study, combat, members))
        problems += missing or _modality_problems(study, modality, combat, members[::-1])
    return problems


def _setting_problems(study: StudyConfig) -> Iterator[Problem]:
    settings = combat_settings(study)
    for key in ("par", "eb", "per_feature"):
        if settings[key] not in ("0", "1"):
            what = Sentence('"{value}" is neither 0 nor 1.', value=settings[key])
            remedy = Sentence("Write 0 or 1.")
            yield Problem(what, remedy, file=study.file_name, column=f"worc.ComBat.{key}")
    if not all(part.strip() for part in settings["excluded_features"].split(",")):
        what = Sentence(
            "WORC takes an empty text for a part of every name, and would harmonise nothing."
        )
        remedy = Sentence(
            'To harmonise every feature write a text that no name has, such as "none".'
        )
        yield Problem(what, remedy, file=study.file_name, column="worc.ComBat.excluded_features")


def _missing(
    study: StudyConfig, combat: ComBatConfig, members: Sequence[Patient]
) -> Iterator[Problem]:
    for column in (combat.batch, *combat.covariates):
        for patient in reversed(members):
            if is_missing(patient.clinical.get(column, "").strip()):
                what = Sentence("The value is missing, and ComBat needs it.")
                remedy = Sentence("Fill it in, or name the patient in exclude of [cohort].")
                file = study.cohort.manifest.name
                problem = Problem(what, remedy, file=file, column=column, kind=VALUE_NEEDED)
                yield patient.in_row(problem)


def _modality_problems(
    study: StudyConfig, modality: str, combat: ComBatConfig, members: Sequence[Patient]
) -> Iterator[Problem]:
    """Yield what is wrong with the batches and covariates of a modality, none of them missing."""
    if not members:
        return
    column = f"modalities.{modality}.combat"
    batches = values_of(members, combat.batch)
    counts = Counter(batches.values())

    def problem(what: Sentence, remedy: Sentence, key: str, *, warns: bool = False) -> Problem:
        severity: Severity = "warning" if warns else "error"
        return Problem(what, remedy, severity, file=study.file_name, column=f"{column}.{key}")

    if len(counts) < 2:
        what = Sentence(
            'All patients with {modality} have the {column} "{value}".',
            modality=modality,
            column=combat.batch,
            value=next(iter(counts)),
        )
        remedy = Sentence("Take [{table}] out: there is nothing to harmonise.", table=column)
        yield problem(what, remedy, "batch")
        return
    cells = [(each, batches[each.patient_id]) for each in members]
    spelled = list(spelling_problems(study.cohort.manifest.name, combat.batch, cells))
    yield from spelled
    otherwise = {batches[each.patient] for each in spelled}
    single = [text for text, number in counts.items() if number == 1 and text not in otherwise]
    if single:
        what = Sentence.plural(
            len(single),
            "{batches} of {column} has one patient only: ComBat cannot estimate how much its "
            "values vary.",
            "{batches} of {column} have one patient only: ComBat cannot estimate how much their "
            "values vary.",
            batches=_quoted(single),
            column=combat.batch,
        )
        remedy = Sentence("Join it with a batch like it in another column, or exclude the patient.")
        yield problem(what, remedy, "batch")
    levels = {name: values_of(members, name) for name in combat.covariates}
    rare = {name: _rare(values) for name, values in levels.items()}
    for name, texts in rare.items():
        if texts:
            what = Sentence.plural(
                len(texts),
                "WORC takes each value of a covariate as a category, and {n} of {column} belongs "
                "to one patient only: {value}.",
                "WORC takes each value of a covariate as a category, and {n} of {column} belong "
                "to one patient each, such as {value}.",
                column=name,
                value=_quoted(texts[:1]),
            )
            remedy = Sentence("Name a column of fewer values, for example of age bands.")
            yield problem(what, remedy, "covariates")
    if not any(rare.values()) and not single and _confounded(batches, levels):
        what = Sentence(
            "The covariates are fixed by {column}, or by each other: ComBat cannot tell them "
            "apart.",
            column=combat.batch,
        )
        yield problem(what, Sentence("Take one of them out."), "covariates")
    outcomes: dict[str, set[int | None]] = {}
    for patient in members:
        outcomes.setdefault(batches[patient.patient_id], set()).add(patient.outcome)
    same = [text for text, found in outcomes.items() if len(found) == 1 and text not in single]
    if same:
        what = Sentence(
            "All patients of {batches} have the same {outcome}: ComBat may take away what tells "
            "them from others.",
            batches=_quoted(same),
            outcome=study.outcome,
        )
        remedy = Sentence("Look at the result without ComBat too.")
        yield problem(what, remedy, "batch", warns=True)


def _rare(values: Mapping[str, str]) -> list[str]:
    return [text for text, number in Counter(values.values()).items() if number == 1]


def _confounded(batches: Mapping[str, str], levels: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether the design of the linear model has no unique solution.

    As neuroCombat makes it: a column for each batch, and for each value of a covariate but one.
    """
    columns = []
    for first, values in ((0, batches), *((1, of) for of in levels.values())):
        texts = np.asarray(list(values.values()))
        columns += [texts == text for text in sorted(set(texts))[first:]]
    design = np.column_stack(columns).astype(float)
    return bool(np.linalg.matrix_rank(design) < design.shape[1])


def _quoted(texts: Sequence[str]) -> Sentence:
    return named([f'"{text}"' for text in texts])
