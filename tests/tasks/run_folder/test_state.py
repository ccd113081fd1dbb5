"""What run.json says, read back, and refused where it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state, write_state


def test_state_is_read_back(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert read_state(paths) == {}
    write_state(paths, {"tasks": {"a": {"state": "done", "stamp": "x"}}})
    assert read_state(paths)["tasks"]["a"]["state"] == "done"


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    paths.run_json.write_text("{")
    with pytest.raises(RunFolderError, match="cannot be read"):
        read_state(paths)
    without_stamps = '{"format": 1, "tasks": {"search/MRI/0": {"state": "done"}}}'
    for other in ('{"format": 99}', without_stamps):
        paths.run_json.write_text(other)
        with pytest.raises(RunFolderError, match="another version"):
            read_state(paths)
