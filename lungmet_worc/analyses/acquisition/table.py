"""How the images of a study were made, in a table."""

from __future__ import annotations

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import later
from lungmet_worc.display.table import Table


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"acquisition": results.acquisition}


ACQUISITION = Table(
    "acquisition",
    "Acquisition",
    "How the images were made",
    (
        *("modality", Column("property", later("Property"), "text")),
        *(Column("value", later("Value"), "text"), "n_patients"),
    ),
    counts=False,
)
TABLES = (ACQUISITION,)
