"""What holds of task states, locks and atomic writes whatever happens, found by hypothesis."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from lungmet_worc.basics import stamped_files
from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.stamped_files import read_stamp, write_stamped_text, write_text
from lungmet_worc.tasks.run_folder.leftovers import remove_leftovers
from lungmet_worc.tasks.run_folder.lock import is_locked, locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey, TaskState, unfinished
from lungmet_worc.worc.storage import read_features, write_features

STAMPS = st.text("0123456789abcdef", min_size=1, max_size=4)
NAMES = st.sampled_from(["a.hdf5", "b.ini", "c.hdf5", "d.ini"])
VALUES = st.lists(st.floats(allow_nan=False), min_size=1, max_size=5)


def write_output(path: Path, stamp: str, values: list[float]) -> None:
    if path.suffix == ".hdf5":
        labels = [f"f{number}" for number in range(len(values))]
        write_features(path, values, labels, image_type="MR", stamp=stamp)
    else:
        write_stamped_text(path, f"{values}\n", stamp=stamp)


class RunFolder(RuleBasedStateMachine):
    """Outputs that are written, cut off, left half written and removed, in any order."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.paths = RunPaths(Path(self.folder.name))
        self.outputs = self.paths.fingerprint("MRI").parent
        self.outputs.mkdir(parents=True)
        #: Name -> stamp of what is whole on the disk; None where it is cut off.
        self.held: dict[str, str | None] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=NAMES, stamp=STAMPS, values=VALUES)
    def write(self, name: str, stamp: str, values: list[float]) -> None:
        write_output(self.outputs / name, stamp, values)
        self.held[name] = stamp

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.outputs / name).unlink(missing_ok=True)
        self.held.pop(name, None)

    @rule(name=NAMES, part=st.floats(0, 0.9))
    def cut_off(self, name: str, part: float) -> None:
        """As another program may; ours never does."""
        path = self.outputs / name
        if path.suffix == ".hdf5" and path.exists():
            content = path.read_bytes()
            path.write_bytes(content[: int(len(content) * part)])
            self.held[name] = None

    @rule(name=NAMES, stamp=STAMPS, number=st.integers(1, 99999))
    def be_killed_while_writing(self, name: str, stamp: str, number: int) -> None:
        suffix = Path(name).suffix
        half = self.outputs / f".{name}.{number}.partial{suffix}"
        write_output(half, stamp, [1.0])

    @rule()
    def start_again(self) -> None:
        remove_leftovers(self.paths)
        assert {path.name for path in self.outputs.iterdir()} == set(self.held)

    @rule(wanted=st.dictionaries(NAMES, STAMPS, min_size=1))
    def plan(self, wanted: dict[str, str]) -> None:
        tasks = [
            Task(TaskKey("stage", arm=name), name, "module:name", {}, self.outputs / name, stamp)
            for name, stamp in wanted.items()
        ]
        for task in tasks:
            name = task.output.name
            if name not in self.held:
                assert task.state() is TaskState.MISSING
            elif self.held[name] == task.stamp:
                assert task.state() is TaskState.FRESH
            else:
                assert task.state() is TaskState.STALE
        assert unfinished(tasks) == [
            task for task in tasks if self.held.get(task.output.name) != task.stamp
        ]

    @invariant()
    def stamps_are_those_of_what_is_whole(self) -> None:
        for name, stamp in self.held.items():
            assert read_stamp(self.outputs / name) == stamp


RunFolder.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_states_follow_what_is_on_the_disk = RunFolder.TestCase


class Killed(BaseException):
    """Stands for the end of the process at some point of a write."""


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["open", "write", "fsync", "replace", None]), VALUES, VALUES)
def test_a_write_that_is_cut_short_leaves_the_old_or_the_new(
    point: str | None, old: list[float], new: list[float]
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder) / "P1.hdf5"
        write_output(path, "old", old)

        def end(*args: Any, **options: Any) -> None:
            raise Killed

        if point == "fsync":
            patched.setattr(stamped_files.os, "fsync", end)
        elif point == "replace":
            patched.setattr(Path, "replace", end)
        elif point == "open":
            patched.setattr(stamped_files, "_partial", end)
        elif point == "write":
            patched.setattr(pd.HDFStore, "put", end)
        if point is None:
            write_output(path, "new", new)
        else:
            with pytest.raises(Killed):
                write_output(path, "new", new)
        patched.undo()
        expected, stamp = (new, "new") if point is None else (old, "old")
        assert read_stamp(path) == stamp
        assert list(read_features(path).values()) == expected


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["open", "half", "fsync", "replace", None]),
    st.text(min_size=1),
    st.text(min_size=2),
)
def test_a_text_that_is_cut_short_is_the_old_or_the_new(
    point: str | None, old: str, new: str
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder) / "a.ini"
        write_text(path, old)
        to_open = Path.open

        def end(*args: Any, **options: Any) -> None:
            raise Killed

        def open_and_end(file: Path, *args: Any, **options: Any) -> Any:
            """Write a part only, as a process does that is killed."""
            stream = to_open(file, *args, **options)
            stream.write(new.encode()[:1])
            stream.flush()
            raise Killed

        if point == "fsync":
            patched.setattr(stamped_files.os, "fsync", end)
        elif point == "replace":
            patched.setattr(Path, "replace", end)
        elif point is not None:
            patched.setattr(Path, "open", end if point == "open" else open_and_end)
        if point is None:
            write_text(path, new)
        else:
            with pytest.raises(Killed):
                write_text(path, new)
        patched.undo()
        assert path.read_bytes().decode() == (new if point is None else old)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_without_an_error_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, share: float
) -> None:
    """As HDF5 leaves it on a full disk."""
    path = tmp_path / "P1.hdf5"
    write_output(path, "old", [1.0])
    close = pd.HDFStore.close

    def cut_off(store: pd.HDFStore) -> None:
        close(store)
        file = Path(store.filename)
        os.truncate(file, int(share * file.stat().st_size))

    monkeypatch.setattr(pd.HDFStore, "close", cut_off)
    with pytest.raises((OSError, tables.HDF5ExtError)):
        write_output(path, "new", [2.0] * 1000)
    monkeypatch.undo()
    assert read_stamp(path) == "old"
    assert list(read_features(path).values()) == [1.0]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@given(st.text(), st.text())
def test_text_is_read_back_as_it_was_written(old: str, new: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        for text in (old, new):
            write_text(path, text)
            assert path.read_bytes().decode() == text
        assert [each.name for each in Path(folder).iterdir()] == ["a.txt"]


def try_to_lock(folder: str, answers: Any) -> None:
    try:
        with locked(RunPaths(Path(folder))):
            answers.put("locked")
    except RunFolderError as error:
        answers.put(str(error))


def hold(folder: str, answers: Any, go: Any) -> None:
    with locked(RunPaths(Path(folder))):
        answers.put(os.getpid())
        go.wait(60)


def test_one_process_holds_the_lock_and_a_dead_ones_is_taken_over(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers, go = context.Queue(), context.Event()
    holder = context.Process(target=hold, args=(str(tmp_path), answers, go))
    holder.start()
    held_by = answers.get(timeout=60)
    assert is_locked(RunPaths(tmp_path))
    refused = pytest.raises(RunFolderError, match=f"process {held_by} on ")
    with refused, locked(RunPaths(tmp_path)):
        pytest.fail("locked twice")
    others = [context.Process(target=try_to_lock, args=(str(tmp_path), answers)) for _ in range(2)]
    for other in others:
        other.start()
    assert all(f"process {held_by} on " in answers.get(timeout=60) for _ in others)
    holder.kill()
    holder.join()
    assert (tmp_path / ".lock").read_text()  # it could not say that it ended
    assert not is_locked(RunPaths(tmp_path))
    try_to_lock(str(tmp_path), answers)
    assert answers.get(timeout=60) == "locked"


def test_who_only_looks_does_not_keep_a_run_from_starting(tmp_path: Path) -> None:
    import fcntl
    import threading

    with locked(RunPaths(tmp_path)):
        pass
    with (tmp_path / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        with locked(RunPaths(tmp_path)):
            pass
