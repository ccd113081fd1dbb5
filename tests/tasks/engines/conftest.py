"""A private Slurm, started once and ended with the tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.engines.private_slurm import PrivateSlurm, why_not


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Return a folder with a path that is short enough for sockets, which pytest's may not be."""
    folder = Path(tempfile.mkdtemp(prefix="lungmet-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm(short_folder: Path) -> Iterator[PrivateSlurm]:
    """Return a Slurm of one node, or skip. One that is installed but does not start is an error."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with PrivateSlurm(short_folder / "slurm") as slurm:
        yield slurm
