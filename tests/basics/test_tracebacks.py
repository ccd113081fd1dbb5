"""What a script or a notebook shows of an error of the user's making."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lungmet_worc import Run, Study, compare_runs
from lungmet_worc.basics.errors import LungmetError, StudyFileError
from lungmet_worc.basics.tracebacks import WHOLE_TRACEBACKS, short_traceback, short_tracebacks
from lungmet_worc.cli import main

HEAD = "from lungmet_worc import Run, Study, compare_runs\n"
MISTAKES = {
    "no study file": 'Study.from_toml("none.toml")',
    "unknown key": 'Study("m.csv", "y", arms={"a": {"clinical": ["b"]}}, search={"sede": 1})',
    "no manifest": 'Study("m.csv", "y", arms={"a": {"clinical": ["b"]}}).run("out")',
    "no manifest, planned": 'Study("m.csv", "y", arms={"a": {"clinical": ["b"]}}).plan()',
    "no run": 'Run("nowhere")',
    "runs that are not there": 'compare_runs(["a", "b"])',
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_script_shows_its_own_line_and_the_message_last(mistake: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(HEAD + MISTAKES[mistake] + "\n")
    ran = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    lines = ran.stderr[ran.stderr.index("Traceback") :].splitlines()
    frames = [line for line in lines if line.startswith("  File ")]
    message = next(
        i for i, line in enumerate(lines) if line.startswith("lungmet_worc.basics.errors.")
    )
    assert message <= 5  # how it was found out takes no more room than that
    assert 'script.py", line 2' in frames[0]
    assert len(frames) == 2
    assert "direct cause" not in ran.stderr
    assert "During handling" not in ran.stderr


def test_a_defect_keeps_its_traceback() -> None:
    def inner() -> None:
        message = "a defect"
        raise ValueError(message)

    with pytest.raises(ValueError, match="a defect") as caught:
        short_traceback(inner)()
    assert caught.traceback[-1].name == "inner"


def test_debug_shows_how_it_was_found_out(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError) as caught:
        main(["check", str(tmp_path / "none.toml"), "--debug"])
    assert "load_study" in [frame.name for frame in caught.traceback]
    assert len(caught.traceback) > 3
    with pytest.raises(StudyFileError) as caught:  # and not for ever
        Study.from_toml(tmp_path / "none.toml")
    assert caught.traceback[-1].name == "call"
    assert not WHOLE_TRACEBACKS.get()


def test_a_notebook_shows_the_message_alone() -> None:
    """IPython asks an exception for ``_render_traceback_``."""
    error = StudyFileError("No such file.")
    assert error._render_traceback_() == ["StudyFileError: No such file."]


def test_what_is_public_is_as_it_was() -> None:
    assert Study.run.__doc__ and "Run the study" in Study.run.__doc__
    assert Run.report.__doc__ and "HTML report" in Run.report.__doc__
    assert compare_runs.__name__ == "compare_runs"

    @short_tracebacks
    class Public:
        def __init__(self, good: bool) -> None:
            if not good:
                message = "no"
                raise LungmetError(message) from KeyError("why")

        @property
        def value(self) -> int:
            """Fail."""
            message = "none"
            raise LungmetError(message)

        def _inner(self) -> None:
            message = "inner"
            raise LungmetError(message) from KeyError("why")

    with pytest.raises(LungmetError) as caught:
        Public(good=False)
    assert caught.value.__cause__ is None
    with pytest.raises(LungmetError, match="none"):
        _ = Public(good=True).value
    with pytest.raises(LungmetError) as caught:
        Public(good=True)._inner()
    assert caught.value.__cause__ is not None
