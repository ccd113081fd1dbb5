"""Run folders: ids, file names, state, lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.file_names import file_name
from lungmet_worc.pipeline.run import Run
from lungmet_worc.tasks.run_folder.paths import (
    RunPaths,
    is_locked,
    locked,
    read_state,
    write_state,
)

IDS = st.lists(st.text("aAbB19_- .é", min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


@given(IDS)
def test_file_names_are_distinct_and_plain(ids: list[str]) -> None:
    names = {file_name(name) for name in ids}
    assert len(names) == len(ids)
    assert all("/" not in name and " " not in name for name in names)


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


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    with locked(paths):
        assert is_locked(paths)
    assert not is_locked(paths)
    with locked(paths):
        pass


def test_no_run_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no run in"):
        Run(tmp_path)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunFolderError, match="Nothing can be written"):
        locked(RunPaths(tmp_path / "run")).__enter__()
