"""Names one behind the other: in which order, and how many of them are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from lungmet_worc.basics.sentences import Sentence, joined

Line = TypeVar("Line", bound=str)


def named(names: Sequence[str]) -> Sentence:
    """Return names as in a sentence: "A", "A, B and C", or the first three and how many more."""
    if len(names) in (2, 3):
        return Sentence("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])
    return listed(names, 3, fewest=1)


def listed(texts: Sequence[str], most: int, *, fewest: int = 2) -> Sentence:
    """Return texts as in a list: "A, B, C", or the first of them and how many more.

    Parameters
    ----------
    texts : sequence of str
    most : int
        So many are said, and the others too where they are fewer than `fewest`.
    fewest : int
    """
    more = len(texts) - most
    if more >= fewest:
        return Sentence("{names} and {n} more", names=joined(texts[:most], ", "), n=more)
    return joined(texts, ", ")


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Return the first and the last of numbers that follow each other: 2, 3, 4, 7: 2-4 and 7-7."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def cut_short(lines: Sequence[Line], most: int, more: Callable[[int], Line]) -> list[Line]:
    """Return the first lines, and behind them what is said of how many more there are."""
    left = len(lines) - most
    return [*lines[:most], more(left)] if left > 0 else list(lines)


def natural_order(text: str) -> tuple[tuple[int | str, ...], str]:
    """Return a key that sorts texts as people do: numbers by value, letters of any case alike.

    Examples
    --------
    >>> sorted(["centre 10", "Centre 2", "b"], key=natural_order)
    ['b', 'Centre 2', 'centre 10']
    """
    parts = re.split(r"([0-9]+)", text.casefold())
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts)), text
