"""One sentence for several that say the same of different things."""

from __future__ import annotations

from collections.abc import Sequence

from lungmet_worc.sentences import Sentence

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
    fields = {
        name: _merged_field(name, [each.fields[name] for each in sentences])
        for name in sentences[0].fields
    }
    if any(value is None for value in fields.values()):
        return None
    try:
        return Sentence(sentences[0].template, **fields)
    except ValueError:  # a number with a format of its own
        return None


def _merged_field(name: str, values: Sequence[object]) -> object:
    if all(value == values[0] for value in values):
        return values[0]
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) == len(values):
        return Sentence("{low} to {high}", low=min(numbers), high=max(numbers))
    sentences = [value for value in values if isinstance(value, Sentence)]
    if len(sentences) == len(values):
        return merged(sentences)
    if name in _SUBJECTS:
        return ", ".join(dict.fromkeys(str(value) for value in values))
    return None
