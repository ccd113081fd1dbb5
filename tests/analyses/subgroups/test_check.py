"""Columns that make no subgroups."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.analyses.subgroups.check import problems as subgroup_problems
from lungmet_worc.checks.study import check_study
from lungmet_worc.study.manifest import collect_manifest
from tests.synthetic import make_study, read_rows, write_cohort, write_rows


def problems(folder: Path, cells: list[str], statistics: str) -> list[str]:
    manifest = write_cohort(folder, len(cells), ["MRI"])
    rows = read_rows(manifest)
    for row, cell in zip(rows, cells, strict=True):
        row["x"] = cell
    write_rows(manifest, rows)
    study = make_study(manifest, ["MRI"], more=f"[statistics]\n{statistics}")
    return [str(problem) for problem in subgroup_problems(study, collect_manifest(study))]


SITES = [f"site {number}" for number in range(9)]


def test_the_check_of_a_study_says_it(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path, 9, ["MRI"])
    rows = read_rows(manifest)
    for row, site in zip(rows, SITES, strict=True):
        row["x"] = site
    write_rows(manifest, rows)
    study = make_study(manifest, ["MRI"], more='[statistics]\nsubgroups = ["x"]')
    assert "9 different texts" in " ".join(problem.what for problem in check_study(study).errors)


@pytest.mark.parametrize(
    ("cells", "statistics", "said"),
    [
        (["a", "b", "A", ""], 'subgroups = ["x"]', []),
        (["1", "2", "3", "99"], 'subgroups = ["x"]\nbands = {x = [50]}', []),
        (SITES, 'subgroups = ["x"]', ["9 different texts", "at most 8 values"]),
        (SITES[:8], 'subgroups = ["x"]', []),
        ([*map(str, range(20, 31)), "5O"], 'subgroups = ["x"]', ['"5O" in row 13']),
        (["1", "two"], 'subgroups = ["x"]\nbands = {x = [1.5]}', ['row 3, "x"', '"two" is no']),
        (["a", "b"], 'subgroups = ["xx"]', []),  # reported with all missing columns
        (["a", "b"], 'subgroups = ["lung_met"]', ["make no subgroups"]),
        (["a", "A"], 'subgroups = ["x"]', ["same value"]),
        (["", "?"], 'subgroups = ["x"]', ["Nobody has a value"]),
    ],
)
def test_what_is_said_of_a_column(
    tmp_path: Path, cells: list[str], statistics: str, said: list[str]
) -> None:
    found = problems(tmp_path, cells, statistics)
    assert len(found) == bool(said)
    for text in said:
        assert text in found[0]
