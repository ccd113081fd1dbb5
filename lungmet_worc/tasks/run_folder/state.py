"""What ``run.json`` says of a run, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ValidationError

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.regular_file import read_plain_text
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import TaskKey

#: Bump when a run folder of an older version can no longer be gone on with.
FORMAT = 1


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        message = "a time without its zone"
        raise ValueError(message)
    return text


_Time = Annotated[str, AfterValidator(_time)]


def _key(text: str) -> str:
    return str(TaskKey.parse(text))


class _Part(BaseModel, extra="allow", strict=True):
    """A part of the file; it may say more."""


class _Task(_Part):
    state: str
    seconds: float = 0
    finished: _Time = ""
    error: str = ""
    without_score: dict[str, int] = {}


class _Arm(_Part):
    n_patients: int = 0
    n_events: int = 0
    n_left_out: int = 0


class _Search(_Part):
    splits: int
    candidates: int = 0
    seed: int = 0


class _StudyArm(_Part):
    label: str | None = None
    modalities: list[str] = []
    clinical: list[str] = []
    features: str | list[str] = "all"
    missing: str = "exclude"


class _StudyModality(_Part):
    title: str | None = None


class _Study(_Part):
    name: str
    outcome: str = ""
    arms: dict[str, _StudyArm]
    modalities: dict[str, _StudyModality] = {}
    search: _Search


class _Untested(_Part):
    arm: str
    split: int
    reason: Literal["nobody", "too few", "alike", "no workflow"]


class _Excluded(_Part):
    patient_id: str
    modality: str
    cause: str


class _Partial(_Part):
    splits: int
    of: int


class _State(_Part):
    study: _Study | None = None
    order: list[str] = []
    cores: int = 1
    started: _Time | None = None
    begun: _Time | None = None
    finished: _Time | None = None
    partial: _Partial | None = None
    only: str | None = None
    study_file: str | None = None
    untested: list[_Untested] = []
    report_seconds: float = 0
    tasks: dict[Annotated[str, AfterValidator(_key)], _Task] = {}
    arms: dict[str, _Arm] = {}
    excluded: list[_Excluded] = []
    errata: list[tuple[str, str]] = []


def read_state(paths: RunPaths) -> dict[str, Any]:
    """Return what ``run.json`` says; empty if there is none.

    Raises
    ------
    RunFolderError
        The file is damaged, or of another version's format.
    """
    try:
        state = _checked(read_plain_text(paths.run_json))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        message = Sentence(
            '"{file}" in this run folder cannot be read: {error}. Use another folder for --out, or '
            "take the file away: results that are complete are found again.",
            file=paths.run_json.name,
            error=getattr(error, "strerror", None) or error,
        )
        raise RunFolderError(message) from error
    tasks = state.get("tasks", {}).values()
    if state.get("format") != FORMAT or any("stamp" not in task for task in tasks):
        message = Sentence(
            "This folder was made by another version of lungmet_worc. Use another folder for --out."
        )
        raise RunFolderError(message)
    return state


def write_state(paths: RunPaths, state: dict[str, Any]) -> None:
    """Write ``run.json`` atomically."""
    text = json.dumps({"format": FORMAT, **state}, indent=1, sort_keys=True)
    write_text(paths.run_json, text + "\n")


def now() -> str:
    """Return the time, in UTC, as run.json writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _checked(text: str) -> dict[str, Any]:
    """Return what the text says; ValueError if no run says it."""
    try:
        _State.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from error
    state: dict[str, Any] = json.loads(text)
    return state


def tasks_of(state: Mapping[str, Any]) -> dict[TaskKey, dict[str, Any]]:
    """Return what ``run.json`` says of each task."""
    return {TaskKey.parse(text): entry for text, entry in state.get("tasks", {}).items()}
