"""Several studies one after the other: what is told, what goes on, and what ends the night."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import (
    CohortError,
    RunFolderError,
    StorageError,
    StudyFileError,
    TaskFailedError,
)
from lungmet_worc.cli import overnight
from lungmet_worc.cli.overnight import Night
from lungmet_worc.cli.signals import Stopped
from lungmet_worc.tasks.deadline import DeadlineError
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import now, write_state
from tests.pipeline.test_pipeline import Recorder, table_bytes

ROOT = Path(__file__).parents[2]


class Runs:
    """Stands for Study.run: remembers calls, writes what a run writes, fails where told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Path, str | None]] = []
        self.fails: dict[str, BaseException] = {}
        self.partial: set[str] = set()
        self.then: dict[str, Callable[[], object]] = {}

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]

    def __call__(self, study: Study, out: Path, *, until: str | None, **_: Any) -> Run:
        config = study.config
        if errors := study.check(cores=1).study_errors:
            message = "The study cannot be run."
            raise CohortError(message, errors)
        self.calls.append((config.name, out, until))
        failure = self.fails.get(config.name)
        state = "failed" if isinstance(failure, TaskFailedError) else "done"
        partial = {"splits": 2, "of": 3} if config.name in self.partial else None
        entry = {"state": state, "stamp": "", "seconds": 1.0, "error": "it broke"}
        tasks = {
            f"search/{arm}/{k}": entry for arm in config.arms for k in range(config.search.splits)
        }
        about = {"study": config.model_dump(mode="json"), "started": now(), "finished": now()}
        out.mkdir(parents=True, exist_ok=True)
        write_state(RunPaths(out), {**about, "tasks": tasks, "partial": partial})
        self.then.get(config.name, lambda: None)()
        if failure:
            raise failure
        (out / "report.html").touch()
        return Run(out)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    fake = Runs()
    monkeypatch.setattr(Study, "run", lambda study, out, **options: fake(study, out, **options))
    return fake


@pytest.fixture
def files(small_study: Path, tmp_path: Path) -> list[Path]:
    """Return the study files of three studies on one small cohort, A, B and C."""
    folder = tmp_path / "studies"
    shutil.copytree(small_study.parent, folder)
    return [renamed(folder / small_study.name, name) for name in "ABC"]


def renamed(study: Path, name: str) -> Path:
    text = study.read_text().replace('name = "test"', f'name = "{name}"')
    path = study.with_name(f"{name.lower()}.toml")
    path.write_text(text)
    return path


def change(study: Path, old: str, new: str) -> None:
    assert old in study.read_text()
    study.write_text(study.read_text().replace(old, new))


def test_each_study_runs_into_a_folder_of_its_own(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    change(files[1], '"B"', '"../MRI or CT?"')
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert [(name, out) for name, out, _ in runs.calls] == [
        ("A", tmp_path / "out" / "A"),
        ("../MRI or CT?", tmp_path / "out" / "MRI_or_CT"),
        ("C", tmp_path / "out" / "C"),
    ]
    assert digest.exit_code == 0
    text = digest.to_text()
    assert text.startswith("Overnight: all 3 studies are complete.")
    for name, file in (("A", "a.toml"), ("C", "c.toml")):
        assert f'Study "{name}" ({files[0].with_name(file)}): Complete.' in text
        assert f"Report: {tmp_path / 'out' / name / 'report.html'}" in text
    assert (tmp_path / "out" / "digest.txt").read_text() == text


def test_what_is_wrong_is_told_before_anything_runs_and_does_not_cost_the_night(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    change(files[0], 'outcome = "lung_met"', 'outcome = "lung_mett"')
    change(files[2], "splits = 3", "spllits = 3")
    recorder = Recorder()
    told: list[str] = []
    runs.then["B"] = lambda: told.extend(recorder.notes)
    digest = Night(files, tmp_path / "out", cores=1, progress=recorder).run()
    evening = "\n".join(told)
    assert "Of 3 studies 2 cannot be run as they are:" in evening
    assert 'Did you mean "lung_met"?' in evening
    assert 'Did you mean "splits"?' in evening
    assert runs.names == ["B"]
    assert digest.exit_code == 1
    assert digest.verdict == "of 3 studies 1 is complete, 2 cannot be run as they are."
    text = digest.to_text()
    assert text.count('Did you mean "lung_met"?') == text.count('Did you mean "splits"?') == 1
    assert f"Study file {files[2]}: Not run" in text  # nobody knows its name
    assert text.index(str(files[0])) < text.index(str(files[1])) < text.index(str(files[2]))


def test_what_is_mended_meanwhile_is_run_after_the_others(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    change(files[0], "splits = 3", "spllits = 3")
    runs.then["B"] = lambda: change(files[0], "spllits = 3", "splits = 3")
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert runs.names == ["B", "C", "A"]
    assert [study.ending for study in digest.studies] == ["complete"] * 3
    assert [study.name for study in digest.studies] == ["A", "B", "C"]
    assert digest.exit_code == 0


def test_a_mended_study_does_not_take_the_folder_of_another(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    change(files[0], '[study]\nname = "A"', '[studdy]\nname = "b"')
    runs.then["B"] = lambda: change(files[0], "[studdy]", "[study]")
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert runs.names == ["B", "C"]
    assert 'Another study of this night is named "b" as well.' in digest.to_text()
    assert digest.exit_code == 1


def test_nothing_is_tried_twice_where_no_study_is_sound(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    recorder = Recorder()
    files = [tmp_path / "no.toml", tmp_path / "neither.toml"]
    digest = Night(files, tmp_path / "out", cores=1, progress=recorder).run()
    assert digest.exit_code == 1
    assert not runs.calls
    assert not any("The others start now" in note for note in recorder.notes)
    for file in files:
        assert sum(str(file) in note for note in recorder.notes[-1:]) == 1


@pytest.mark.parametrize(
    ("failure", "ending", "exit_code", "said"),
    [
        (TaskFailedError("3 tasks failed."), "failed", 3, "it broke"),
        (RunFolderError("Another run works here."), "unusable", 1, "Another run works here."),
        (DeadlineError("It came too early."), "too late", 1, "It came too early."),
        (ZeroDivisionError("by zero"), "failed", 3, "This is a defect of lungmet_worc."),
    ],
)
def test_one_that_fails_does_not_stop_the_others(
    files: list[Path],
    runs: Runs,
    tmp_path: Path,
    failure: Exception,
    ending: str,
    exit_code: int,
    said: str,
) -> None:
    runs.fails["B"] = failure
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert runs.names == ["A", "B", "C"]
    assert [study.ending for study in digest.studies] == ["complete", ending, "complete"]
    assert digest.exit_code == exit_code
    assert digest.to_text().count(said) == 1
    assert "Traceback" not in digest.to_text()


def test_a_defect_in_a_check_does_not_stop_the_others(
    files: list[Path], runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at = Night._look_at

    def broken(night: Night, number: int) -> None:
        look_at(night, number)
        if number == 1:
            raise ZeroDivisionError

    monkeypatch.setattr(Night, "_look_at", broken)
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert runs.names == ["A", "C", "B"]
    assert digest.exit_code == 0


def test_a_full_disk_ends_the_night(files: list[Path], runs: Runs, tmp_path: Path) -> None:
    runs.fails["B"] = StorageError("The disk is full.")
    digest = Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert runs.names == ["A", "B"]
    assert [study.ending for study in digest.studies] == ["complete", "failed", "not started"]
    assert digest.exit_code == 3
    assert digest.to_text().count("The disk is full.") == 1
    assert 'Study "B"' in digest.to_text()


def test_a_digest_that_cannot_be_written_is_told(
    files: list[Path], runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text = overnight.write_text

    def full(path: Path, text: str) -> None:
        if path.name == "digest.txt":
            raise OSError(28, "No space left on device")
        write_text(path, text)

    monkeypatch.setattr(overnight, "write_text", full)
    recorder = Recorder()
    assert Night(files[:1], tmp_path / "out", cores=1, progress=recorder).run().exit_code == 0
    assert any("could not be written: No space left" in note for note in recorder.notes)


def test_stopping_ends_the_night_with_a_digest(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    runs.fails["B"] = Stopped(2)
    night = Night(files, tmp_path / "out", cores=1, progress=Quiet())
    with pytest.raises(Stopped):
        night.run()
    assert runs.names == ["A", "B"]
    endings = [study.ending for study in night.digest().studies]
    assert endings == ["complete", "stopped", "not started"]
    text = (tmp_path / "out" / "digest.txt").read_text()
    assert "The night was stopped before its turn." in text
    del runs.fails["B"]
    assert Night(files, tmp_path / "out", cores=1, progress=Quiet()).run().exit_code == 0


def test_the_digest_is_there_while_the_night_goes_on(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    seen: list[str] = []
    runs.then["B"] = lambda: seen.append((tmp_path / "out" / "digest.txt").read_text())
    Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert "of 3 studies 1 is complete, 2 are running or wait for their turn." in seen[0]


def test_a_deadline_holds_for_all_together(files: list[Path], runs: Runs, tmp_path: Path) -> None:
    until = (datetime.now() + timedelta(hours=2)).strftime("%H:%M:%S")
    runs.partial = {"B"}
    change(files[1], "[study]", '[run]\ndeadline = "12:00"\n\n[study]')
    digest = Night(files, tmp_path / "out", until=until, cores=1, progress=Quiet()).run()
    moments = {moment for _, _, moment in runs.calls}
    assert len(moments) == 1
    left = datetime.fromisoformat(str(moments.pop())) - datetime.now(UTC)
    assert timedelta(hours=1.9) < left <= timedelta(hours=2)
    assert [study.ending for study in digest.studies] == ["complete", "partial", "complete"]
    assert digest.exit_code == 0
    assert "Partial: 2 of 3 splits in every arm." in digest.to_text()


def test_the_deadline_of_a_study_is_that_of_the_first_morning(
    files: list[Path], runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study whose turn comes at 07:01 does not go on until 07:00 of the day after."""
    change(files[1], "[study]", '[run]\ndeadline = "07:00"\n\n[study]')
    night = Night(files, tmp_path / "out", cores=1, progress=Quiet())
    late = datetime.now().astimezone().replace(hour=22, minute=0) - timedelta(days=2)
    monkeypatch.setattr(night, "_began", late.astimezone(UTC))
    digest = night.run()
    assert runs.names == ["A", "C"]
    assert [study.ending for study in digest.studies] == ["complete", "not started", "complete"]
    assert "The deadline had come before its turn." in digest.to_text()
    assert digest.exit_code == 1


@pytest.mark.parametrize(
    ("until", "said"),
    [("7.30 pm", 'Did you mean "19:30"?'), ("2020-01-01 07:00", "is over")],
)
def test_a_wrong_deadline_is_refused(
    files: list[Path], runs: Runs, tmp_path: Path, until: str, said: str
) -> None:
    with pytest.raises(DeadlineError, match=said.replace("?", r"\?")):
        Night(files, tmp_path / "out", until=until, cores=1, progress=Quiet()).run()
    assert not runs.calls


def test_namesakes_are_refused(files: list[Path], runs: Runs, tmp_path: Path) -> None:
    change(files[1], '"B"', '"a"')
    with pytest.raises(StudyFileError) as caught:
        Night(
            [files[0], files[1], files[2], files[2]], tmp_path / "out", cores=1, progress=Quiet()
        ).run()
    assert "Give each another name under [study]." in str(caught.value)
    assert "c.toml was given 2 times. Give each study once." in str(caught.value)
    assert not runs.calls
    assert not (tmp_path / "out").exists()


def test_two_nights_in_one_folder_are_refused(
    files: list[Path], runs: Runs, tmp_path: Path
) -> None:
    with (
        locked(RunPaths(tmp_path / "out"), "night"),
        pytest.raises(RunFolderError, match="Another run"),
    ):
        Night(files, tmp_path / "out", cores=1, progress=Quiet()).run()
    assert not runs.calls


def test_very_many_problems_are_not_all_listed(
    files: list[Path], runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overnight, "_MOST_PROBLEMS", 1)
    change(files[0], "splits = 3", "spllits = 3\nseeed = 3\ncandidats = 1")
    text = Night(files[:1], tmp_path / "out", cores=1, progress=Quiet()).run().to_text()
    assert "Did you mean" in text
    assert f'2 more are listed by "lungmet check {files[0]}".' in text


@pytest.mark.parametrize(
    ("failure", "exit_code", "said"),
    [
        (None, 0, "all 3 studies are complete."),
        (TaskFailedError("x"), 3, "1 failed"),
        (Stopped(15), 143, "the same command goes on from there."),
    ],
)
def test_script(
    files: list[Path],
    runs: Runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: BaseException | None,
    exit_code: int,
    said: str,
) -> None:
    runs.fails |= {"B": failure} if failure else {}
    monkeypatch.setattr(
        "sys.argv", ["overnight", *map(str, files), "--out", str(tmp_path / "o"), "--cores", "1"]
    )
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "experiments" / "overnight.py"), run_name="__main__")
    assert ended.value.code == exit_code
    assert said in capsys.readouterr().out


def test_script_says_what_is_wrong_with_its_use(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["overnight", str(files[0]), str(files[0])])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "experiments" / "overnight.py"), run_name="__main__")
    assert ended.value.code == 1
    assert "Give each study once." in capsys.readouterr().err


@pytest.mark.worc
@pytest.mark.slow
def test_a_real_night(files: list[Path], small_run: Run, tmp_path: Path) -> None:
    """One study is sound; in another no feature is significant enough for any workflow."""
    change(
        files[1],
        "[search]",
        '[worc.Featsel]\nStatisticalTestUse = "1.0"\nStatisticalTestThreshold = "-99, 1"\n[search]',
    )
    night = Night([files[1], files[0]], tmp_path / "out", cores=2, progress=Quiet())
    digest = night.run()
    assert [study.ending for study in digest.studies] == ["failed", "complete"]
    assert digest.exit_code == 3
    assert "no candidate workflow could be scored" in digest.to_text()
    assert table_bytes(tmp_path / "out" / "A") == table_bytes(small_run.paths.folder)
