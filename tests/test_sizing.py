"""What a study is foretold to take: the page is what the script says, and the script adds up."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "experiments" / "benchmarks" / "sizing.py"


@pytest.fixture(scope="module")
def sizing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sizing", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sizing"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_measured(sizing: ModuleType) -> None:
    page = (ROOT / "docs" / "machines.md").read_text("utf-8")
    table = page.partition(sizing.BEGIN)[2].partition(sizing.END)[0]
    assert table.strip() == sizing.table(sizing.Measured())


def test_measured_sizes_are_given_back(sizing: ModuleType) -> None:
    """With the candidates that were measured, one search takes what it took."""
    with (sizing.RESULTS / "search.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["preset"] == "full"]
    fewest = min(int(row["features"]) for row in rows)
    for row in rows:
        arms = (int(row["features"]) // fewest,)
        case = sizing.Case(int(row["patients"]), "full", arms, int(row["candidates"]))
        need = sizing.Measured().need(case)
        # Five inner splits instead of one.
        fits, measured = 100 * 5 + 101, 100 + 101
        assert need.longest * 3600 == pytest.approx(float(row["seconds"]) * fits / measured)
        assert need.memory_mb == pytest.approx(float(row["peak"]))
        features = int(row["patients"]) * arms[0] * sizing.FEATURE_FILE
        assert need.disk_gb * 1000 == pytest.approx(100 * float(row["file"]) + features)
        assert not need.extrapolated


def test_more_cores_than_searches_do_not_help_the_search(sizing: ModuleType) -> None:
    assert sizing._wall([3.0, 2.0, 2.0], 1) == 7
    assert sizing._wall([3.0, 2.0, 2.0], 2) == 4
    assert sizing._wall([3.0, 2.0, 2.0], 1000) == 3
    need = sizing.Measured().need(sizing.Case(10_000, "full"))
    assert need.extrapolated
    assert need.hours[1000] > need.longest


def test_beyond_the_last_point_its_line_goes_on(sizing: ModuleType) -> None:
    assert sizing._line([1, 3, 2], [1, 9, 4], 2.5) == 6.5
    assert sizing._line([1, 3, 2], [1, 9, 4], 4) == 14
    assert sizing._line([1, 3, 2], [1, 9, 4], 0) == -2
