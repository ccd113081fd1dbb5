"""WORC, imported once with everything it writes in a temporary folder, and small data for it."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

from lungmet_worc.worc import environment
from tests.worc.small import SmallData, write_small_data


@pytest.fixture(scope="session")
def worc_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that WORC may write in, prepared as for a worker."""
    folder = tmp_path_factory.mktemp("worc")
    tools = os.environ["FASTRHOME"]
    environment.prepare(folder)
    os.environ["FASTRHOME"] = tools
    return folder


@pytest.fixture(scope="session")
def worc(worc_folder: Path) -> ModuleType:
    """Return WORC."""
    environment.import_worc()
    import WORC

    return WORC


@pytest.fixture(scope="session")
def small(worc: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> SmallData:
    """Return 30 patients with 40 features, and settings of a search of seconds."""
    return write_small_data(tmp_path_factory.mktemp("small"))
