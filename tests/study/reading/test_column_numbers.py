"""What a mark in a number means is judged by its column and the dialect of the file."""

from __future__ import annotations

import pytest

from lungmet_worc.study.reading.column_numbers import (
    ColumnReading,
    is_ambiguous,
    read_column,
    readings,
)


def read(cells: list[str], dialect: str = "", said: str = "") -> ColumnReading:
    return read_column(dict(enumerate(cells, 2)), (), dialect, said)


def numbers(cells: list[str], dialect: str = "", said: str = "") -> list[float] | None:
    """Return the numbers of a column, None if they cannot be told."""
    reading = read(cells, dialect, said)
    if reading.unclear:
        return None
    return [float(reading.texts.get(row, cell)) for row, cell in enumerate(cells, 2)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["61,5", "7"], [61.5, 7]),
        (["61,5", "7,125"], [61.5, 7.125]),  # the comma is seen to be decimal
        (["1.234,5", "7.096"], [1234.5, 7096]),  # and the point to be for thousands
        (["1,234,567", "7,096"], [1234567, 7096]),
        (["1 234", "1 234 567,8"], [1234, 1234567.8]),
        (["1'234.50", "12'345"], [1234.5, 12345]),
        (["0.125", "7.096"], [0.125, 7.096]),  # no number of thousands begins with 0
        (["1234.567", "7.096"], [1234.567, 7.096]),
        (["1e-3", "4"], [0.001, 4]),
        (["-1.234,5", "+2"], [-1234.5, 2]),
        (["12,5", "12.5"], [12.5, 12.5]),  # both are clear, each in its own way
    ],
)
def test_a_clear_cell_tells_what_the_others_are(cells: list[str], expected: list[float]) -> None:
    for dialect in ("", ".", ","):
        assert numbers(cells, dialect) == expected
    assert read(cells).as_thousands == ()


@pytest.mark.parametrize("dialect", ["", ".", ","])
@pytest.mark.parametrize(
    "cells",
    [
        ["911", "7,096", "26,888"],
        ["911", "7.096", "26.888"],
        ["7.096", "8,123"],
        ["12,5", "12.5", "1,234"],
    ],
)
def test_what_may_be_thousands_is_never_guessed(cells: list[str], dialect: str) -> None:
    reading = read(cells, dialect)
    assert [cells[row - 2] for row in reading.unclear] == [c for c in cells if is_ambiguous(c)]


@pytest.mark.parametrize(("mark", "dialect"), [(",", "."), (".", ","), (",", ""), (".", "")])
def test_another_mark_than_the_files_is_not_guessed(mark: str, dialect: str) -> None:
    assert numbers([f"7{mark}096", f"8{mark}123"], dialect) is None


@pytest.mark.parametrize("mark", [",", "."])
def test_three_decimals_throughout_in_the_dialect_of_the_file(mark: str) -> None:
    cells = [f"7{mark}096", f"8{mark}123", f"10{mark}500"]
    assert numbers(cells, dialect=mark) == [7.096, 8.123, 10.5]


def test_the_user_may_say_which_mark_is_decimal() -> None:
    cells = ["911", "7,096", "26,888"]
    assert numbers(cells, said=".") == [911, 7096, 26888]
    assert numbers(cells, said=",") == [911, 7.096, 26.888]


def test_thousands_by_the_other_mark_are_told() -> None:
    reading = read(["12.5", "300", "7,096"])
    assert reading.as_thousands == (4,)
    assert reading.texts == {4: "7096"}


def test_what_a_workbook_stores_as_a_number_is_clear() -> None:
    assert read_column({2: "7.096", 3: "911"}, typed={2, 3}).unclear == ()
    assert read_column({2: "911", 3: "7,096"}, typed={2}).unclear == (3,)


@pytest.mark.parametrize("text", ["1,2,3", "12.34,5", "1 23", "1,23,456", "P1", "", ".", "1_000"])
def test_no_number(text: str) -> None:
    assert readings(text) == {}


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 400])
def test_larger_than_any_number(text: str) -> None:
    assert readings(text) == {}
