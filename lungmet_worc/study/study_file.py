"""The study file: TOML in, a study or the list of all its problems out.

Unknown tables and keys are refused with the nearest known name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lungmet_worc.basics.errors import Problem, StudyFileError, did_you_mean
from lungmet_worc.basics.file_names import LONGEST_NAME
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.given_names import name_problems
from lungmet_worc.study.key_causes import MISSING_KEY, UNKNOWN_KEY, causes_of_keys
from lungmet_worc.study.reading.toml_reading import read_toml
from lungmet_worc.study.study_keys import arm_problems, column_problems, search_problems
from lungmet_worc.study.study_values import validation_problems

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
    raw = read_toml(path)
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
        said = {
            **{key: study[key] for key in known if key in study},
            **{key: tables[key] for key in _AS_THEY_STAND if key in tables},
            "search": search,
            "worc": tables.get("worc", {}),
            "path": path,
        }
        config = StudyConfig.model_validate(said, context={"folder": folder})
    except ValidationError as error:
        problems += list(validation_problems(error, tables))
        raise _study_file_error(file, problems) from None
    problems += _cross_problems(config, tables)
    if problems:
        raise _study_file_error(file, problems)
    return config


def _study_file_error(file: str, problems: list[Problem]) -> StudyFileError:
    placed = [
        Problem(problem.what, problem.remedy, file=file, column=problem.column, kind=problem.kind)
        for problem in problems
    ]
    message = Sentence.plural(
        len(problems),
        'The study file "{file}" has 1 problem:',
        'The study file "{file}" has {n} problems:',
        file=file,
    )
    return StudyFileError(message, placed, causes_of_keys(placed))


def _with_preset(search: dict[str, Any]) -> dict[str, Any]:
    """Fill what the search table leaves out from its preset."""
    preset = search.get("preset", DEFAULT_PRESET)
    known = isinstance(preset, str) and preset in worc_settings.PRESETS
    defaults = worc_settings.PRESETS[preset if known else DEFAULT_PRESET][0]
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
    what = Sentence("This key is not known in [{table}].", table=table)
    remedy = did_you_mean(key, known)
    return Problem(what, remedy, column=f"{table}.{key}", kind=UNKNOWN_KEY)


def _no_table(key: str) -> Problem:
    remedy = Sentence("Write it as [{key}].", key=key)
    return Problem(Sentence("This must be a table."), remedy, column=key)


def _unknown_tables(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in raw.items():
        if key not in TABLES:
            what = Sentence("This table is not known.")
            yield Problem(what, did_you_mean(key, TABLES), column=key, kind=UNKNOWN_KEY)
        elif not isinstance(value, Mapping):
            yield _no_table(key)
    for table in ("study", "cohort", "arms"):
        if table not in raw:
            yield Problem(
                Sentence("This table is missing."),
                Sentence("Add [{table}].", table=table),
                column=table,
                kind=MISSING_KEY,
            )


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
            remedy = Sentence("Set it for the whole study, in [worc.{section}].", section=section)
            yield Problem(Sentence("This section is not per modality."), remedy, column=column)
        elif section not in defaults:
            what = Sentence("WORC has no such section.")
            yield Problem(what, did_you_mean(section, sections), column=column)
        elif not isinstance(values, Mapping):
            yield _no_table(column)
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
        yield Problem(
            Sentence("WORC has no such setting in {section}.", section=section),
            remedy,
            column=column,
        )
    elif (section, key) in worc_settings.SET_ELSEWHERE:
        elsewhere = worc_settings.SET_ELSEWHERE[section, key]
        yield Problem(
            Sentence("This has a name of its own here."),
            Sentence("Use {elsewhere}.", elsewhere=elsewhere),
            column=column,
        )
    elif fixed is not None and value != fixed[0]:
        what = Sentence('Only "{value}" is supported. {reason}', value=fixed[0], reason=fixed[1])
        yield Problem(what, Sentence("Leave the key out."), column=column)
    elif _are_numbers(known[key]) and value != "None" and not _are_numbers(value):
        # WORC reads it when a search or an extraction begins, and every one of them would fail.
        what = Sentence('WORC expects numbers here, and "{value}" is none.', value=value)
        remedy = Sentence('Write them as WORC does: "{default}".', default=known[key])
        yield Problem(what, remedy, column=column)


def _are_numbers(text: str) -> bool:
    """Return whether a WORC setting is one finite number, or several with commas between."""
    try:
        return all(math.isfinite(float(part)) for part in text.split(","))
    except ValueError:
        return False


def _cross_problems(config: StudyConfig, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what only two parts of the study file together can tell."""
    for kind, names in (("modalities", config.modalities), ("arms", config.arms)):
        for name in names:
            if not NAME.fullmatch(name):
                remedy = Sentence("Use letters, digits, - and _ only, a letter first.")
                yield Problem(Sentence("This name will not do."), remedy, column=f"{kind}.{name}")
            elif len(name) > LONGEST_NAME:
                what = Sentence("This name has {n} letters, too many for file names.", n=len(name))
                remedy = Sentence("Use at most {most}.", most=LONGEST_NAME)
                yield Problem(what, remedy, column=f"{kind}.{name}")
    for name in config.modalities:
        clash = [marker for marker in worc_settings.GROUP_MARKERS if marker in f"_{name}"]
        if clash:
            what = Sentence(
                'WORC finds the feature group "{group}" by this part of a name.', group=clash[0]
            )
            yield Problem(what, Sentence("Name it otherwise."), column=f"modalities.{name}")
    if not config.arms:
        yield Problem(
            Sentence("There is no arm."),
            Sentence("Add at least one [arms.<name>]."),
            column="arms",
        )
    for name, arm in config.arms.items():
        yield from arm_problems(f"arms.{name}", arm, config)
    yield from column_problems(config)
    yield from name_problems(config)
    yield from search_problems(config, tables.get("search", {}))
