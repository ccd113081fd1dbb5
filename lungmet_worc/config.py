"""The study file: what is compared, on which patients, with which search.

A study file is TOML. Unknown keys are refused with the nearest known name, and all problems
of a file are reported together.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lungmet_worc.errors import Problem, StudyFileError, did_you_mean
from lungmet_worc.worc import settings as worc_settings

Preset = Literal["smoke", "coarse", "full"]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

WorcOverrides = dict[str, dict[str, str]]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CohortConfig(_Model):
    """Where the patients are and which of them are compared."""

    manifest: Path
    patient_id: str = "patient_id"
    patients: Literal["common", "available"] = "common"
    exclude: tuple[str, ...] = ()


class ModalityConfig(_Model):
    """One image with its segmentation: the manifest's columns and how WORC treats it."""

    image: str
    segmentation: str
    image_type: str
    label: int | None = Field(default=None, ge=1)
    worc: WorcOverrides = Field(default_factory=dict)

    @field_validator("image_type")
    @classmethod
    def _known_image_type(cls, value: str) -> str:
        if value not in worc_settings.IMAGE_TYPES:
            message = (
                f'"{value}" is no image type. {did_you_mean(value, worc_settings.IMAGE_TYPES)}'
            )
            raise ValueError(message)
        return value


class ArmConfig(_Model):
    """What one arm of the comparison knows about a patient."""

    modalities: tuple[str, ...] = ()
    clinical: tuple[str, ...] = ()
    features: Literal["all", "volume"] = "all"
    missing: Literal["exclude", "impute"] = "exclude"


class EnsembleConfig(_Model):
    """How the best workflows of a search become one model."""

    method: str = "top_N"
    size: int = Field(default=100, ge=1)

    @field_validator("method")
    @classmethod
    def _known_method(cls, value: str) -> str:
        known = worc_settings.ENSEMBLE_METHODS
        if value not in known:
            message = f'"{value}" is no ensemble method of WORC. {did_you_mean(value, known)}'
            raise ValueError(message)
        return value


class SearchConfig(_Model):
    """WORC's random search: how much of it, and how it is scored."""

    preset: Preset = "coarse"
    splits: int = Field(ge=1)
    candidates: int = Field(ge=1)
    inner_splits: int = Field(ge=1)
    test_size: float = Field(default=0.2, gt=0, lt=1)
    scoring: str = "f1_weighted"
    classifiers: tuple[str, ...]
    ensemble: EnsembleConfig
    seed: int = Field(default=0, ge=0)
    worc_compat: Literal["3.7.0"] | None = None

    @field_validator("scoring")
    @classmethod
    def _known_score(cls, value: str) -> str:
        if value not in worc_settings.SCORES:
            message = f'"{value}" is no score. {did_you_mean(value, worc_settings.SCORES)}'
            raise ValueError(message)
        return value

    @field_validator("classifiers")
    @classmethod
    def _known_classifiers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = worc_settings.CLASSIFIERS
        unknown = [name for name in value if name not in known]
        if unknown:
            message = f'"{unknown[0]}" is no classifier of WORC. {did_you_mean(unknown[0], known)}'
            raise ValueError(message)
        if not value:
            message = "At least one classifier is needed."
            raise ValueError(message)
        return value


class RunConfig(_Model):
    """How the tasks are run; none of it changes a number."""

    engine: Literal["local"] = "local"
    cores: int | None = Field(default=None, ge=1)
    on_error: Literal["stop", "exclude-patient"] = "stop"


class StudyConfig(_Model):
    """A whole study: cohort, modalities, arms, search, WORC settings and how to run it."""

    name: str
    outcome: str
    cohort: CohortConfig
    modalities: dict[str, ModalityConfig] = Field(default_factory=dict)
    arms: dict[str, ArmConfig]
    search: SearchConfig
    worc: WorcOverrides = Field(default_factory=dict)
    run: RunConfig = Field(default_factory=RunConfig)
    path: Path | None = None

    def worc_settings(self) -> dict[str, dict[str, str]]:
        """Return WORC's settings for the search of this study, section -> key -> text.

        WORC's defaults, then the preset, then ``[worc.*]``, then ``[search]``.
        """
        search = self.search
        named = {
            "CrossValidation": {
                "N_iterations": str(search.splits),
                "test_size": str(search.test_size),
            },
            "HyperOptimization": {
                "N_iterations": str(search.candidates),
                "n_splits": str(search.inner_splits),
                "scoring_method": search.scoring,
            },
            "Classification": {"classifiers": ", ".join(search.classifiers)},
            "Ensemble": {"Method": search.ensemble.method, "Size": str(search.ensemble.size)},
            "Labels": {"label_names": self.outcome},
        }
        return worc_settings.merge(
            worc_settings.default_settings(),
            worc_settings.PRESETS[search.preset][1],
            self.worc,
            named,
        )

    def modality_settings(self, modality: str) -> dict[str, dict[str, str]]:
        """Return WORC's settings for one modality; a new object for each (errata E1)."""
        config = self.modalities[modality]
        image_type = {"ImageFeatures": {"image_type": config.image_type}}
        return worc_settings.merge(self.worc_settings(), config.worc, image_type)


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
            **{
                key: tables[key] for key in ("cohort", "modalities", "arms", "run") if key in tables
            },
            search=search,
            worc=_as_text(tables.get("worc", {})),
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
    return config.model_copy(update={"cohort": cohort})


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
    preset = search.get("preset", "coarse")
    if preset not in worc_settings.PRESETS:
        preset = "coarse"
    filled = {**worc_settings.PRESETS[preset][0], **search}
    if isinstance(filled.get("ensemble"), str):
        filled["ensemble"] = {"method": filled["ensemble"]}
    ensemble = filled["ensemble"]
    candidates = filled["candidates"]
    if isinstance(ensemble, Mapping) and isinstance(candidates, int):
        size = dict(worc_settings.PRESETS[preset][0]["ensemble"])["size"]  # type: ignore[call-overload]
        if ensemble.get("method") not in (None, "Single"):
            size = max(size, 10)
        # The size of a preset follows the number of candidates (errata E10).
        filled["ensemble"] = {"size": max(1, min(size, candidates)), **ensemble}
        if "ensemble" not in search:
            filled["ensemble"] = {**ensemble, "size": max(1, min(size, candidates))}
    return filled


def _as_text(overrides: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return overrides with every value as WORC writes it in its ini files."""
    return {
        section: {key: _ini_text(value) for key, value in values.items()}
        for section, values in overrides.items()
        if isinstance(values, Mapping)
    }


def _ini_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_ini_text(item) for item in value)
    return str(value)


def _unknown_key(table: str, key: str, known: tuple[str, ...]) -> Problem:
    return Problem(
        f"This key is not known in [{table}].", did_you_mean(key, known), column=f"{table}.{key}"
    )


def _unknown_tables(raw: Mapping[str, Any]) -> Iterator[Problem]:
    known = ("study", "cohort", "modalities", "arms", "search", "worc", "run")
    for key, value in raw.items():
        if key not in known:
            yield Problem("This table is not known.", did_you_mean(key, known), column=key)
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
            modality["worc"].update(_as_text(modality["worc"]))  # type: ignore[attr-defined]


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
                yield from _key_problems(section, key, _ini_text(value), f"{column}.{key}")


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
    return problems + _search_problems(config, tables.get("search", {}))


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
    if arm.features == "volume" and not arm.modalities:
        what = "A volume needs a modality with a segmentation."
        problems.append(Problem(what, "Name one in modalities.", column=f"{column}.features"))
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
