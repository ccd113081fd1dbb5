"""English sentences that remember how they were made, so that they can be said in Dutch too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


class Sentence(str):
    """An English text with named fields; as a ``str`` it is the finished English sentence.

    Problems, digests and messages are made far from where the language of the reader is known.
    They are made as ``Sentence("The id is also in row {row}.", row=3)``: whoever does not care has
    an ordinary text, and ``language("nl").of(text)`` says the same in Dutch, from the same
    fields. Nothing takes the finished sentence apart.

    Parameters
    ----------
    template : str
        English, with fields such as "{row}" or "{auc:.2f}". Without fields it is taken as it is.
    **fields : object
        What the fields stand for. A field may be a ``Sentence`` itself; other texts (names of
        patients, columns, files) are never translated.

    Raises
    ------
    KeyError
        A field of the template is not given.
    """

    template: str
    fields: Mapping[str, Any]

    def __new__(cls, template: str, /, **fields: Any) -> Sentence:
        """Return the finished sentence, which knows its template and fields."""
        made = super().__new__(cls, template.format(**fields) if fields else template)
        made.template = template
        made.fields = fields
        return made

    @classmethod
    def plural(cls, n: int, one: str, many: str, /, **fields: Any) -> Sentence:
        """Return the text for one thing, or that for none or several, with the field ``n``."""
        return cls(one if n == 1 else many, n=n, **fields)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Let processes hand texts to each other."""
        return (self.template,), dict(self.fields)


@dataclass(frozen=True)
class Span:
    """The lowest and the highest of several numbers, for a field that has a format."""

    low: float
    high: float

    def __format__(self, spec: str) -> str:
        """Return both, each in the format of the field: "44-57" with a dash of numbers."""
        return f"{self.low:{spec}}\N{EN DASH}{self.high:{spec}}"


def joined(parts: Sequence[str], mark: str) -> Sentence:
    """Return texts one behind the other, each said in its own right; see `Sentence`."""
    if len(parts) < 2:
        return Sentence("{text}", text=parts[0] if parts else "")
    # Halved, since a study may join more texts than functions can call each other.
    half = len(parts) // 2
    before, text = joined(parts[:half], mark), joined(parts[half:], mark)
    return Sentence("{before}{mark}{text}", before=before, mark=mark, text=text)


class _KeptAsMade:
    """Tells pydantic to write a `Sentence` as its template and fields, and to read it back."""

    @staticmethod
    def __get_pydantic_core_schema__(source: object, handler: object) -> CoreSchema:
        """Return how a text is read and written; only pydantic asks."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )


#: A text that may be a `Sentence`, and stays one where pydantic writes it and reads it back.
Text = Annotated[str, _KeptAsMade]


def _written(value: object) -> object:
    if not isinstance(value, Sentence):
        return value
    fields = {name: _written(field) for name, field in value.fields.items()}
    return {"text": value.template, "fields": fields}


def _read(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or value.keys() != {"text", "fields"}:
        message = "a text is a string, or an object of text and fields"
        raise ValueError(message)
    try:
        _refuse_odd_fields(value["text"])
        fields = {
            name: _read(field) if isinstance(field, dict) else field
            for name, field in value["fields"].items()
        }
        return Sentence(value["text"], **fields)
    except (KeyError, IndexError, AttributeError, TypeError) as error:
        message = "the text does not fit its fields"
        raise ValueError(message) from error


def _refuse_odd_fields(template: str) -> None:
    """Refuse what none of our texts has: a look inside a value, or a width without end."""
    for _, name, spec, _ in Formatter().parse(template):
        if name is not None and (not name.isidentifier() or len(spec or "") > 4):
            message = "a field of a text is a name"
            raise ValueError(message)
