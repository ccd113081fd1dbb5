"""The lock of a run folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.tasks.run_folder.lock import is_locked, locked
from lungmet_worc.tasks.run_folder.paths import RunPaths


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    with locked(paths):
        assert is_locked(paths)
    assert not is_locked(paths)
    with locked(paths):
        pass


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunFolderError, match="Nothing can be written"):
        locked(RunPaths(tmp_path / "run")).__enter__()
