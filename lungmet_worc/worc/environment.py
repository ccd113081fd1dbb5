"""Import WORC without its side effects: quiet, one thread, nothing outside the run folder.

``import WORC`` writes into the home folder and prints (errata E14), and its libraries start
as many threads as the machine has cores. A worker process calls :func:`set_up` before its
first task.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.tasks.engines.processes import ONE_THREAD

logger = logging.getLogger(__name__)

#: What workers do before their first task, as "module:function".
SET_UP = f"{__name__}:set_up"


def set_up(folder: Path) -> None:
    """Import WORC into this process, which writes into a folder only; see `prepare`."""
    prepare(folder)
    import_worc()


def prepare(folder: Path) -> None:
    """Set up this process for WORC; call it before WORC is imported.

    Parameters
    ----------
    folder : Path
        Folder of the run in which WORC and fastr may write.
    """
    home = folder / "home"
    make_folder(home)
    os.environ.update(ONE_THREAD)
    os.environ["HOME"] = str(home)
    os.environ["FASTRHOME"] = str(folder / "fastr")
    os.environ["MPLBACKEND"] = "Agg"
    # fastr asks GitPython for its own version, which raises where no git is installed and in a
    # repository without commits (errata E20). Without GitPython it goes on.
    sys.modules.setdefault("git", None)  # type: ignore[arg-type]
    os.environ.pop("PYTHONWARNINGS", None)
    # Of a sheared NIfTI header ITK 5.4 would take the transposed axes (ITK pull request 4847).
    os.environ.pop("ITK_NIFTI_SFORM_PERMISSIVE", None)
    warnings.simplefilter("ignore")
    logging.getLogger("radiomics").setLevel(logging.ERROR)


def import_worc() -> None:
    """Import WORC with its printing kept out of the user's sight."""
    with quiet():
        import WORC  # noqa: F401


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Collect what WORC prints; it becomes a debug line of the log when the block ends."""
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield printed
    if printed.getvalue():
        logger.debug("WORC printed:\n%s", printed.getvalue())
