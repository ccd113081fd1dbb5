"""Markdown and LaTeX of a table, and how its numbers are rounded and aligned."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from lungmet_worc.display.labels import is_p
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.wording import TOO_FEW, UNDEFINED

LONG_TABLE = 35
WIDE_TABLE = 8
MIDDLE_TABLE = 5
#: Characters in a line of an article, by the size of the text.
LINE_LENGTH = {r"\small": 70, r"\scriptsize": 88}

#: Characters of \scriptsize text in a line of a page on its side.
TURNED_LINE = 140
TIGHT = r"\setlength{\tabcolsep}{3pt}"

#: What may stand among the numbers of a column.
NOT_A_NUMBER = (UNDEFINED, later("not tested"), TOO_FEW)

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "\N{PLUS-MINUS SIGN}": r"$\pm$",
        **{c: rf"\{c}" for c in "&%$#_{}"},
    }
)
_NUMBER = re.compile(r"(< )?[-\N{PLUS-MINUS SIGN}]?\d[\d.]*(?![\w:-])")


def markdown(
    text: pd.DataFrame, title: str, notes: Sequence[str] = (), say: Language = ENGLISH
) -> str:
    """Return a table of texts as Markdown.

    Parameters
    ----------
    text : DataFrame
        All columns text.
    title : str
        Above the table.
    notes : sequence of str
        Sentences below the table.
    say : Language
        Of the texts.
    """

    def escaped(cell: str) -> str:
        return re.sub(r"([|\\`*_<>\[\]&~])", r"\\\1", cell).replace("\n", " ")

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(map(escaped, cells))} |"

    rule = ["---:" if numeric else "---" for numeric in numeric_columns(text, say)]
    rows = [line([str(c) for c in text.columns]), f"| {' | '.join(rule)} |"]
    rows += [line([str(c) for c in row]) for row in text.itertuples(index=False)]
    below = ["", escaped(" ".join(notes))] if notes else []
    return "\n".join([f"**{title}**", "", *rows, *below, ""])


def in_columns(text: pd.DataFrame, say: Language = ENGLISH) -> str:
    """Return a table of texts as lines for a terminal: words to the left, numbers to the right.

    Parameters
    ----------
    text : DataFrame
        All columns text.
    say : Language
        Of the texts.
    """
    rows = [map(str, text.columns), *(map(str, row) for row in text.itertuples(index=False))]
    return justified([list(row) for row in rows], numeric_columns(text, say))


def justified(rows: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> str:
    """Return rows of cells as lines of text, each column as wide as its widest cell.

    Parameters
    ----------
    rows : sequence of sequence of str
    right : sequence of bool, optional
        Which columns stand on the right; all but the first if left out.
    """
    columns = []
    for place, cells in enumerate(zip(*rows, strict=True)):
        width = max(map(len, cells))
        on_the_right = right[place] if right else place > 0
        columns.append([cell.rjust(width) if on_the_right else cell.ljust(width) for cell in cells])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def latex(
    text: pd.DataFrame,
    name: str,
    title: str,
    notes: Sequence[str] = (),
    say: Language = ENGLISH,
) -> str:
    """Return a table of texts as LaTeX for the booktabs package.

    A long one needs longtable as well, and pdflscape if it is wide; any other that is wide is
    scaled to the line by graphicx.

    Parameters
    ----------
    text : DataFrame
        All columns text.
    name : str
        Of its label.
    title : str
        Caption.
    notes : sequence of str
        Sentences below the table.
    say : Language
        Of the texts.
    """
    kinds = "".join("r" if numeric else "l" for numeric in numeric_columns(text, say))
    heads = [_latex_escape(str(column)) for column in text.columns]
    if len(heads) > WIDE_TABLE:
        heads = [
            rf"\shortstack[{k}]{{{h.replace(' ', chr(92) * 2)}}}"
            for h, k in zip(heads, kinds, strict=True)
        ]
    head = " & ".join(heads) + r" \\"
    rows = [
        " & ".join(_latex_escape(str(cell)) for cell in row) + r" \\"
        for row in text.itertuples(index=False)
    ]
    caption = rf"\caption{{{_latex_escape(title)}}}\label{{tab:{name}}}"
    said = _latex_escape(" ".join(notes))
    size = r"\scriptsize" if len(heads) > MIDDLE_TABLE else r"\small"
    wide = _length(text) > LINE_LENGTH[size]
    if len(heads) > WIDE_TABLE:
        size += TIGHT
    if len(text) > LONG_TABLE:
        packages = ["booktabs", "longtable", *(["pdflscape"] if wide else [])]
        opening = [r"\begin{landscape}"] if wide else []
        closing = ["}", *([r"\end{landscape}"] if wide else [])]
        if _length(text) > TURNED_LINE:
            size = r"\tiny" + TIGHT
        opening += ["{" + size, rf"\begin{{longtable}}{{{kinds}}}", caption + r"\\"]
        top = [r"\toprule", head, r"\midrule", r"\endfirsthead"]
        again = [r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endlastfoot"]
        below = [rf"\noindent\footnotesize {said}\par"] if said else []
        lines = [*opening, *top, *again, *rows, r"\end{longtable}", *below, *closing]
    else:
        packages = ["booktabs", *(["graphicx"] if wide else [])]
        opening = [r"\begin{table}", r"\centering", caption, size]
        body = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", head, r"\midrule", *rows]
        body += [r"\bottomrule", r"\end{tabular}"]
        if wide:
            body = [r"\resizebox{\linewidth}{!}{%", *body[:-1], body[-1] + "}"]
        below = [rf"\par\smallskip\raggedright\footnotesize {said}\par"] if said else []
        lines = [*opening, *body, *below, r"\end{table}"]
    needs = " and ".join(rf"\usepackage{{{package}}}" for package in packages)
    return "\n".join([f"% needs {needs}", *lines, ""])


def _length(text: pd.DataFrame) -> int:
    """Return the characters in the longest line of a table, headings on one line."""
    stacked = len(text.columns) > WIDE_TABLE
    return sum(
        3
        + max(
            max((len(str(cell)) for cell in cells), default=0),
            max(map(len, str(head).split()), default=0) if stacked else len(str(head)),
        )
        for head, (_, cells) in zip(text.columns, text.items(), strict=True)
    )


def _latex_escape(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    # A bracket at the start of a row would be read as an argument of the line break before it.
    escaped = re.sub(r"^\[", "{[}", text.translate(_LATEX))
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", escaped).replace("\n", " ")


def numeric_columns(text: pd.DataFrame, say: Language = ENGLISH) -> list[bool]:
    """Tell of each column of a table of texts whether every cell is, or begins with, a number.

    Parameters
    ----------
    text : DataFrame
        "not defined" and "not tested" may stand among the numbers.
    say : Language
        Of the texts.
    """
    words = {"", *map(say, NOT_A_NUMBER)}
    columns = [[cell for cell in map(str, cells) if cell not in words] for _, cells in text.items()]
    return [bool(cells) and all(map(_NUMBER.match, cells)) for cells in columns]


def rounded(value: float, column: str) -> float:
    """Round a number to 6 decimals, never to a negative zero; a p-value to 6 digits.

    Six decimals would turn a small p-value into zero.
    """
    return float(f"{value:.6g}") if is_p(column) else round(value, 6) + 0.0
