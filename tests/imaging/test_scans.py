"""Images that are read in other processes, and processes that are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.imaging import scans


def die_once(path: Any) -> Any:
    """Be killed at the first try of the scan "b"."""
    if path.name == "b" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def die(path: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_leaves_over_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "inspect_scan", die_once)
    paths: list[Any] = [tmp_path / name for name in "abcd"]
    found: list[Any] = list(scans.inspect_scans(paths, 2))
    assert found == ["a", "b", "c", "d"]


def test_a_process_that_is_killed_twice_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "inspect_scan", die)
    paths: list[Any] = [tmp_path / name for name in "ab"]
    with pytest.raises(CohortError, match="want of memory"):
        scans.inspect_scans(paths, 2)
