from __future__ import annotations

import pytest

from lungmet_worc.basics.words import listed, named, natural_order


def test_ids_are_ordered_as_people_count() -> None:
    ids = ["10", "P10", "p3", "2", "P2", "P2b", "", "P02"]
    assert sorted(ids, key=natural_order) == ["", "2", "10", "P02", "P2", "P2b", "p3", "P10"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", ""),
        ("A", "A"),
        ("AB", "A and B"),
        ("ABC", "A, B and C"),
        ("ABCD", "A, B, C and 1 more"),
        ("ABCDEF", "A, B, C and 3 more"),
    ],
)
def test_names_in_a_sentence(names: str, said: str) -> None:
    assert named(list(names)) == said


@pytest.mark.parametrize(
    ("names", "said", "counted"),
    [
        ("ABC", "A, B, C", "A, B, C"),
        ("ABCD", "A, B, C, D", "A, B, C and 1 more"),
        ("ABCDE", "A, B, C and 2 more", "A, B, C and 2 more"),
    ],
)
def test_one_more_is_named_unless_counted(names: str, said: str, counted: str) -> None:
    assert listed(list(names), 3) == said
    assert listed(list(names), 3, fewest=1) == counted
