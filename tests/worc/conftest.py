"""WORC, imported once with everything it writes in a temporary folder, and small data for it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from lungmet_worc.worc import environment
from tests.worc.small import SmallData, write_small_data


@pytest.fixture(scope="session")
def worc_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the only folder that WORC may write in; it is prepared, WORC not yet imported."""
    folder = tmp_path_factory.mktemp("worc")
    environment.prepare(folder)
    # fastr finds WORC's tools by this file, which WORC writes into the home folder only.
    installed = importlib.util.find_spec("WORC")
    assert installed is not None
    assert installed.origin is not None
    config = Path(installed.origin).with_name("fastrconfig") / "WORC_config.py"
    (folder / "fastr" / "config.d").mkdir(parents=True)
    shutil.copy(config, folder / "fastr" / "config.d" / "10_worc.py")
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
