"""How the tasks of a study are run: [run] of the study file."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.clock import deadline_text
from lungmet_worc.study.shapes import StudyPath, StudyTable

#: Execution plugins of fastr that run jobs on the machine on which lungmet runs.
ON_THIS_MACHINE = ("BlockingExecution", "LinearExecution", "ProcessPoolExecution")

_SIZES = {"MB": 2**20, "GB": 2**30}


def _bytes(size: object) -> object:
    """Return a size of memory such as "4 GB" in bytes."""
    if not isinstance(size, str):
        return size
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) *(MB|GB)", size.strip(), re.IGNORECASE)
    if match is None:
        message = Sentence(
            '"{size}" is no size of memory. Write it as in "4 GB" or "1500 MB".', size=size
        )
        raise ValueError(message)
    return round(float(match[1]) * _SIZES[match[2].upper()])


class RunConfig(StudyTable):
    """How the tasks are run; none of it changes a number.

    ``feature_store`` is a folder in which features are kept for other runs of the same images.
    """

    engine: Literal["local", "fastr"] = "local"
    plugin: str = "ProcessPoolExecution"
    memory: Annotated[int, BeforeValidator(_bytes), Field(ge=2**29)] | None = None
    cores: int | None = Field(default=None, ge=1, le=100_000)
    on_error: Literal["stop", "exclude-patient"] = "stop"
    accelerate: bool = True
    deadline: Annotated[str, BeforeValidator(deadline_text)] | None = None
    feature_store: StudyPath | None = None

    @model_validator(mode="after")
    def _fits_the_engine(self) -> Self:
        unused = [
            name
            for name in ("plugin", "memory")
            if getattr(self, name) != type(self).model_fields[name].default
        ]
        if self.engine == "local" and unused:
            message = Sentence(
                '"{key}" is only used with engine = "fastr". Add that, or remove it.', key=unused[0]
            )
            raise ValueError(message)
        if self.engine == "fastr" and self.cores is None and self.plugin not in ON_THIS_MACHINE:
            message = Sentence(
                "How many jobs may run on the cluster at the same time? Say it for {plugin}, "
                "for example: cores = 100.",
                plugin=self.plugin,
            )
            raise ValueError(message)
        return self
