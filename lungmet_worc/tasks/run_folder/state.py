"""What ``run.json`` may say: its shape, whoever wrote it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ValidationError


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        message = "a time without its zone"
        raise ValueError(message)
    return text


_Time = Annotated[str, AfterValidator(_time)]


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
    tasks: dict[str, _Task] = {}
    arms: dict[str, _Arm] = {}
    excluded: list[_Excluded] = []
    errata: list[tuple[str, str]] = []


def run_state(text: str) -> dict[str, Any]:
    """Return what ``run.json`` says.

    Parameters
    ----------
    text : str
        The content of the file.

    Raises
    ------
    ValueError
        It is no JSON, or says something that no run says.
    """
    try:
        _State.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from error
    state: dict[str, Any] = json.loads(text)
    return state
