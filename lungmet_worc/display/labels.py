"""What a column of a table is: its heading, and what its cells are called for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.measures import METRIC_NAMES
from lungmet_worc.display.wording import yes_no

Kind = Literal["integer", "number", "share", "text"]
Said = Callable[[Language, str], str]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        In the CSV file.
    heading : str
        English, for people.
    kind : {"number", "integer", "share", "text"}
        What its cells are; a share is a number that people read as a percentage.
    words : mapping of str to str
        Text in a cell to what people read in its place, in English.
    said : callable, optional
        What people read in place of a text that is not among the words.
    places : int
        Decimals in the workbook.
    """

    name: str
    heading: str
    kind: Kind = "number"
    words: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None
    places: int = 2

    @property
    def number_format(self) -> str:
        """How a workbook shows its numbers."""
        return "0%" if self.kind == "share" else f"0.{'0' * self.places}"

    def label(self, value: object, say: Language) -> str:
        """Return what people read in place of a cell; its text where no word is known for it.

        Parameters
        ----------
        value : object
        say : Language
        """
        if isinstance(value, Sentence):
            return say.of(value)
        text = str(value)
        if text in self.words:
            return say(self.words[text])
        return self.said(say, text) if self.said else text


GROUPS: Mapping[str, str] = {
    "shape": later("Shape"),
    "orientation": later("Orientation"),
    "intensity": later("Intensity"),
    "texture": later("Texture"),
    "filtered": later("Filtered image"),
    "clinical": later("Clinical"),
    "other": later("Other"),
    "all": later("All features"),
}
MEASURES: Mapping[str, str] = {**METRIC_NAMES, "threshold": later("Threshold")}


def _outcome(say: Language, text: str) -> str:
    return yes_no(int(text), say) if text in {"0", "1"} else text


#: Columns that several tables have, by their names. What one table has alone stands beside it.
COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        *(Column(name, text) for name, text in METRIC_NAMES.items()),
        Column("arm", later("Arm"), "text", said=Language.arm),
        Column("metric", later("Measure"), "text", MEASURES),
        Column("mean", later("Mean")),
        Column("ci_low", later("95% interval, low")),
        Column("ci_high", later("95% interval, high")),
        Column("n_splits", later("Splits"), "integer"),
        Column("n_patients", later("Patients"), "integer"),
        Column("n_events", later("Events"), "integer"),
        Column("split", later("Split"), "integer"),
        Column("n_train", later("Training patients"), "integer"),
        Column("n_test", later("Test patients"), "integer"),
        Column("patient_id", later("Patient"), "text"),
        Column("outcome", later("Outcome"), "integer", said=_outcome),
        Column("n_tested", later("Times tested"), "integer"),
        Column("posterior_mean", later("Mean probability")),
        Column("times_correct", later("Times right"), "integer"),
        Column("p_value", later("p")),
        Column("p_adjusted", later("p, adjusted (Holm)")),
        Column(
            *("modality", later("Modality"), "text"),
            words={"clinical": GROUPS["clinical"]},
            said=Language.modality,
        ),
        Column("group", later("Group"), "text", GROUPS),
        Column("n_features", later("Features"), "integer"),
        Column("value", later("Value")),
    )
}


def heading(column: str, say: Language = ENGLISH) -> str:
    """Return what a column that several tables have is called.

    Parameters
    ----------
    column : str
    say : Language
    """
    return say(COLUMNS[column].heading)


def is_p(column: str) -> bool:
    """Tell whether the numbers of a column are p-values.

    Parameters
    ----------
    column : str
    """
    return column.startswith("p_")
