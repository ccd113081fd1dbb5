"""Whether ComBat can harmonise the features of a modality, before anything is extracted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lungmet_worc.cohort import Cohort
from lungmet_worc.config import ComBatConfig, StudyConfig
from lungmet_worc.errors import Problem, Severity
from lungmet_worc.harmonisation import (
    PACKAGE,
    PACKAGE_VERSION,
    combat_settings,
    installed_version,
    values_of,
)
from lungmet_worc.manifest import Patient, is_missing


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
        what = (
            f"ComBat in WORC needs the package {PACKAGE} {PACKAGE_VERSION}, which WORC does not "
            f"install (errata E44); {f'{found} is' if found else 'it is not'} installed."
        )
        remedy = f"Run: pip install {PACKAGE}=={PACKAGE_VERSION}"
        column = f"modalities.{next(iter(chosen))}.combat"
        problems.append(Problem(what, remedy, file=_file(study), column=column))
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
            if patient.patient_id in wanted and patient.pairs[modality].present
        ]
        missing = list(_missing(study, combat, members))
        problems += missing or _modality_problems(study, modality, combat, members[::-1])
    return problems


def _setting_problems(study: StudyConfig) -> Iterator[Problem]:
    settings = combat_settings(study)
    for key in ("par", "eb", "per_feature"):
        if settings[key] not in ("0", "1"):
            what, remedy = f'"{settings[key]}" is neither 0 nor 1.', "Write 0 or 1."
            yield Problem(what, remedy, file=_file(study), column=f"worc.ComBat.{key}")
    if not all(part.strip() for part in settings["excluded_features"].split(",")):
        what = "WORC takes an empty text for a part of every name, and would harmonise nothing."
        remedy = 'To harmonise every feature write a text that no name has, such as "none".'
        yield Problem(what, remedy, file=_file(study), column="worc.ComBat.excluded_features")


def _missing(
    study: StudyConfig, combat: ComBatConfig, members: Sequence[Patient]
) -> Iterator[Problem]:
    for column in (combat.batch, *combat.covariates):
        for patient in reversed(members):
            if is_missing(patient.clinical.get(column, "").strip()):
                yield Problem(
                    "The value is missing, and ComBat needs it.",
                    "Fill it in, or name the patient in exclude of [cohort].",
                    file=study.cohort.manifest.name,
                    row=patient.row,
                    column=column,
                    patient=patient.patient_id,
                )


def _modality_problems(
    study: StudyConfig, modality: str, combat: ComBatConfig, members: Sequence[Patient]
) -> Iterator[Problem]:
    """Yield what is wrong with the batches and covariates of a modality, none of them missing."""
    if not members:
        return
    column = f"modalities.{modality}.combat"
    batches = values_of(members, combat.batch)
    counts = Counter(batches.values())

    def problem(what: str, remedy: str, key: str, *, warns: bool = False) -> Problem:
        severity: Severity = "warning" if warns else "error"
        return Problem(what, remedy, severity, file=_file(study), column=f"{column}.{key}")

    if len(counts) < 2:
        what = f'All patients with {modality} have the {combat.batch} "{next(iter(counts))}".'
        yield problem(what, f"Take [{column}] out: there is nothing to harmonise.", "batch")
        return
    single = [text for text, number in counts.items() if number == 1]
    if single:
        what = (
            f"{_quoted(single)} of {combat.batch} {_have(single)} one patient only: ComBat cannot "
            "estimate how much its values vary."
        )
        remedy = "Join it with a batch like it in another column, or exclude the patient."
        yield problem(what, remedy, "batch")
    alike = [text for text in counts if [t.casefold() for t in counts].count(text.casefold()) > 1]
    if alike:
        what = f"{_quoted(alike)} of {combat.batch} differ by upper and lower case only."
        yield problem(what, "Write a batch the same way in every row.", "batch")
    levels = {name: values_of(members, name) for name in combat.covariates}
    rare = {name: _rare(values) for name, values in levels.items()}
    for name, texts in rare.items():
        if texts:
            what = (
                f"WORC takes each value of a covariate as a category, and {len(texts)} of {name} "
                f"belong to one patient each, such as {_quoted(texts[:1])}."
            )
            remedy = "Name a column of fewer values, for example of age bands."
            yield problem(what, remedy, "covariates")
    if not any(rare.values()) and not single and _confounded(batches, levels):
        what = (
            f"The covariates are fixed by {combat.batch}, or by each other: ComBat cannot tell "
            "them apart."
        )
        yield problem(what, "Take one of them out.", "covariates")
    outcomes: dict[str, set[int | None]] = {}
    for patient in members:
        outcomes.setdefault(batches[patient.patient_id], set()).add(patient.outcome)
    same = [text for text, found in outcomes.items() if len(found) == 1 and text not in single]
    if same:
        what = (
            f"All patients of {_quoted(same)} have the same {study.outcome}: ComBat may take away "
            "what tells them from others."
        )
        remedy = "Look at the result without ComBat too."
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


def _quoted(texts: Sequence[str]) -> str:
    shown = ", ".join(f'"{text}"' for text in texts[:3])
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown


def _have(texts: Sequence[str]) -> str:
    return "has" if len(texts) == 1 else "have"


def _file(study: StudyConfig) -> str:
    return study.path.name if study.path is not None else "study"
