"""A run that a deadline ends: all arms alike, said everywhere, and gone on with later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lungmet_worc import Run, Study
from lungmet_worc.cli import main
from lungmet_worc.tasks import timed_tasks
from lungmet_worc.tasks.deadline import DeadlineError
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.pipeline.test_pipeline import Recorder, table_bytes

pytestmark = [pytest.mark.worc, pytest.mark.slow]


class Deadline:
    """Lets a number of searches start, one at a time."""

    def __init__(self, searches: int) -> None:
        self.left = searches

    def __call__(self, waiting: int, seconds: float, each: float, cores: int) -> int:
        if waiting > 9:  # the features
            return waiting
        self.left -= 1
        return int(self.left >= 0)


def cut_short(study: Path, run: Path, searches: int, patch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    with patch.context() as patched:
        patched.setattr(timed_tasks, "next_batch", Deadline(searches + 5))  # 2 + 3 before them
        Study.from_toml(study).run(run, cores=2, until="23:59", progress=recorder)
    return recorder


def test_a_partial_report_and_its_completion(
    small_study: Path, small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    # Seven searches: the third split of the first arm has no counterpart.
    recorder = cut_short(small_study, run, 7, monkeypatch)
    assert recorder.ran["search"] == 7
    assert "Partial: 2 of 3 splits are done in every arm." in recorder.notes
    state = json.loads((run / "run.json").read_text())
    assert state["partial"] == {"splits": 2, "of": 3}
    partial = Run(run)
    assert partial.digest().ending == "partial"
    assert set(partial.splits["split"]) == {0, 1}
    assert set(partial.splits.groupby("arm").size()) == {2}
    expected = small_run.splits[small_run.splits["split"] < 2].reset_index(drop=True)
    assert partial.splits.equals(expected)
    for kind in ("md", "tex"):
        text = (partial.paths.tables / f"performance.{kind}").read_text()
        assert "Partial result, 2 of 3 splits in every arm." in text
    html = partial.report().read_text("utf-8")
    assert html.index("Partial: 2 of 3 splits in every arm.") < html.index('id="cohort"')
    worc = json.loads(partial.paths.performance("MRI_only").read_text())["All_performances"]
    assert len(worc["AUC"]) == 2

    recorder = Recorder()
    Study.from_toml(small_study).run(run, cores=2, progress=recorder)
    assert (recorder.ran["extraction"], recorder.ran["search"]) == (0, 2)
    assert Run(run).digest().ending == "complete"
    assert json.loads((run / "run.json").read_text())["partial"] is None
    assert table_bytes(run) == table_bytes(small_run.paths.folder)
    assert "Partial" not in Run(run).report().read_text("utf-8")
    (old,) = (run / "old").iterdir()
    assert "Partial result" in (old / "tables" / "performance.md").read_text()


def test_too_little_time_for_two_splits(
    small_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with pytest.raises(DeadlineError, match="1 of 3 splits are done in every arm, and it takes 2"):
        cut_short(small_study, run, 5, monkeypatch)
    assert not RunPaths(run).report.exists()
    assert not RunPaths(run).tables.exists()
    assert Run(run).digest().ending == "stopped"


def test_no_time_at_all(
    small_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(timed_tasks, "seconds_left", lambda _: 1.0)
    words = ["run", str(small_study), "--out", str(tmp_path / "run"), "--until", "23:59"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "The deadline came too early for a report: 2 tasks of the fingerprint" in said
    assert "--until" in said
    assert 'Study "test": Stopped' in said
