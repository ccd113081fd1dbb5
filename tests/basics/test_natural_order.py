from __future__ import annotations

from lungmet_worc.basics.words import natural_order


def test_ids_are_ordered_as_people_count() -> None:
    ids = ["10", "P10", "p3", "2", "P2", "P2b", "", "P02"]
    assert sorted(ids, key=natural_order) == ["", "2", "10", "P02", "P2", "P2b", "p3", "P10"]
