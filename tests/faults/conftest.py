"""A small study and its undisturbed run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disturbed import Disturbed, table_bytes, write_small_study


@dataclass(frozen=True)
class Undisturbed:
    """The study, the tables of its undisturbed run, and how long that took."""

    study: Path
    folder: Path
    tables: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Run the small study; read only."""
    study = write_small_study(tmp_path_factory.mktemp("faults"))
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    started = time.monotonic()
    run = Disturbed.start(study, folder)
    assert run.wait() == 0, run.text()
    return Undisturbed(study, folder, table_bytes(folder), time.monotonic() - started)
