"""Where things lie in a run folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.file_names import file_name
from lungmet_worc.pipeline.run import Run
from tests.study.test_ids import IDS


@given(IDS)
def test_file_names_are_distinct_and_plain(ids: list[str]) -> None:
    names = {file_name(name) for name in ids}
    assert len(names) == len(ids)
    assert all("/" not in name and " " not in name for name in names)


def test_no_run_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no run in"):
        Run(tmp_path)
