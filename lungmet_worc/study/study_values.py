"""What is wrong with single values of a study file, in words of its own."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lungmet_worc.basics.errors import Problem, did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.key_causes import MISSING_KEY, UNKNOWN_KEY
from lungmet_worc.study.sources.kinds import kind_of

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80

#: Kind of a limit that a number breaks -> how it is said.
_LIMITS: dict[str, Callable[[object], Sentence]] = {
    "greater_than": lambda limit: Sentence("This must be greater than {limit}.", limit=limit),
    "greater_than_equal": lambda limit: Sentence(
        "This must be greater than or equal to {limit}.", limit=limit
    ),
    "less_than": lambda limit: Sentence("This must be less than {limit}.", limit=limit),
    "less_than_equal": lambda limit: Sentence(
        "This must be less than or equal to {limit}.", limit=limit
    ),
}
#: How the kind of an error begins -> what is wanted.
_WANTED = (
    ("int", Sentence("This must be a whole number.")),
    ("float", Sentence("This must be a number.")),
    ("finite", Sentence("This must be a number.")),
    ("string", Sentence("This must be a text between quotation marks.")),
    ("path", Sentence("This must be a path between quotation marks.")),
    ("bool", Sentence("This must be true or false.")),
    ("tuple", Sentence("This must be a list between square brackets.")),
    ("dict", Sentence("This must be a table.")),
    ("model", Sentence("This must be a table.")),
)


def validation_problems(error: ValidationError, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with single values of a study file.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    tables : mapping
        The study file; its keys tell of which kind a modality is.
    """
    for item in error.errors():
        location = [str(part) for part in item["loc"]]
        column = ".".join(location)
        if location[0] in ("name", "outcome"):
            column = f"study.{column}"
        kind = item["type"]
        if kind == "missing":
            if location[0] not in ("cohort", "arms"):
                yield Problem(
                    Sentence("This key is missing."),
                    Sentence("Add {key}.", key=column),
                    column=column,
                    kind=MISSING_KEY,
                )
        elif kind == "extra_forbidden":
            known = _known_keys(location[:-1], tables)
            what = Sentence("This key is not known.")
            remedy = did_you_mean(location[-1], known)
            yield Problem(what, remedy, column=column, kind=UNKNOWN_KEY)
        elif kind == "literal_error":
            known = tuple(str(item["ctx"]["expected"]).replace("'", "").split(" or "))
            known = tuple(part for text in known for part in text.split(", "))
            given = str(item["input"])
            what = Sentence('"{given}" is not possible here.', given=_SHORT.repr(given)[1:-1])
            yield Problem(what, did_you_mean(given[:100], known), column=column)
        elif kind == "value_error":
            yield Problem(item["ctx"]["error"].args[0], Sentence("Correct it."), column=column)
        else:
            remedy = Sentence("It is {given} now.", given=_SHORT.repr(item["input"]))
            yield Problem(_of_the_wrong_kind(item), remedy, column=column)


def _of_the_wrong_kind(item: ErrorDetails) -> Sentence:
    """Return what pydantic found wrong with a value."""
    kind, limits = item["type"], item.get("ctx", {})
    if kind in _LIMITS:
        return _LIMITS[kind](next(iter(limits.values())))
    said = next((said for start, said in _WANTED if kind.startswith(start)), None)
    return said or Sentence("{message}.", message=item["msg"])


def _known_keys(location: list[str], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that exist at a place of the study file."""
    model: type[BaseModel] = StudyConfig
    if location[0] == "modalities":
        model, location = kind_of(tables["modalities"][location[1]]), location[2:]
    for part in location:
        field = model.model_fields.get(part)
        if field is None:
            continue
        for candidate in (field.annotation, *get_args(field.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return tuple(model.model_fields)
