"""Earlier results get a second name, and lose it if nothing took their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside, settle_last
from lungmet_worc.tasks.run_folder.paths import RunPaths

STARTED = "2026-11-23T18:01:49+00:00"
NAME = "2026-11-23T18-01-49Z"


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    for name in ("arms/MRI/splits/0.hdf5", "arms/MRI/splits/1.hdf5", "report.html"):
        write_text(tmp_path / name, f"old {name}")
    return RunPaths(tmp_path)


def test_only_what_is_replaced_is_kept(paths: RunPaths, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    aside = KeptAside(paths, STARTED)
    files = [paths.split("MRI", index) for index in range(3)]
    assert aside.keep(files) == 2  # the third is not there
    assert files[0].read_text().startswith("old")  # until something takes its place
    write_text(files[0], "new")
    assert aside.settle() == 1
    kept = paths.old / NAME
    assert [path for path in kept.rglob("*") if path.is_file()] == [kept / "arms/MRI/splits/0.hdf5"]
    assert (kept / "arms/MRI/splits/0.hdf5").read_text() == "old arms/MRI/splits/0.hdf5"
    assert files[0].read_text() == "new"
    assert caplog.messages == [f"an earlier result is kept as old/{NAME}/arms/MRI/splits/0.hdf5"]


def test_nothing_replaced_leaves_no_folder(paths: RunPaths) -> None:
    aside = KeptAside(paths, STARTED)
    aside.keep([paths.split("MRI", 0)])
    write_text(paths.split("MRI", 0), paths.split("MRI", 0).read_text())  # the same again
    assert aside.settle() == 0
    assert not paths.old.exists()
    assert KeptAside(paths, STARTED).settle() == 0


def test_a_killed_run_is_settled_by_the_next(paths: RunPaths) -> None:
    KeptAside(paths, STARTED).keep([paths.split("MRI", 0), paths.split("MRI", 1)])
    write_text(paths.split("MRI", 1), "new")
    settle_last(paths, STARTED)
    assert [p.name for p in paths.old.rglob("*") if p.is_file()] == ["1.hdf5"]
    assert paths.split("MRI", 0).exists()


def test_two_runs_of_one_second_have_two_folders(paths: RunPaths) -> None:
    for text in ("one", "two"):
        aside = KeptAside(paths, STARTED)
        aside.keep([paths.report], rewritten=True)
        paths.report.write_text(text)
        assert aside.settle() == 1
    assert (paths.old / NAME / "report.html").read_text() == "old report.html"
    assert (paths.old / f"{NAME}-2" / "report.html").read_text() == "one"


def test_without_hard_links_files_are_moved(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    aside = KeptAside(paths, STARTED)
    aside.keep([paths.split("MRI", 0)])
    assert not paths.split("MRI", 0).exists()
    assert aside.settle() == 1
    assert (paths.old / NAME / "arms/MRI/splits/0.hdf5").exists()
