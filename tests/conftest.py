"""What all tests share: a home folder of their own, the demo cohort, the public cohort."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from lungmet_worc import Run

# WORC, fastr and matplotlib write into the home folder when they are imported (errata E14), so
# this comes before any test module. Processes that tests start inherit it.
_HOME = tempfile.mkdtemp(prefix="lungmet-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(
    HOME=_HOME,
    MPLBACKEND="Agg",
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS="1",
)

# How long an example takes says something of the machine's load, and nothing of the code.
settings.register_profile("any load", deadline=None)
settings.load_profile("any load")

ROOT = Path(__file__).parents[1]


def _give_fastr_worcs_tools() -> None:
    """Let fastr find WORC's tools, whichever test is the first to import it.

    WORC names them in a file that it writes into the home folder only.
    """
    installed = importlib.util.find_spec("WORC")
    if installed is None or installed.origin is None:
        return
    config = Path(installed.origin).with_name("fastrconfig") / "WORC_config.py"
    home = Path(_HOME) / "fastr"
    (home / "config.d").mkdir(parents=True)
    shutil.copy(config, home / "config.d" / "10_worc.py")
    os.environ["FASTRHOME"] = str(home)


_give_fastr_worcs_tools()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names of tests that hold the bytes of a file: archives have the time in them.

    Two processes would then collect different tests, and run none.
    """
    named = [item.nodeid for item in items if item.nodeid.count("\\x") > 4]
    if named:
        message = f"these tests are named by bytes; give them ids: {named}"
        raise pytest.UsageError(message)


@pytest.fixture(autouse=True)
def _worc_as_it_is() -> Iterator[None]:
    """Switch off what an earlier test accelerated in this process, whatever the order of tests."""
    _switch_accelerations_off()
    yield
    _switch_accelerations_off()


def _switch_accelerations_off() -> None:
    for part in ("search", "extraction", "evaluation"):
        module = sys.modules.get(f"lungmet_worc.worc.acceleration.{part}")
        if module is not None:
            getattr(module, part.upper()).uninstall()


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


def _public_cohort() -> Path:
    return Path(os.environ.get("LUNGMET_STS_DATA", ROOT.parent / "shared" / "data" / "sts"))


def public_cohort() -> Path | None:
    """Return the folder of the public cohort, None if it is not there."""
    folder = _public_cohort()
    return folder if (folder / "nifti").is_dir() else None


@pytest.fixture(scope="session")
def real_cohort() -> Path:
    """Return the folder of the public cohort, or skip."""
    folder = public_cohort()
    if folder is None:
        pytest.skip(
            f"needs the public cohort, which is not in {_public_cohort()} (set LUNGMET_STS_DATA)"
        )
    return folder


@pytest.fixture(scope="session")
def demo_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the study file of the demo cohort; read only, shared by all tests."""
    from lungmet_worc.cli.demo_cohort import make_demo_cohort

    return make_demo_cohort(tmp_path_factory.mktemp("demo"))


SEARCH = """
splits = 3
candidates = 6
inner_splits = 2
ensemble = {method = "top_N", size = 3}
classifiers = ["LDA", "GaussianNB", "RF"]
"""


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of 20 patients with tiny images and a search of seconds; read only."""
    from tests.synthetic import write_cohort, write_study

    manifest = write_cohort(tmp_path_factory.mktemp("study"), 20, effect=3.0)
    return write_study(manifest, search=SEARCH)


@pytest.fixture(scope="session")
def small_run(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the finished run of the small study; read only."""
    from lungmet_worc import Study

    return Study.from_toml(small_study).run(tmp_path_factory.mktemp("run"), cores=2)
