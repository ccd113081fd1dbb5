"""What tables of the study file have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
)

from lungmet_worc.basics.errors import did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.shown_names import trimmed
from lungmet_worc.study import worc_settings
from lungmet_worc.study.scan_paths import absolute


class StudyTable(BaseModel):
    """A table of the study file: its keys are known, and nothing changes it once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_text(overrides: object) -> object:
    """Return WORC settings with every value as WORC writes it in its ini files."""
    if not isinstance(overrides, Mapping):
        return overrides
    return {
        section: {key: worc_settings.ini_text(value) for key, value in values.items()}
        if isinstance(values, Mapping)
        else values
        for section, values in overrides.items()
    }


WorcOverrides = Annotated[dict[str, dict[str, str]], BeforeValidator(_as_text)]


def _from_the_folder(path: Path, info: ValidationInfo) -> Path:
    return absolute(info.context["folder"], str(path)) if info.context else path


#: A path, in a study file relative to its folder; what is kept of it beside a run is its name.
StudyPath = Annotated[
    Path,
    AfterValidator(_from_the_folder),
    PlainSerializer(lambda path: path.name, return_type=str, when_used="json"),
]


def one_of(known: Collection[str], message: str) -> AfterValidator:
    """Return what refuses a text that is not known.

    Parameters
    ----------
    known : collection of str
    message : str
        English, with the fields ``value`` and ``hint``.
    """

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(Sentence(message, value=value, hint=did_you_mean(value, known)))
        return value

    return AfterValidator(check)


#: What people read in place of a key.
Label = Annotated[str, BeforeValidator(trimmed)]
