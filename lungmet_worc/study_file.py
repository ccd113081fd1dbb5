"""The study file: TOML in, a study or the list of all its problems out.

Unknown tables and keys are refused with the nearest known name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lungmet_worc.checks.study_keys import (
    centre_key_problems,
    combat_key_problems,
    group_key_problems,
)
from lungmet_worc.config import ArmConfig, StudyConfig
from lungmet_worc.errors import Problem, StudyFileError, did_you_mean
from lungmet_worc.shown_names import name_problems
from lungmet_worc.worc import settings as worc_settings

#: Names of arms and modalities: they become parts of file and feature names.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

DEFAULT_PRESET = "coarse"

#: Ensemble size where a study names a method other than its preset's: WORC's default.
FULL_ENSEMBLE_SIZE = 100

TABLES = (
    "study", "cohort", "modalities", "arms", "clinical", "search", "statistics", "report", "worc",
    "run",
)  # fmt: skip

#: Tables that are as they stand in the file; the others have defaults or names of their own.
_AS_THEY_STAND = ("cohort", "modalities", "arms", "clinical", "statistics", "report", "run")


def load_study(path: Path | str) -> StudyConfig:
    """Read a study file.

    Parameters
    ----------
    path : path-like
        A TOML file; the manifest's path in it is relative to the file's folder.

    Raises
    ------
    StudyFileError
        The file is missing, is no TOML, or has unknown or wrong keys; all are listed.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        message = f'There is no study file "{path}". "lungmet init DIR" writes one to start from.'
        raise StudyFileError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f'The study file "{path}" cannot be read: {error}.'
        raise StudyFileError(message) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f'The study file "{path}" is no valid TOML: {error}.'
        raise StudyFileError(message) from error
    return study_from_tables(raw, folder=path.resolve().parent, path=path.resolve())


def study_from_tables(
    raw: Mapping[str, Any], *, folder: Path, path: Path | None = None
) -> StudyConfig:
    """Build a study from the tables of a study file.

    Parameters
    ----------
    raw : mapping
        ``study``, ``cohort``, ``modalities``, ``arms``, ``search``, ``worc``, ``run``.
    folder : Path
        What relative paths are relative to.
    path : Path, optional
        The file that the tables come from.

    Raises
    ------
    StudyFileError
        Unknown or wrong keys; all are listed.
    """
    file = path.name if path is not None else "study"
    tables = {key: value for key, value in raw.items() if isinstance(value, Mapping)}
    problems = [*_unknown_tables(raw), *_worc_problems(tables)]
    study = dict(tables.get("study", {}))
    search = _with_preset(dict(tables.get("search", {})))
    known = ("name", "outcome")
    problems += [_unknown_key("study", key, known) for key in study if key not in known]
    try:
        config = StudyConfig(
            **{key: study[key] for key in known if key in study},
            **{key: tables[key] for key in _AS_THEY_STAND if key in tables},
            search=search,
            worc=tables.get("worc", {}),
            path=path,
        )
    except ValidationError as error:
        problems += list(_validation_problems(error))
        raise _study_file_error(file, problems) from None
    problems += _cross_problems(config, tables)
    if problems:
        raise _study_file_error(file, problems)
    manifest = (folder / config.cohort.manifest.expanduser()).resolve()
    cohort = config.cohort.model_copy(update={"manifest": manifest})
    run = config.run
    if run.feature_store is not None:
        store = (folder / run.feature_store.expanduser()).resolve()
        run = run.model_copy(update={"feature_store": store})
    return config.model_copy(update={"cohort": cohort, "run": run})


def _study_file_error(file: str, problems: list[Problem]) -> StudyFileError:
    number = len(problems)
    said = "1 problem" if number == 1 else f"{number} problems"
    placed = [
        Problem(problem.what, problem.remedy, file=file, column=problem.column)
        for problem in problems
    ]
    return StudyFileError(f'The study file "{file}" has {said}:', placed)


def _with_preset(search: dict[str, Any]) -> dict[str, Any]:
    """Fill what the search table leaves out from its preset."""
    preset = search.get("preset", DEFAULT_PRESET)
    defaults = worc_settings.PRESETS.get(preset, worc_settings.PRESETS[DEFAULT_PRESET])[0]
    filled = {**defaults, **search}
    ensemble = search.get("ensemble", {})
    if isinstance(ensemble, str):
        ensemble = {"method": ensemble}
    if isinstance(ensemble, Mapping):
        default: Any = defaults["ensemble"]
        method = ensemble.get("method", default["method"])
        size = default["size"] if method == default["method"] else FULL_ENSEMBLE_SIZE
        if isinstance(filled["candidates"], int):
            # A default never asks for more than there is (errata E10).
            size = max(1, min(size, filled["candidates"]))
        ensemble = {"method": method, "size": size, **ensemble}
    return {**filled, "ensemble": ensemble}


def _unknown_key(table: str, key: str, known: tuple[str, ...]) -> Problem:
    return Problem(
        f"This key is not known in [{table}].", did_you_mean(key, known), column=f"{table}.{key}"
    )


def _unknown_tables(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in raw.items():
        if key not in TABLES:
            yield Problem("This table is not known.", did_you_mean(key, TABLES), column=key)
        elif not isinstance(value, Mapping):
            yield Problem("This must be a table.", f"Write it as [{key}].", column=key)
    for table in ("study", "cohort", "arms"):
        if table not in raw:
            yield Problem("This table is missing.", f"Add [{table}].", column=table)


def _worc_problems(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Check the names and fixed values of all WORC settings."""
    yield from _override_problems(tables.get("worc", {}), "worc", per_modality=False)
    for name, modality in tables.get("modalities", {}).items():
        if isinstance(modality, Mapping) and isinstance(modality.get("worc"), Mapping):
            where = f"modalities.{name}.worc"
            yield from _override_problems(modality["worc"], where, per_modality=True)


def _override_problems(
    overrides: Mapping[str, Any], where: str, *, per_modality: bool
) -> Iterator[Problem]:
    defaults = worc_settings.default_settings()
    sections = worc_settings.EXTRACTION_SECTIONS if per_modality else tuple(defaults)
    for section, values in overrides.items():
        column = f"{where}.{section}"
        if section in defaults and section not in sections:
            remedy = f"Set it for the whole study, in [worc.{section}]."
            yield Problem("This section is not per modality.", remedy, column=column)
        elif section not in defaults:
            remedy = did_you_mean(section, sections)
            yield Problem("WORC has no such section.", remedy, column=column)
        elif not isinstance(values, Mapping):
            yield Problem("This must be a table.", f"Write [{column}].", column=column)
        else:
            for key, value in values.items():
                yield from _key_problems(
                    section, key, worc_settings.ini_text(value), f"{column}.{key}"
                )


def _key_problems(section: str, key: str, value: str, column: str) -> Iterator[Problem]:
    known = worc_settings.default_settings()[section]
    fixed = worc_settings.FIXED_VALUES.get((section, key))
    if key not in known:
        remedy = did_you_mean(key, known)
        yield Problem(f"WORC has no such setting in {section}.", remedy, column=column)
    elif (section, key) in worc_settings.SET_ELSEWHERE:
        elsewhere = worc_settings.SET_ELSEWHERE[section, key]
        yield Problem("This has a name of its own here.", f"Use {elsewhere}.", column=column)
    elif fixed is not None and value != fixed[0]:
        what = f'Only "{fixed[0]}" is supported. {fixed[1]}'
        yield Problem(what, "Leave the key out.", column=column)


def _validation_problems(error: ValidationError) -> Iterator[Problem]:
    for item in error.errors():
        location = [str(part) for part in item["loc"]]
        column = ".".join(location)
        if location[0] in ("name", "outcome"):
            column = f"study.{column}"
        kind = item["type"]
        if kind == "missing":
            if location[0] not in ("cohort", "arms"):
                yield Problem("This key is missing.", f"Add {column}.", column=column)
        elif kind == "extra_forbidden":
            known = _known_keys(location[:-1])
            yield Problem(
                "This key is not known.", did_you_mean(location[-1], known), column=column
            )
        elif kind == "literal_error":
            known = tuple(str(item["ctx"]["expected"]).replace("'", "").split(" or "))
            known = tuple(part for text in known for part in text.split(", "))
            what = f'"{item["input"]}" is not possible here.'
            yield Problem(what, did_you_mean(str(item["input"]), known), column=column)
        elif kind == "value_error":
            yield Problem(str(item["ctx"]["error"]), "Correct it.", column=column)
        else:
            yield Problem(f"{item['msg']}.", f"It is {item['input']!r} now.", column=column)


def _known_keys(location: list[str]) -> tuple[str, ...]:
    """Return the keys that exist at a place of the study file."""
    model: type[BaseModel] = StudyConfig
    for part in location:
        field = model.model_fields.get(part)
        if field is None:
            continue
        for candidate in (field.annotation, *get_args(field.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return tuple(model.model_fields)


def _cross_problems(config: StudyConfig, tables: Mapping[str, Any]) -> list[Problem]:
    """Check what only two parts of the study file together can tell."""
    problems = []
    for kind, names in (("modalities", config.modalities), ("arms", config.arms)):
        for name in names:
            if not NAME.fullmatch(name):
                remedy = "Use letters, digits, - and _ only, a letter first."
                problems.append(Problem("This name will not do.", remedy, column=f"{kind}.{name}"))
    for name in config.modalities:
        clash = [marker for marker in worc_settings.GROUP_MARKERS if marker in f"_{name}"]
        if clash:
            what = f'WORC finds the feature group "{clash[0]}" by this part of a name.'
            problems.append(Problem(what, "Name it otherwise.", column=f"modalities.{name}"))
    if not config.arms:
        problems.append(
            Problem("There is no arm.", "Add at least one [arms.<name>].", column="arms")
        )
    for name, arm in config.arms.items():
        problems += _arm_problems(f"arms.{name}", arm, config)
    problems += _column_problems(config)
    problems += name_problems(config)
    return problems + _search_problems(config, tables.get("search", {}))


def _column_problems(config: StudyConfig) -> list[Problem]:
    """Check what is said of columns that nothing else names."""
    problems = []
    used = {column for arm in config.arms.values() for column in arm.clinical}
    for column in config.clinical:
        if column not in used:
            what = "No arm has this clinical column."
            remedy = did_you_mean(column, used) if used else "Name it in clinical of an arm."
            problems.append(Problem(what, remedy, column=f"clinical.{column}"))
    for column in config.statistics.bands:
        if column not in config.statistics.subgroups:
            what = "There are bands of this column, but it is no subgroup."
            remedy = "Add it to subgroups, or take its bands out."
            problems.append(Problem(what, remedy, column=f"statistics.bands.{column}"))
    if config.search.split_type == "leave-one-centre-out" and config.cohort.centre is None:
        what = "No column says of which centre a patient is."
        problems.append(Problem(what, "Name it: [cohort] centre.", column="search.split_type"))
    return problems + centre_key_problems(config) + combat_key_problems(config)


def _arm_problems(column: str, arm: ArmConfig, config: StudyConfig) -> list[Problem]:
    problems = [
        Problem(
            f'There is no modality "{name}".',
            did_you_mean(name, config.modalities),
            column=f"{column}.modalities",
        )
        for name in arm.modalities
        if name not in config.modalities
    ]
    if not arm.modalities and not arm.clinical:
        what = "This arm knows nothing about a patient."
        problems.append(Problem(what, "Give it modalities or clinical columns.", column=column))
    if arm.features != "all" and not arm.modalities:
        what = "Features of images need a modality with a segmentation."
        problems.append(Problem(what, "Name one in modalities.", column=f"{column}.features"))
    problems += group_key_problems(column, arm, config)
    if config.outcome in arm.clinical:
        what = "The outcome cannot be its own predictor."
        problems.append(Problem(what, "Take it out.", column=f"{column}.clinical"))
    repeated = {name for name in arm.modalities if arm.modalities.count(name) > 1}
    if repeated:
        what = f"A modality is named twice: {', '.join(sorted(repeated))}."
        problems.append(Problem(what, "Name it once.", column=f"{column}.modalities"))
    return problems


def _search_problems(config: StudyConfig, search: Mapping[str, Any]) -> list[Problem]:
    problems = []
    if config.search.split_type == "leave-one-centre-out":
        for key in ("splits", "test_size"):
            if key in search:
                what = "There is one split for each centre, and its patients are the test part."
                remedy = f'Take {key} out, or use split_type = "random".'
                problems.append(Problem(what, remedy, column=f"search.{key}"))
    size, candidates = config.search.ensemble.size, config.search.candidates
    if size > candidates:
        what = f"An ensemble of {size} cannot be made from {candidates} candidates (errata E19)."
        remedy = f"Ask for at most {candidates}, or search more candidates."
        problems.append(Problem(what, remedy, column="search.ensemble.size"))
    kept = int(config.worc_settings()["HyperOptimization"]["maxlen"])
    if size > kept and config.search.ensemble.method in worc_settings.RANKED_ENSEMBLE_METHODS:
        what = f"WORC keeps the best {kept} candidates, fewer than the ensemble's {size}."
        remedy = "Set [worc.HyperOptimization] maxlen higher."
        problems.append(Problem(what, remedy, column="search.ensemble.size"))
    method, scoring = config.search.ensemble.method, config.search.scoring
    ranked = method in worc_settings.RANKED_ENSEMBLE_METHODS
    if not ranked and scoring not in worc_settings.ENSEMBLE_SCORES:
        known = ", ".join(worc_settings.ENSEMBLE_SCORES)
        what = f'WORC\'s "{method}" ensemble cannot be scored by "{scoring}" (errata E19).'
        remedy = f"Use one of {known}, or the ensemble method top_N."
        problems.append(Problem(what, remedy, column="search.scoring"))
    return problems
