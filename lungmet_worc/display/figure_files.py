"""The files of a figure: PNG, SVG and the CSV of what was drawn."""

from __future__ import annotations

import io
import re
from pathlib import Path

from lungmet_worc.display.style import Drawing
from lungmet_worc.display.table_files import csv_text

#: Of the PNG, and of dots that are a picture inside an SVG.
DPI, DOTS_DPI = 300, 150


def save(drawing: Drawing, folder: Path, name: str) -> Path:
    """Write a figure as PNG and SVG and its numbers as CSV; return the SVG's path.

    Parameters
    ----------
    drawing : Drawing
    folder : Path
    name : str
        Of the files, without suffix.
    """
    # Arms of a finished run are named in its run.json, which anybody may have written.
    name = name.replace("/", "_").replace("\0", "_")
    svg = folder / f"{name}.svg"
    drawing.figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})
    buffer = io.StringIO()
    drawing.figure.savefig(
        buffer, format="svg", dpi=DOTS_DPI, metadata={"Date": None, "Creator": None}
    )
    svg.write_text(compact_svg(buffer.getvalue()), encoding="utf-8", newline="")
    text = csv_text(drawing.numbers)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return svg


def compact_svg(text: str) -> str:
    """Return an SVG of matplotlib at about half its size, letters moved by 0.04 pt at most.

    Most of it are references to glyphs, a line for each letter: they get short names and
    rounded places, and comments, indents and names that nothing refers to go.

    Parameters
    ----------
    text : str
    """
    text = re.sub(r"<!-- .*? -->", "", text, flags=re.DOTALL)
    text = re.sub(r"\bDejaVuSans-(?:(B)old-)?([0-9a-f]+)(?=\")", r"g\1\2", text)
    text = re.sub(
        r'(<use xlink:href="#gB?[0-9a-f]+") transform="translate\((-?[\d.]+) 0\)"',
        lambda found: f'{found[1]} x="{float(found[2]):.0f}"',
        text,
    )
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'(?<=\.\d\d)\d+(?=[ \n"])', "", text)
    return re.sub(r"\n\s*", "\n", text)
