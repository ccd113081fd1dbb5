"""Small studies and their undisturbed runs."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import public_cohort
from tests.faults.disturbed import Disturbed, table_bytes
from tests.faults.small_studies import REAL_PATIENTS, write_real_study, write_synthetic_study

#: Names the folder into which the long suite writes faults.csv, a row for each disturbed run.
RECORD = "LUNGMET_FAULTS_RECORD"

_about: list[str] = []


@dataclass(frozen=True)
class Undisturbed:
    """The study, the tables of its undisturbed run, and how long that took."""

    study: Path
    folder: Path
    tables: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Run the synthetic study; read only."""
    return run_undisturbed(write_synthetic_study(tmp_path_factory.mktemp("faults")))


@pytest.fixture(scope="session")
def small_study_undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Run the study of real patients if the public cohort is there, else the synthetic one."""
    folder, data = tmp_path_factory.mktemp("small"), public_cohort()
    if data is None:
        study, name = write_synthetic_study(folder), "16 synthetic patients, MRI"
    else:
        study = write_real_study(folder, data)
        name = f"{len(REAL_PATIENTS)} patients of the public cohort, MRI, CT and both"
    done = run_undisturbed(study)
    _about.append(f"Disturbed was a study of {name}; undisturbed it took {done.seconds:.0f} s.")
    return done


def run_undisturbed(study: Path) -> Undisturbed:
    """Run a study without disturbing it."""
    folder = study.parent / "undisturbed"
    started = time.monotonic()
    run = Disturbed.start(study, folder)
    assert run.wait() == 0, run.text()
    return Undisturbed(study, folder, table_bytes(folder), time.monotonic() - started)


@pytest.fixture(scope="session")
def record() -> Callable[[dict[str, object]], None]:
    """Return what writes a row of the record; it does nothing unless a folder is named."""

    def write(row: dict[str, object]) -> None:
        if RECORD not in os.environ:
            return
        path = Path(os.environ[RECORD], "faults.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which study was disturbed."""
    for line in _about:
        terminalreporter.write_line(line)
