"""One style for every figure: sizes of a journal, colours, lines, markers and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from lungmet_worc.display import wording
from lungmet_worc.display.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Widths of a column and of a page of a journal, in cm.
SINGLE, DOUBLE = 8.5, 17.5
#: Sizes of text, in points; journals ask for 7 at least.
TEXT, SMALL = 8.0, 7.0
#: Of one line of text, relative to its size.
LINE_HEIGHT = 1.3
CM = 1 / 2.54
POINT = 2.54 / 72
#: Dots in a figure that are still drawn one by one in an SVG; more become a picture inside it.
SHOWN_DOTS = 800
INK, SOFT = "0.0", "0.3"
DASHED = (0, (4, 3))

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "hatch.linewidth": 0.6,
    # A "$" in the name of an arm is a "$".
    "text.parse_math": False,
    # Without a fixed salt every SVG would differ from the last one.
    "svg.hashsalt": "lungmet_worc",
    "svg.fonttype": "path",
}


class Drawing(NamedTuple):
    """A figure and the numbers that it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    numbers : DataFrame
        Exactly what is drawn.
    """

    figure: Figure
    numbers: pd.DataFrame


class Look(NamedTuple):
    """How an arm is drawn, in every figure: it is told apart without its colour too.

    Parameters
    ----------
    colour : str
        Of the palette by Okabe and Ito, for readers with any colour vision.
    line : str or tuple
        matplotlib's line style.
    marker : str
        matplotlib's marker.
    """

    colour: str
    line: str | tuple[float, tuple[float, ...]]
    marker: str


# The palette of Okabe and Ito (https://jfly.uni-koeln.de/color) with grey in place of yellow, which
# is too pale for a line on white; neighbours differ in lightness too.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#000000",
    "#D55E00",
    "#56B4E9",
    "#009E73",
    "#CC79A7",
    "#999999",
)
LINES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2.5)),
    (0, (6, 1.5, 1.2, 1.5, 1.2, 1.5)),
    (0, (2.5, 1.2)),
    (0, (9, 1.5, 2.5, 1.5)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")


def looks(arms: Iterable[str]) -> dict[str, Look]:
    """Return the look of each arm, the same in every figure of a study.

    Parameters
    ----------
    arms : iterable of str
        In the order of the study.
    """
    names = list(dict.fromkeys(arms))
    return {
        arm: Look(COLOURS[i % len(COLOURS)], LINES[i % len(LINES)], MARKERS[i % len(MARKERS)])
        for i, arm in enumerate(names)
    }


def sheet(width: float, height: float) -> Figure:
    """Return an empty figure without touching matplotlib's global state.

    Parameters
    ----------
    width, height : float
        In cm.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width * CM, height * CM))
    FigureCanvasAgg(figure)
    return figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a place in cm, from the left upper corner of the figure."""
    across, down = _size(figure)
    box = (left / across, 1 - (top + height) / down, width / across, height / down)
    return figure.add_axes(box)


def write(
    figure: Figure,
    left: float,
    top: float,
    lines: str | Sequence[str],
    *,
    size: float = SMALL,
    colour: str = INK,
    weight: str = "normal",
    align: str = "left",
) -> float:
    """Write lines at a place in cm, from the left upper corner; return their height in cm."""
    across, down = _size(figure)
    lines = [lines] if isinstance(lines, str) else lines
    step = lines_height(1, size)
    for i, line in enumerate(lines):
        figure.text(
            left / across,
            1 - (top + (i + 0.5) * step) / down,
            line,
            size=size,
            color=colour,
            weight=weight,
            ha=align,
            va="center_baseline",
        )
    return lines_height(len(lines), size)


def _size(figure: Figure) -> tuple[float, float]:
    """Return width and height of a figure in cm."""
    across, down = figure.get_size_inches()
    return float(across) / CM, float(down) / CM


def lines_height(count: int, size: float = SMALL) -> float:
    """Return the height of so many lines of text, in cm."""
    return count * size * LINE_HEIGHT * POINT


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Return the width of a line of text as it is drawn, in cm."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=STYLE["font.sans-serif"], size=size, weight=weight)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, False)
    return float(width) * POINT


def wrapped(text: str, width: float, size: float = SMALL, weight: str = "normal") -> list[str]:
    """Return a text as lines that are no wider than so many cm.

    A word that is too long for a line is broken.
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= width:
            lines[-1] = longer
            continue
        rest = word
        while len(rest) > 1 and text_width(rest, size, weight) > width:
            fits = len(rest) - 1
            while fits > 1 and text_width(rest[:fits], size, weight) > width:
                fits -= 1
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines or [""]


def number_text(value: float, say: Language, decimals: int = 2) -> str:
    """Return a rounded number with the decimal mark of the language and a real minus."""
    return wording.number_text(value, decimals, say).replace("-", "\N{MINUS SIGN}")


def interval_text(value: float, low: float, high: float, say: Language, decimals: int = 2) -> str:
    """Return an estimate with its interval, such as "0.67 (0.55 to 0.78)", with a real minus."""
    text = wording.interval_text(value, low, high, decimals, say)
    return text.replace("-", "\N{MINUS SIGN}")


def counts_text(n_patients: float, n_events: float, say: Language) -> str:
    """Return the number of patients and of events in words."""
    patients = say.plural(int(n_patients), "{n} patient", "{n} patients")
    return f"{patients}, {say.plural(int(n_events), '{n} event', '{n} events')}"


def shared_counts(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int] | None:
    """Return patients and events if all rows have the same; None if they differ."""
    counts = {(int(row["n_patients"]), int(row["n_events"])) for row in rows}
    return counts.pop() if len(counts) == 1 else None


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def label_axis(axes: Axes, which: str, ticks: Sequence[float], say: Language, digits: int) -> None:
    """Set the ticks of the x or y axis, with numbers in the language."""
    axis = getattr(axes, f"{which}axis")
    axis.set_ticks(list(ticks), labels=[number_text(tick, say, digits) for tick in ticks])
