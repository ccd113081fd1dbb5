"""What a section of the report is made of: texts, tables, pictures, and what opens on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd


class _Block:
    @property
    def shape(self) -> str:
        """What the template draws."""
        return type(self).__name__.lower()


@dataclass(frozen=True)
class Text(_Block):
    """A paragraph.

    Parameters
    ----------
    text : str
    kind : {"", "note", "lead", "ready", "plain"}
        A note is smaller, "ready" stands in a box, "plain" keeps its line breaks.
    anchor, link : str
        Where a link behind the text leads, and what it says; left out where there is no such
        section.
    """

    text: str
    kind: Literal["", "note", "lead", "ready", "plain"] = ""
    anchor: str = ""
    link: str = ""


@dataclass(frozen=True)
class Bullets(_Block):
    """A list.

    Parameters
    ----------
    items : sequence of str
    numbered : bool
    """

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True)
class Table(_Block):
    """A table whose cells are texts; its first column names the rows.

    Parameters
    ----------
    frame : DataFrame
        All columns text.
    caption : str
    verbatim : sequence of str
        Columns of names, in which a hyphen never is a minus sign.
    """

    frame: pd.DataFrame
    caption: str
    verbatim: Sequence[str] = ()


@dataclass(frozen=True)
class Pairs(_Block):
    """A table of names and what belongs to them.

    Parameters
    ----------
    rows : sequence of (str, str)
    caption, first, second : str
        Caption, and the headings of the columns.
    """

    rows: Sequence[tuple[str, str]]
    caption: str
    first: str
    second: str


@dataclass(frozen=True)
class Picture(_Block):
    """A picture that the page holds itself.

    Parameters
    ----------
    name : str
    data : str
        A data URL.
    alt : str
        What it shows, for who cannot see it.
    caption : str
    wide : bool
        Much wider than high.
    arm : str
        The one arm that it is of; empty where it is of all.
    """

    name: str
    data: str
    alt: str
    caption: str
    wide: bool = False
    arm: str = ""


@dataclass(frozen=True)
class Pictures(_Block):
    """Small pictures side by side.

    Parameters
    ----------
    items : sequence of Picture
    """

    items: Sequence[Picture]


@dataclass(frozen=True)
class Card:
    """A patient with pictures.

    Parameters
    ----------
    title : str
    pictures : sequence of Picture
    lines : sequence of str
    """

    title: str
    pictures: Sequence[Picture]
    lines: Sequence[str]


@dataclass(frozen=True)
class Cards(_Block):
    """Patients side by side.

    Parameters
    ----------
    items : sequence of Card
    """

    items: Sequence[Card]


@dataclass(frozen=True)
class Answers(_Block):
    """A checklist with its answers.

    Parameters
    ----------
    rows : sequence of (str, str, str, str)
        Number, item, answer, and the anchor of the section that holds the answer ("": none).
    caption : str
    heads : sequence of str
        Headings of the three columns.
    absent : str
        What is said where the run has no such section.
    """

    rows: Sequence[tuple[str, str, str, str]]
    caption: str
    heads: Sequence[str]
    absent: str


@dataclass(frozen=True)
class Details(_Block):
    """What opens on demand, and is open in print.

    Parameters
    ----------
    summary : str
    blocks : sequence of block
    """

    summary: str
    blocks: Sequence[Block]


Block = Text | Bullets | Table | Pairs | Picture | Pictures | Cards | Answers | Details


@dataclass(frozen=True)
class Section:
    """A part of the report with an anchor of its own.

    Parameters
    ----------
    anchor : str
    title : str
    blocks : sequence of block
        A section without any is left out.
    sections : sequence of Section
        Below this one.
    """

    anchor: str
    title: str
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = field(default=())


def filled(sections: Sequence[Section]) -> list[Section]:
    """Leave out sections that say nothing.

    Parameters
    ----------
    sections : sequence of Section
    """
    found = []
    for section in sections:
        below = filled(section.sections)
        if section.blocks or below:
            found.append(Section(section.anchor, section.title, section.blocks, below))
    return found


def anchors(sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    """Give anchor and title of all sections, in their order.

    Parameters
    ----------
    sections : sequence of Section
    """
    for section in sections:
        yield section.anchor, section.title
        yield from anchors(section.sections)
