"""A table of a study: its columns, its caption and notes, and how people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.display.labels import COLUMNS, Column, is_p
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.wording import interval_text, number_text, p_text

TYPES = {"integer": "int64", "number": "float64", "share": "float64", "text": "object"}


@dataclass(frozen=True)
class Table:
    """A table of a study.

    Parameters
    ----------
    name : str
        Name of its files.
    sheet : str
        Name of its sheet in the workbook of all tables.
    title : str
        Caption.
    made_of : tuple of str or Column
        Its columns, in this order: one that several tables have by its name alone.
    form : callable, optional
        Makes what people read from its rows; without it they read each row as it is.
    notes : tuple of str
        Sentences below the table, for people.
    required : bool
        Whether every run has it; the file of another one is left out when it is empty.
    by_arm : bool
        Whether a column of text for each arm follows.
    counts : bool
        Whether patients, events and splits of the study are said below it.
    shown : int, optional
        Rows of it that a page can hold.
    """

    name: str
    sheet: str
    title: str
    made_of: tuple[str | Column, ...] = ()
    form: Callable[[pd.DataFrame, Language], pd.DataFrame] | None = None
    notes: tuple[str, ...] = ()
    required: bool = False
    by_arm: bool = False
    counts: bool = True
    shown: int | None = None

    @cached_property
    def known(self) -> Mapping[str, Column]:
        """Return its columns by their names."""
        made_of = (COLUMNS[each] if isinstance(each, str) else each for each in self.made_of)
        return {column.name: column for column in made_of}

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of its columns, without those of arms."""
        return tuple(self.known)

    def column(self, name: str) -> Column:
        """Return a column; one that is not of this table is text under its own name.

        Parameters
        ----------
        name : str
        """
        return self.known.get(name) or Column(name, "", "text")

    def heading(self, name: str, say: Language = ENGLISH) -> str:
        """Return what a column is called.

        Parameters
        ----------
        name : str
        say : Language
        """
        if name in self.known:
            return say(self.known[name].heading)
        return say.names.arms.get(name, name)

    def label(self, name: str, value: object, say: Language = ENGLISH) -> str:
        """Return what a cell of a column is called.

        Parameters
        ----------
        name : str
            Of the column.
        value : object
        say : Language
        """
        return self.column(name).label(value, say)

    def fits(self, columns: Sequence[str]) -> bool:
        """Tell whether a file with these columns can be this table.

        Parameters
        ----------
        columns : sequence of str
        """
        given = tuple(columns)
        return given[: len(self.columns)] == self.columns if self.by_arm else given == self.columns

    def frame(self, rows: Iterable[Sequence[object]] = ()) -> pd.DataFrame:
        """Return rows as a data frame with the columns and types of this table.

        Parameters
        ----------
        rows : iterable of sequence
            A value for each column.
        """
        frame = pd.DataFrame(list(rows), columns=list(self.columns))
        return frame.astype({name: TYPES[column.kind] for name, column in self.known.items()})

    def readable(self, frame: pd.DataFrame, say: Language = ENGLISH) -> pd.DataFrame:
        """Return rows of the table as people read them: every cell a text, numbers rounded.

        Parameters
        ----------
        frame : DataFrame
        say : Language
            Every heading and word is said in it.
        """
        return (self.form or self.rows)(frame, say)

    def rows(self, frame: pd.DataFrame, say: Language) -> pd.DataFrame:
        """Return every row as it is, numbers rounded.

        Parameters
        ----------
        frame : DataFrame
            Some of the table's columns.
        say : Language
        """
        names = [str(name) for name in frame.columns]
        cells = [[self._cell(name, value, say) for value in frame[name]] for name in names]
        # Two columns may have one heading, as p-values of the same name.
        table = pd.DataFrame(dict(enumerate(cells)))
        table.columns = pd.Index([self.heading(name, say) for name in names])
        return table

    def _cell(self, name: str, value: object, say: Language) -> str:
        """Return one cell as text."""
        if isinstance(value, float):
            if is_p(name):
                return p_text(value, say)
            share = self.column(name).kind == "share"
            return share_text(value, say) if share else number_text(value, say=say)
        return self.label(name, value, say) if isinstance(value, str) else str(value)


def share_text(value: float, say: Language) -> str:
    """Return a share as a percentage.

    Parameters
    ----------
    value : float
    say : Language
    """
    return number_text(value, say=say) if np.isnan(value) else f"{100 * value:.0f}%"


def with_interval(row: Mapping[Any, Any], name: str, say: Language, decimals: int = 2) -> str:
    """Return a value of a row with the interval that the row has.

    Parameters
    ----------
    row : mapping
    name : str
        Column of the value.
    say : Language
    decimals : int
    """
    return interval_text(row[name], row["ci_low"], row["ci_high"], decimals, say)
