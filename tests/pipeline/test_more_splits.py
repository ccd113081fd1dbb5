"""More splits are added to those that are there, which stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc import Study
from lungmet_worc.worc.storage import read_result
from tests.faults.disturbed import table_bytes
from tests.faults.small_studies import write_synthetic_study

pytestmark = [pytest.mark.worc, pytest.mark.slow]

ARM = "MRI_only"


def result(folder: Path, index: int) -> dict[str, Any]:
    """Return what a split gave, without how long it took."""
    found = read_result(folder / "arms" / ARM / "splits" / f"{index}.hdf5")
    del found["seconds"]
    return found


def test_the_same_results_whatever_their_number(tmp_path: Path) -> None:
    study = write_synthetic_study(tmp_path / "study")
    Study.from_toml(study).run(tmp_path / "two", cores=2)
    shutil.copytree(tmp_path / "two", tmp_path / "more")
    study.write_text(study.read_text().replace("\nsplits = 2", "\nsplits = 3"))
    Study.from_toml(study).run(tmp_path / "more", cores=2)
    Study.from_toml(study).run(tmp_path / "three", cores=2)

    for index in range(2):
        assert result(tmp_path / "two", index) == result(tmp_path / "three", index)
        split = Path("arms", ARM, "splits", f"{index}.hdf5")
        assert (tmp_path / "more" / split).read_bytes() == (tmp_path / "two" / split).read_bytes()
    assert result(tmp_path / "more", 2) == result(tmp_path / "three", 2)
    assert result(tmp_path / "three", 2) != result(tmp_path / "three", 1)
    assert table_bytes(tmp_path / "more") == table_bytes(tmp_path / "three")
