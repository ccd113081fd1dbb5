"""The rooms of the house, as ARCHITECTURE.md lists them."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "ARCHITECTURE.md"


def rooms_of(document: str) -> list[str]:
    """Return the rooms of the map, from top to bottom: the first words of its lines, up to "/"."""
    for block in re.findall(r"^```.*?\n(.*?)^```", document, re.MULTILINE | re.DOTALL):
        names = re.findall(r"^ *(\w+)/", block, re.MULTILINE)
        if names[:1] == ["cli"]:
            return names
    return []


ROOMS = rooms_of(DOCUMENT.read_text("utf-8"))
