"""One clean-up of text: what nobody sees is gone, what is seen stays."""

from __future__ import annotations

import unicodedata

import pytest

from lungmet_worc.study.reading.cell_text import clean, rows_text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("thigh\u200b", "thigh"),  # zero-width space
        ("th\u00adigh", "thigh"),  # soft hyphen
        ("\ufeffP07", "P07"),  # byte order mark in the middle of a file
        ("\u202eP07\u202c", "P07"),  # marks of direction
        ("P\u206007", "P07"),  # word joiner
        ("grade\ufe0f", "grade"),  # variation selector
        ("lower\u2009leg", "lower leg"),  # thin space
        ("lower\u3000leg", "lower leg"),  # space of full width
        ("tumour\r\n(cm)", "tumour (cm)"),  # Alt-Enter in Excel
        ("a\x07b", "ab"),
        ("upper\u2011leg", "upper-leg"),  # hyphen of Word that does not break
        ("\u22123", "-3"),
        (unicodedata.normalize("NFD", "Zoë"), "Zoë"),
        ('"scans/P1.nii"', "scans/P1.nii"),
        ("\u201cscans/P1.nii\u201d", "scans/P1.nii"),
        ("\u201ea b\u201d ", "a b"),
        ('"left" and "right"', '"left" and "right"'),
        ('5" nail', '5" nail'),
        ("O'Brien", "O'Brien"),
        ("two  spaces", "two  spaces"),
        ("数据 µm²", "数据 µm²"),
    ],
)
def test_clean(text: str, seen: str) -> None:
    assert clean(text) == seen
    assert clean(seen) == seen


def test_rows() -> None:
    assert rows_text([9, 2, 3, 4, 3]) == "2-4, 9"
    assert rows_text(range(2, 60, 2)) == "2, 4, 6, 8, 10, 12, 14, 16, …"
