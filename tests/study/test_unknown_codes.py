"""Codes for "not known" among values, and values that nothing of that name has."""

from __future__ import annotations

import pytest

from lungmet_worc.study.unknown_codes import impossible_values, unknown_codes

AGES = [*range(40, 71, 2)]


def codes(*values: object) -> list[str]:
    cells = dict(enumerate(map(str, values), 2))
    return [cells[row] for row in unknown_codes(cells)]


@pytest.mark.parametrize(
    "code", ["999", "99", "9999", "-9", "-99", "-1", "888", "777", "-999.0", "999,0", "99.9"]
)
def test_far_from_all_others(code: str) -> None:
    assert codes(*AGES, code) == [code]
    assert codes(*AGES, code, code) == [code, code]


def test_nine_beside_the_codes_of_categories() -> None:
    assert codes(1, 2, 3, 2, 9, 3, 1) == ["9"]
    assert codes(0, 1, 0, 1, 8, 9) == ["8", "9"]
    assert codes("m", "f", "m", "f", 9) == ["9"]
    assert codes(1, 2, 3, 2, 1, 88) == ["88"]


def test_a_code_that_comes_back_in_the_middle_of_the_values() -> None:
    volumes = [210, 350, 470, 820, 1300, 2600, 5100]
    assert codes(*volumes, 999, 999, 999) == ["999"] * 3
    assert codes(*volumes, 999) == []


@pytest.mark.parametrize(
    "values",
    [
        (*range(60, 121, 3), 99),  # a size of 99 mm
        (*range(40, 86, 3), 99),  # a patient of 99 years
        (*range(0, 11), 9),  # a score for pain
        (1, 2, 3, 4, 5, 6, 7, 8, 9),
        (-120, -99, -40, 10, 60),  # Hounsfield units
        (-1.2, 0.3, 0.8, -1),  # z-scores
        (1, 2, 1, 2, 3, 4),
        (0, 1, 1, 0),
        (77, 88, 99, 80, 95, 104, 110),  # weights
        ("high", "low", "high", "high"),
        (99, 99),
    ],
)
def test_ordinary_values(values: tuple[object, ...]) -> None:
    assert codes(*values) == []


@pytest.mark.parametrize(
    ("column", "value", "impossible"),
    [
        ("age", "999", True),
        ("Leeftijd", "121", True),
        ("age", "-3", True),
        ("age", "0.5", False),
        ("age_months", "300", False),
        ("stage", "999", False),
        ("necrosis_percent", "101", True),
        ("necrosis_percent", "100", False),
        ("size_cm", "-4", True),
        ("volume", "123456", False),
        ("year_of_birth", "54", True),
        ("bouwjaar", "54", False),
        ("change", "-4", False),
    ],
)
def test_what_a_column_of_that_name_cannot_have(column: str, value: str, impossible: bool) -> None:
    assert (3 in impossible_values(column, {2: "50", 3: value})) == impossible
