"""The limits of what is searched are those of WORC: beyond them it fails, within them it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.pipeline.arm_matrix import arm_overrides
from lungmet_worc.study import worc_settings
from lungmet_worc.study.splits import Split
from lungmet_worc.study.tested_splits import why_untested
from lungmet_worc.worc.search import search_split
from lungmet_worc.worc.storage import read_result, write_matrix
from tests.stand_in import stand_in_search
from tests.synthetic import make_study

pytestmark = [pytest.mark.worc, pytest.mark.slow]

SEARCH = """
candidates = 6
ensemble = {method = "top_N", size = 2}
"""

#: Patients with and without the outcome to train on, and whom to test.
POSSIBLE = {
    "three of each, one of each tested": (3, 3, ["e0", "n0"]),
    "three events, many others": (3, 19, ["e0", "n0"]),
    "one event tested, nobody else": (3, 4, ["e0"]),
}
IMPOSSIBLE = {
    "nobody to test": (4, 4, []),
    "two and three to train on": (2, 3, ["e0", "n0"]),
    "one event": (1, 8, ["e0", "n0"]),
    "no event": (0, 8, ["n0"]),
}


def make_split(events: int, others: int, test: Sequence[str]) -> tuple[Split, dict[str, int]]:
    tested = {name: int(name.startswith("e")) for name in test}
    train = {f"te{number}": 1 for number in range(events)}
    train |= {f"tn{number}": 0 for number in range(others)}
    return Split(0, tuple(train), tuple(tested)), {**train, **tested}


def search(
    function: Callable[..., None],
    folder: Path,
    split: Split,
    outcomes: Mapping[str, int],
    values: Sequence[float],
) -> dict[str, Any]:
    study = make_study(
        folder / "manifest.csv", [], arms='[arms.age]\nclinical = ["age"]', search=SEARCH
    )
    overrides = arm_overrides(study, study.arms["age"])
    ini = folder / "worc.ini"
    ini.write_text(worc_settings.to_ini(worc_settings.merge(study.worc_settings(), overrides)))
    names = ["PREDICT_original_semf_age_clinical"]
    matrix = pd.DataFrame({names[0]: list(values)}, index=list(outcomes))
    write_matrix(folder / "features.hdf5", matrix, stamp="s")
    function(
        features=str(folder / "features.hdf5"),
        modalities=[],
        outcomes=outcomes,
        train=list(split.train),
        test=list(split.test),
        settings=str(ini),
        outcome_name="lung_met",
        seed=7919,
        aligned=True,
        accelerate=True,
        output=str(folder / "0.hdf5"),
        stamp="s",
    )
    return read_result(folder / "0.hdf5")


def ages(number: int) -> list[float]:
    return np.random.default_rng(number).normal(50, 10, number).round().tolist()


@pytest.mark.parametrize("function", [search_split, stand_in_search])
@pytest.mark.parametrize("case", POSSIBLE)
def test_within_the_limits_a_search_ends(
    tmp_path: Path, function: Callable[..., None], case: str
) -> None:
    split, outcomes = make_split(*POSSIBLE[case])
    assert why_untested(split, outcomes, 0.2) is None
    result = search(function, tmp_path, split, outcomes, ages(len(outcomes)))
    assert len(result["posterior"]) == len(split.test)
    assert not result.get("no_workflow")


@pytest.mark.parametrize("function", [search_split, stand_in_search])
@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_beyond_the_limits_a_search_fails(
    tmp_path: Path, function: Callable[..., None], case: str
) -> None:
    split, outcomes = make_split(*IMPOSSIBLE[case])
    assert why_untested(split, outcomes, 0.2) in ("nobody", "too few")
    with pytest.raises((ValueError, IndexError)):
        search(function, tmp_path, split, outcomes, ages(len(outcomes)))


def test_two_events_are_too_few_where_an_inner_part_would_have_none() -> None:
    """WORC would rank workflows by validation parts without an event, and has an AUC of none."""
    split, outcomes = make_split(2, 19, ["e0", "n0"])
    assert why_untested(split, outcomes, 0.2) == "too few"


@pytest.mark.parametrize("function", [search_split, stand_in_search])
@pytest.mark.parametrize("factor", [0.0, 1e-3])
def test_what_hardly_differs_gives_no_workflow(
    tmp_path: Path, function: Callable[..., None], factor: float
) -> None:
    """As diffusion coefficients in mm2/s."""
    split, outcomes = make_split(5, 5, ["e0", "n0"])
    values = [factor * value for value in ages(len(outcomes))]
    rows = {name: row for row, name in enumerate(outcomes)}
    known = np.asarray(values).reshape(-1, 1)
    assert why_untested(split, outcomes, 0.2, (rows, known)) == "alike"
    result = search(function, tmp_path, split, outcomes, values)
    assert result["no_workflow"]
    assert result["posterior"] == []
    assert result["test"] == ["e0", "n0"]
