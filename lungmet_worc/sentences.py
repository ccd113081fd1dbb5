"""English sentences that remember how they were made, so that they can be said in Dutch too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


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


#: So many names are said before "and 3 more".
MOST_NAMED = 3


def named(names: Sequence[str]) -> Sentence:
    """Return names as in a sentence: "A", "A, B and C", or the first three and how many more."""
    more = len(names) - MOST_NAMED
    if more > 0:
        return Sentence("{names} and {n} more", names=", ".join(names[:MOST_NAMED]), n=more)
    if len(names) < 2:
        return Sentence("{name}", name="".join(names))
    return Sentence("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])


def joined(parts: Sequence[str], mark: str) -> Sentence:
    """Return texts one behind the other, each said in its own right; see `Sentence`."""
    said = Sentence("{text}", text=parts[0] if parts else "")
    for part in parts[1:]:
        said = Sentence("{before}{mark}{text}", before=said, mark=mark, text=part)
    return said
