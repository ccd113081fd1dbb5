"""Ids that WORC cannot mistake for one another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.study.ids import worc_ids

IDS = st.lists(st.text("aAbB19_- .é", min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


def test_clear_ids_stay() -> None:
    assert worc_ids(["STS_001", "STS_002"]) == {"STS_001": "STS_001", "STS_002": "STS_002"}


@pytest.mark.parametrize(
    "ids",
    [["P1", "P10"], ["1", "2"], ["1.5", "2"], ["Jan Vos", "Piet"], ["ab", "xABx"], ["é", "b"]],
)
def test_ids_that_worc_would_mistake_become_numbers(ids: list[str]) -> None:
    assert all(name.startswith("patient0000") for name in worc_ids(ids).values())


@given(IDS)
def test_no_worc_id_is_found_in_another(ids: list[str]) -> None:
    names = list(worc_ids(ids).values())
    assert len(set(names)) == len(ids)
    assert all(sum(name.lower() in other.lower() for other in names) == 1 for name in names)
