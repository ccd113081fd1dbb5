"""The figures of a report: data, words for who cannot see them, captions."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.performance.roc_figure import SHOWN_CURVES
from lungmet_worc.analyses.registry import parts
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.blocks import Picture
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import interval_text

IMAGE_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
#: Points: a figure that is wider was drawn for the width of the page, not for one column of it.
COLUMN = 300.0
#: Bytes of pictures that a report holds, so that it stays below 5 MB with its tables.
MOST_BYTES = 4_000_000


def picture_of(name: str, path: Path, performance: pd.DataFrame, say: Language) -> Picture:
    """Return a figure as the report holds it.

    Parameters
    ----------
    name : str
        As `lungmet_worc.analyses.all_figures.write_all_figures` names it.
    path : Path
        PNG or SVG.
    performance : DataFrame
        Table of that name.
    say : Language

    Raises
    ------
    ResultsError
        If the file is missing or is neither PNG nor SVG.
    """
    kind = IMAGE_TYPES.get(path.suffix.lower())
    if kind is None:
        message = Sentence(
            "The figure {file} is neither PNG nor SVG, so the report cannot hold it.",
            file=path.name,
        )
        raise ResultsError(message)
    if not path.is_file():
        message = Sentence(
            "The figure {file} is missing. Run the report stage again.", file=path.name
        )
        raise ResultsError(message)
    aucs = _aucs(performance, say)
    arm = next((each for each in aucs if name == f"roc_{each}"), "")
    alt, caption = _words(name, arm, aucs, say)
    content = path.read_bytes()
    return Picture(name, data_url(content, kind), alt, caption, _is_wide(content), arm)


def _is_wide(content: bytes) -> bool:
    """Tell whether a figure takes the width of the page: an SVG tells its size."""
    size = re.search(rb'<svg[^>]* viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', content[:4000])
    return size is None or float(size[1]) > COLUMN


def data_url(content: bytes, kind: str = "image/png") -> str:
    """Return a picture as the source of an image that is in no other file.

    Parameters
    ----------
    content : bytes
    kind : str
        Media type.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def within(pictures: Mapping[str, Picture], most: int = MOST_BYTES) -> dict[str, Picture]:
    """Leave out what would make a report too large, figures of single arms first.

    Parameters
    ----------
    pictures : mapping of str to Picture
    most : int
        Bytes of all pictures together.
    """
    order = sorted(pictures, key=lambda name: pictures[name].arm != "")
    kept, used = set(), 0
    for name in order:
        size = len(pictures[name].data)
        if used + size <= most:
            kept.add(name)
            used += size
    return {name: picture for name, picture in pictures.items() if name in kept}


def _aucs(performance: pd.DataFrame, say: Language) -> dict[str, str]:
    """Return the AUC of each arm with its interval."""
    rows = performance[performance["metric"] == "auc"].to_dict("records")
    return {
        str(row["arm"]): interval_text(row["mean"], row["ci_low"], row["ci_high"], say=say)
        for row in rows
    }


def _words(name: str, arm: str, aucs: Mapping[str, str], say: Language) -> tuple[str, str]:
    """Return what a figure shows, for who cannot see it, and its caption."""
    captions = {
        key: words for each in parts("figure", "CAPTIONS").values() for key, words in each.items()
    }
    fields = {"listed": "; ".join(f"{say.arm(arm)} {text}" for arm, text in aucs.items())}
    if arm:
        name = "roc_"
        fields |= {"arm": say.arm(arm), "auc": aucs[arm], "most": str(SHOWN_CURVES)}
    elif name == "roc" and len(aucs) == 1:
        name = "roc of one"
    alt, caption = captions.get(name, (name, name))
    return say(alt, **fields), say(caption, **fields)
