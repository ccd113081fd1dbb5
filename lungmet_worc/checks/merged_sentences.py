"""One sentence for several that say the same of different things."""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter

from lungmet_worc.basics.sentences import Sentence, Span

#: Fields that name what a sentence is about: of several, all are named.
_SUBJECTS = ("arm", "column", "modality")


def merged(texts: Sequence[str]) -> str | None:
    """Return one sentence for several that differ in numbers and subjects only.

    Parameters
    ----------
    texts : sequence of str
        At least one.

    Returns
    -------
    str or None
        None if they differ in more.

    Examples
    --------
    >>> texts = [Sentence("Arm {arm} has {n}.", arm=arm, n=n) for arm, n in (("mri", 9), ("ct", 7))]
    >>> merged(texts)
    'Arm mri, ct has 7 to 9.'
    """
    if all(text == texts[0] for text in texts):
        return texts[0]
    sentences = [text for text in texts if isinstance(text, Sentence)]
    if len(sentences) < len(texts) or len({each.template for each in sentences}) > 1:
        return None
    template = sentences[0].template
    formatted = {name for _, name, spec, _ in Formatter().parse(template) if spec}
    fields = {
        name: _merged_field(name, [each.fields[name] for each in sentences], name in formatted)
        for name in sentences[0].fields
    }
    if any(value is None for value in fields.values()):
        return None
    return Sentence(template, **fields)


def _merged_field(name: str, values: Sequence[object], formatted: bool) -> object:
    if all(value == values[0] for value in values):
        return values[0]
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        low, high = min(numbers), max(numbers)
        return Span(low, high) if formatted else Sentence("{low} to {high}", low=low, high=high)
    sentences = [value for value in values if isinstance(value, Sentence)]
    if len(sentences) == len(values):
        return merged(sentences)
    if name in _SUBJECTS:
        return ", ".join(dict.fromkeys(str(value) for value in values))
    return None
