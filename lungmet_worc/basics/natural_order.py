"""The order in which people count: P2 before P10."""

from __future__ import annotations

import re


def natural_order(text: str) -> tuple[tuple[int | str, ...], str]:
    """Return a key that sorts texts as people do: numbers by value, letters of any case alike.

    Examples
    --------
    >>> sorted(["centre 10", "Centre 2", "b"], key=natural_order)
    ['b', 'Centre 2', 'centre 10']
    """
    parts = re.split(r"([0-9]+)", text.casefold())
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts)), text
