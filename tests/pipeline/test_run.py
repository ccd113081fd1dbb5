"""A run folder from Python: its tables by name."""

from __future__ import annotations

import copy
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc import Run
from lungmet_worc.analyses.all_tables import TABLES, write_all_tables
from lungmet_worc.basics.errors import ResultsError
from tests.analyses.made_up import results_of
from tests.pipeline.test_compare import arms_of, write_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run without tables."""
    return Run(write_run(tmp_path / "run", list(arms_of(2).values())))


def test_tables_are_had_by_name_also_those_without_rows(run: Run) -> None:
    write_all_tables(results_of(list(arms_of(2).values())), run.paths.tables)
    for name in TABLES:
        frame = run[name]
        pd.testing.assert_frame_equal(getattr(run, name), frame)
        assert frame.empty == (not (run.paths.tables / f"{name}.csv").exists())
        assert TABLES[name].fits(list(frame.columns))
    assert set(TABLES) | {"paths", "digest"} <= set(dir(run))
    assert "Combined" in run.table_text("paper")


@pytest.mark.parametrize("name", ["performance", "subgroups"])
def test_a_run_that_has_no_tables_yet_says_so(run: Run, name: str) -> None:
    with pytest.raises(ResultsError, match="no table performance yet"):
        run[name]
    with pytest.raises(ResultsError, match=f"no table {name} yet"):
        run.table_text(name)


def test_what_is_no_table_is_said(run: Run) -> None:
    with pytest.raises(ResultsError, match=r'no table "subgroup"\. Did you mean "subgroups"'):
        run["subgroup"]
    with pytest.raises(ResultsError, match='no table "subgroup"'):
        run.table_text("subgroup")
    with pytest.raises(AttributeError, match="'subgroup'"):
        run.subgroup  # noqa: B018
    with pytest.raises(
        AttributeError, match=r"'status': digest\(\) says what it did, and paces\(\)"
    ):
        run.status()  # of earlier versions
    assert copy.copy(run).paths == run.paths
