"""What the parts of a report are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.display.blocks import Block, Details, Picture, Table
from lungmet_worc.display.language import Language

#: Rows of a table that stands open: a longer one opens on demand.
SHOWN_OPEN = 24


@dataclass(frozen=True)
class Material:
    """A study's results and the language in which they are said.

    Parameters
    ----------
    context : ReportContext
        Without absolute paths in its texts.
    say : Language
    pictures : mapping of str to Picture
        Figures by their names.
    """

    context: ReportContext
    say: Language
    pictures: Mapping[str, Picture]

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table of the study, an empty one if it is absent.

        Parameters
        ----------
        name : str
        """
        return self.context.tables.get(name, pd.DataFrame())

    def table(self, name: str, caption: str, frame: pd.DataFrame | None = None) -> list[Block]:
        """Return a table of the study for people, nothing if it has no row.

        Parameters
        ----------
        name : str
        caption : str
        frame : DataFrame, optional
            A part of the table.
        """
        shown = self.frame(name) if frame is None else frame
        if shown.empty:
            return []
        return [self.text_table(TABLES[name].readable(shown, self.say), caption)]

    def folded(self, name: str, caption: str) -> list[Block]:
        """Return the same as `table`, to be opened on demand if it is long."""
        shown = self.table(name, caption)
        if shown and isinstance(shown[0], Table) and len(shown[0].frame) > SHOWN_OPEN:
            return [Details(caption, shown)]
        return shown

    def text_table(self, frame: pd.DataFrame, caption: str) -> Table:
        """Return a table of texts.

        Parameters
        ----------
        frame : DataFrame
        caption : str
        """
        say = self.say
        names = (say("Patient"), say("Arm"), say("Feature"), say("Subgroup"), say("Arms"))
        return Table(frame, caption, names)

    def figure(self, *names: str) -> list[Block]:
        """Return figures that there are.

        Parameters
        ----------
        *names : str
        """
        return [self.pictures[name] for name in names if name in self.pictures]


def if_any(shown: Sequence[Block], *blocks: Block) -> list[Block]:
    """Return blocks that say something only beside others: these first, then what is shown.

    Parameters
    ----------
    shown : sequence of block
    *blocks : block
    """
    return [*blocks, *shown] if shown else []
