"""A folder that is moved, renamed or deleted while it is written to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import FolderMovedError, TaskFailedError
from lungmet_worc.basics.held_folder import holding, is_in_place, make_folder
from lungmet_worc.basics.stamped_files import write_stamped_text, write_text
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.stage_runner import StageRunner
from lungmet_worc.tasks.task import Task, TaskKey, TaskResult
from lungmet_worc.worc.storage import write_features


def rename(folder: Path) -> None:
    folder.rename(folder.with_name("renamed"))


def replace(folder: Path) -> None:
    rename(folder)
    folder.mkdir()


def move_what_is_above(folder: Path) -> None:
    above = folder.parent
    above.rename(above.with_name("elsewhere"))


CHANGES = [rename, replace, move_what_is_above, shutil.rmtree]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "run"
    path.mkdir(parents=True)
    return path


def there(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_written_to_the_old_path(change: object, folder: Path) -> None:
    with holding(folder):
        make_folder(folder / "arms" / "CT")
        write_text(folder / "arms" / "CT" / "labels.csv", "a")
        assert is_in_place()
        change(folder)  # type: ignore[operator]
        assert not is_in_place()
        with pytest.raises(FolderMovedError, match="moved, renamed or deleted"):
            make_folder(folder / "features")
        with pytest.raises(FolderMovedError):
            write_text(folder / "arms" / "CT" / "labels.csv", "b")
        with pytest.raises(FolderMovedError):
            write_features(folder / "P1.hdf5", [1.0], ["a"], image_type="MR", stamp="s")
    assert there(folder) == []


def test_a_link_to_the_folder_that_is_led_elsewhere_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with holding((tmp_path / "link").resolve()):
        (tmp_path / "link").unlink()
        assert is_in_place()


def test_other_folders_are_made_as_ever(folder: Path, tmp_path: Path) -> None:
    with holding(folder):
        rename(folder)
        make_folder(tmp_path / "other" / "place")
    assert (tmp_path / "other" / "place").is_dir()
    make_folder(folder)  # nothing is held any more
    assert folder.is_dir()


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("HDF5"), TaskFailedError("x")])
def test_whatever_fails_then_is_told_by_its_cause(error: Exception, folder: Path) -> None:
    with pytest.raises(FolderMovedError), holding(folder):
        rename(folder)
        raise error
    with pytest.raises(type(error)), holding(folder.with_name("renamed")):
        raise error


def test_the_inner_one_of_two_held_folders_counts(folder: Path) -> None:
    (folder / "study").mkdir()
    with holding(folder):
        with pytest.raises(FolderMovedError), holding(folder / "study"):
            (folder / "study").rename(folder / "other")
            make_folder(folder / "study" / "arms")
        make_folder(folder / "arms")
    assert sorted(there(folder)) == ["arms", "other"]


def write(output: str, stamp: str) -> None:
    write_stamped_text(Path(output), "done\n", stamp=stamp)


class Moving:
    """An engine that works in this process, and moves the run folder at one task."""

    start_up = 0.0

    def __init__(self, folder: Path, change: object, at: int) -> None:
        self.folder, self.change, self.at = folder, change, at

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        for number, task in enumerate(tasks):
            if number == self.at:
                self.change(self.folder)  # type: ignore[operator]
            write(str(task.output), task.stamp)
            yield TaskResult(task, 0.1)


def run_stage(paths: RunPaths, engine: object) -> None:
    tasks = [
        Task(
            TaskKey("stage", arm=str(n)),
            f"P{n}",
            "",
            {},
            paths.split("CT", n).with_suffix(".ini"),
            f"stamp{n}",
        )
        for n in range(6)
    ]
    state: dict[str, object] = {"study": {"name": "moved", "arms": {}, "search": {"splits": 2}}}
    with locked(paths):
        aside = KeptAside(paths, "2026-11-23T18:01:49+00:00")
        StageRunner(engine, paths, Quiet(), state, aside, lambda: None).must(
            Stage("stage", ""), tasks
        )  # type: ignore[arg-type]


@pytest.mark.parametrize("change", CHANGES)
def test_a_stage_stops_and_its_finished_tasks_lie_in_the_moved_folder(
    change: object, folder: Path
) -> None:
    with pytest.raises(FolderMovedError):
        run_stage(RunPaths(folder), Moving(folder, change, at=3))
    assert there(folder) == []
    moved = {rename: folder.with_name("renamed"), replace: folder.with_name("renamed"),
             move_what_is_above: folder.parents[1] / "elsewhere" / "run"}.get(change)  # type: ignore[call-overload]  # fmt: skip
    if moved is not None:
        assert len(list(moved.glob("arms/CT/splits/[0-9].ini"))) == 3
        run_stage(RunPaths(moved), Moving(moved, print, at=9))
        assert len(list(moved.glob("arms/CT/splits/[0-9].ini"))) == 6
        assert len(read_state(RunPaths(moved))["tasks"]) == 6


class Renames(Quiet):
    """Renames the run folder when some features are there."""

    def __init__(self, folder: Path, stage: str, number: int) -> None:
        self.folder, self.stage, self.number = folder, stage, number
        self.now = ""

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        self.now = stage.name

    def advance(self, label: str) -> None:
        if self.now == self.stage:
            self.number -= 1
            if self.number == 0:
                rename(self.folder)


@pytest.mark.worc
@pytest.mark.slow
@pytest.mark.parametrize(("stage", "number"), [("extraction", 5), ("search", 2)])
def test_a_run_whose_folder_is_renamed_stops_and_goes_on_in_the_new_place(
    stage: str, number: int, small_study: Path, small_run: Run, folder: Path
) -> None:
    study = Study.from_toml(small_study)
    if stage == "search":
        shutil.copytree(small_run.paths.folder, folder, dirs_exist_ok=True)
        shutil.rmtree(folder / "arms")
    with pytest.raises(FolderMovedError, match="goes on from there") as stopped:
        study.run(folder, cores=2, progress=Renames(folder, stage, number))
    assert stopped.value.exit_code == 3
    assert there(folder) == []
    moved = folder.with_name("renamed")
    done = {path: path.stat().st_mtime_ns for path in moved.glob("features/*/[!.]*.hdf5")}
    assert len(done) >= 5
    study.run(moved, cores=2, progress=Quiet(), only=None if stage == "search" else "extraction")
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert len(list(moved.glob("features/*/[!.]*.hdf5"))) == 40
    assert not (moved / "scratch").exists()
    if stage == "search":
        assert (moved / "tables/performance.csv").read_bytes() == (
            small_run.paths.tables / "performance.csv"
        ).read_bytes()
