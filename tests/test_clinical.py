"""Clinical columns as numbers, and arms that use them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from lungmet_worc.clinical import encode


def patients(column: str, texts: list[str]) -> Any:
    return [
        SimpleNamespace(patient_id=f"P{number}", clinical={column: text})
        for number, text in enumerate(texts)
    ]


def test_numbers_with_a_decimal_comma_and_a_gap() -> None:
    encoded = encode(patients("age", ["61", "59,5", ""]), ["age"])
    assert list(encoded.columns) == ["age"]
    assert list(encoded["age"][:2]) == [61.0, 59.5]
    assert math.isnan(encoded["age"].iloc[2])


@pytest.mark.parametrize("words", [("ja", "nee"), ("Yes", "no"), ("TRUE", "false")])
def test_yes_and_no(words: tuple[str, str]) -> None:
    assert list(encode(patients("smoker", list(words)), ["smoker"])["smoker"]) == [1.0, 0.0]


def test_two_categories_make_one_column() -> None:
    encoded = encode(patients("sex", ["Male", "Female", ""]), ["sex"])
    assert list(encoded.columns) == ["sex=Male"]
    assert list(encoded["sex=Male"][:2]) == [1.0, 0.0]
    assert math.isnan(encoded["sex=Male"].iloc[2])


def test_unknown_is_no_category() -> None:
    encoded = encode(patients("sex", ["Male", "Female", "unknown", "--"]), ["sex"])
    assert list(encoded.columns) == ["sex=Male"]
    assert encoded["sex=Male"].isna().tolist() == [False, False, True, True]


def test_more_categories_make_a_column_each() -> None:
    encoded = encode(patients("site", ["left thigh", "arm", "trunk"]), ["site"])
    assert list(encoded.columns) == ["site=arm", "site=left-thigh", "site=trunk"]
    assert encoded.to_numpy().sum(axis=1).tolist() == [1.0, 1.0, 1.0]
