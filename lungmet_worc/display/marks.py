"""What several figures are made of: keys, intervals and rows of a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lungmet_worc.display.style import (
    DOUBLE,
    SHOWN_DOTS,
    SINGLE,
    SOFT,
    TEXT,
    Look,
    lines_height,
    place,
    sheet,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: With more arms than this the key of a figure stands beside the curves, not below.
FEW_ARMS = 3
_HANDLE = 1.15
_GAP = 0.1


def curves_sheet(
    looks: Sequence[Look | None],
    labels: Sequence[str],
    title: str,
    n_curves: int | None = None,
) -> tuple[Figure, Axes]:
    """Return a figure for curves of all arms: a square of axes, a title and a key.

    Parameters
    ----------
    looks : sequence of Look or None
        How each curve is drawn; None for a line of the key that has no curve.
    labels : sequence of str
        What the key says of each.
    title : str
        How many patients and events.
    n_curves : int, optional
        How many of them are arms; by default all.
    """
    beside = (n_curves or len(looks)) > FEW_ARMS
    side, left = 6.85, 1.35
    width = DOUBLE - SINGLE - 0.4 if beside else SINGLE - 0.2
    texts = [wrapped(label, width - _HANDLE - 0.1) for label in labels]
    heading = wrapped(title, (DOUBLE if beside else SINGLE) - 0.3, TEXT)
    top = 0.15 + lines_height(len(heading), TEXT) + 0.15
    key = key_height(texts)
    below = 1.0
    if beside:
        figure = sheet(DOUBLE, max(top + side + below, top + key + 0.2))
        draw_key(figure, SINGLE + 0.3, top, looks, texts)
    else:
        figure = sheet(SINGLE, top + side + below + 0.1 + key + 0.1)
        draw_key(figure, 0.15, top + side + below + 0.1, looks, texts)
    write(figure, 0.15, 0.15, heading, size=TEXT, colour=SOFT)
    return figure, place(figure, left, top, side, side)


def key_height(texts: Sequence[Sequence[str]]) -> float:
    """Return the height of a key, in cm."""
    return sum(lines_height(len(lines)) + _GAP for lines in texts)


def draw_key(
    figure: Figure,
    left: float,
    top: float,
    looks: Sequence[Look | None],
    texts: Sequence[Sequence[str]],
) -> None:
    """Draw a key: how each arm is drawn, and lines of text."""
    height = key_height(texts)
    axes = place(figure, left, top, _HANDLE, height)
    axes.set(xlim=(0, 1), ylim=(height, 0))
    axes.set_axis_off()
    y = 0.0
    for look, lines in zip(looks, texts, strict=True):
        middle = y + lines_height(1) / 2
        if look is not None:
            axes.plot([0.02, 0.86], [middle] * 2, ls=look.line, color=look.colour, lw=1.5)
            if look.marker:
                axes.plot(0.44, middle, look.marker, color=look.colour, ms=4)
        y += write(figure, left + _HANDLE, top + y, lines) + _GAP


def draw_interval(
    axes: Axes,
    row: tuple[float, float, float],
    y: float,
    look: Look,
    *,
    size: float = 5.0,
    filled: bool = True,
) -> None:
    """Draw an estimate and its interval in a forest plot; nothing where it is not defined."""
    value, low, high = row
    if math.isnan(value):
        return
    if not (math.isnan(low) or math.isnan(high)):
        axes.plot([low, high], [y, y], color=look.colour, lw=1.2, solid_capstyle="butt", zorder=3)
        first, last = axes.get_xlim()
        # An arrow says that the interval goes on.
        for goes_on, end, marker in ((low < first, first, "<"), (high > last, last, ">")):
            if goes_on:
                axes.plot(end, y, marker=marker, ms=4, color=look.colour, clip_on=False)
    face = look.colour if filled else "white"
    axes.plot(value, y, look.marker, ms=size, mfc=face, mec=look.colour, mew=0.9, zorder=4)


class Row(NamedTuple):
    """A row of a forest plot.

    Parameters
    ----------
    label : sequence of str
        Lines left of the axes.
    text : sequence of str
        Lines right of the axes.
    is_heading : bool
        A label in bold without an estimate.
    indent : float
        Of the label, in cm.
    """

    label: Sequence[str]
    text: Sequence[str] = ()
    is_heading: bool = False
    indent: float = 0.0


def row_height(row: Row, least: float) -> float:
    """Return the height of a row, in cm."""
    return max(least, lines_height(max(len(row.label), len(row.text))) + 0.14)


def row_centres(rows: Sequence[Row], least: float) -> NDArray[np.float64]:
    """Return where each row lies, in cm below the upper end of the axes; last, the end of all.

    Parameters
    ----------
    rows : sequence of Row
    least : float
        Least height of a row in cm.
    """
    heights = np.array([row_height(row, least) for row in rows])
    ends = np.cumsum(heights)
    return np.append(ends - heights / 2, ends[-1] if rows else 0.0)


def draw_rows(
    figure: Figure,
    place_of: tuple[float, float, float, float],
    rows: Sequence[Row],
    centres: Sequence[float] | NDArray[np.float64],
    x_range: tuple[float, float],
) -> Axes:
    """Add the axes of a forest plot with the texts of its rows on both sides.

    Parameters
    ----------
    figure : Figure
    place_of : tuple of (float, float, float, float)
        Left end of the labels, top, left end of the axes and width of the axes, in cm.
    rows : sequence of Row
    centres : sequence of float
        What `row_centres` gives: the axes' y is in cm downwards.
    x_range : tuple of (float, float)

    Returns
    -------
    Axes
    """
    labels, top, left, width = place_of
    total = float(centres[-1])
    axes = place(figure, left, top, width, total)
    axes.set(xlim=x_range, ylim=(total, 0), yticks=[])
    axes.spines["left"].set_visible(False)
    for row, centre in zip(rows, centres, strict=False):
        bold: dict[str, Any] = {"weight": "bold"} if row.is_heading else {}
        up = lines_height(len(row.label)) / 2
        write(figure, labels + row.indent, top + centre - up, row.label, **bold)
        if row.text:
            up = lines_height(len(row.text)) / 2
            write(figure, left + width + 0.25, top + centre - up, row.text)
    return axes


def draw_dots(
    axes: Axes,
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
    look: Look,
    *,
    filled: bool,
    total: int,
) -> None:
    """Draw many small dots; as a picture inside the SVG where they would make it large.

    Parameters
    ----------
    axes : Axes
    places : tuple of (array, array)
        x and y.
    look : Look
    filled : bool
    total : int
        Dots in the whole figure.
    """
    face = look.colour if filled else "none"
    many = total > SHOWN_DOTS
    axes.plot(
        *places,
        linestyle="none",
        marker="o",
        ms=1.6 if many else 3.0,
        mfc=face,
        mec=look.colour,
        mew=0.0 if filled else 0.3 if many else 0.6,
        alpha=0.45 if filled else 0.7,
        zorder=2,
        clip_on=False,
        rasterized=many,
    )


def spread(count: int, width: float) -> NDArray[np.float64]:
    """Return offsets that keep dots apart: spread evenly, not at random, the same each time."""
    return width * ((np.arange(count) * 0.618) % 1 - 0.5)


def vertical(axes: Axes, x: float) -> None:
    """Draw the line of no effect."""
    axes.axvline(x, color="0.45", lw=0.8, ls=(0, (4, 3)), zorder=1)


def round_range(low: float, high: float, step: float) -> tuple[float, float]:
    """Return a range that holds both, with ends that are multiples of a step."""
    return (
        float(np.floor(round(low / step, 6)) * step),
        float(np.ceil(round(high / step, 6)) * step),
    )


def ticks_of(low: float, high: float, width: float = 8.0) -> tuple[list[float], int]:
    """Return round places between two ends, and the decimals they need.

    Parameters
    ----------
    low, high : float
    width : float
        Of the axis, in cm: numbers keep their distance.
    """
    most = min(6, max(1, int(width / 1.1)))
    steps = ((0.01, 2), (0.02, 2), (0.05, 2), (0.1, 1), (0.2, 1), (0.25, 2), (0.5, 1), (1.0, 0))
    for step, digits in steps:
        first, last = math.ceil(round(low / step, 6)), math.floor(round(high / step, 6))
        if last - first <= most:
            return [i * step for i in range(first, last + 1)], digits
    return [low, high], 1
