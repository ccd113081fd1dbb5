"""What is not ours is not touched: every command on somebody's folder leaves it to the byte."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungmet_worc import Study, compare_runs
from lungmet_worc.basics.errors import LungmetError, RunFolderError
from lungmet_worc.cli import main
from lungmet_worc.cli.demo_cohort import make_demo_cohort
from lungmet_worc.cli.overnight import Night
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.run_folder.mark import MARK, claim, kind_of, require_ours
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from tests.analyses.run.test_digest import make_state
from tests.folder_contents import contents, write_files
from tests.pipeline.test_compare import arms_of, write_run
from tests.synthetic import change_cell, write_cohort, write_study

#: Of a user, with names that lungmet writes or removes in a folder of its own.
USER_FILES = (
    "scratch/thesis.docx", ".X.7.partial", "deep/down/.P1.hdf5.12.partial.hdf5",
    ".report.html.partial", "tables/performance.csv", "tables/notes.xlsx", "figures/roc.png",
    "figures/mine.svg", "inspections.json", "made_from.json", "report_files.json", "splits.csv",
    "features/MRI/worc.ini", "arms/MRI/labels.csv", "old/2026/report.html", "report.html",
    "console.txt", "log.txt", ".lock", "digest.txt", "cohort/manifest.csv", "images/P1.nii.gz",
)  # fmt: skip
FOREIGN_JSON = ('{"format": 1}', "[1]", '{"name": "react-app", "format": 1, "study": {}}', "{", "")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study whose check fails."""
    file = write_study(write_cohort(tmp_path_factory.mktemp("study"), 12, ["MRI"]), ["MRI"])
    change_cell(file.parent / "manifest.csv", "P7", "mri_image", "images/gone.nii.gz")
    return file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), [arms_of()["MRI"]])


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    folder = tmp_path / "my thesis"
    write_files(folder, USER_FILES)
    return folder


COMMANDS = {
    "run": "run {study} --out {out} --cores 1",
    "run a stage": "run {study} --out {out} --only report",
    "detach": "run {study} --out {out} --detach --cores 1",
    "compare": "compare {run} --out {out}",
    "compare nothing": "compare {run}/nothing --out {out}",
    "demo": "demo --out {out}",
    "export": "export-worc {study} --arm MRI_only --out {out}",
    "init": "init {out}",
    "plan": "plan {study} --out {out} --cores 1",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_it_and_names_what_lies_in_it(
    command: str, study: Path, run: Path, foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(foreign)
    words = [part.format(study=study, run=run, out=foreign) for part in COMMANDS[command].split()]
    assert main(words) == 1
    said = capsys.readouterr()
    assert contents(foreign) == before
    assert f'"{foreign}"' in said.err
    assert " (.X.7.partial, .lock, " in said.err
    assert f"and {len(list(foreign.iterdir())) - 5} more" in said.err
    assert "gone.nii.gz" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", ["run.json", MARK])
@pytest.mark.parametrize("text", FOREIGN_JSON)
def test_a_file_of_somebody_else_is_no_mark(
    name: str, text: str, study: Path, foreign: Path
) -> None:
    (foreign / name).write_text(text)
    before = contents(foreign)
    with pytest.raises(RunFolderError, match="holds what lungmet did not write"):
        Study.from_toml(study).run(foreign, cores=1, progress=Quiet())
    assert contents(foreign) == before


def python_calls(study: Path, run: Path, out: Path) -> dict[str, Callable[[], object]]:
    return {
        "run": lambda: Study.from_toml(study).run(out, cores=1, progress=Quiet()),
        "compare": lambda: compare_runs([run]).write(out),
        "demo": lambda: make_demo_cohort(out, n_patients=2),
        "night": lambda: Night([study], out, cores=1, progress=Quiet()).run(),
    }


@pytest.mark.parametrize("name", ["run", "compare", "demo", "night"])
def test_from_python_too(name: str, study: Path, run: Path, foreign: Path) -> None:
    before = contents(foreign)
    with pytest.raises(RunFolderError, match="holds what lungmet did not write"):
        python_calls(study, run, foreign)[name]()
    assert contents(foreign) == before


def test_one_file_is_enough_and_is_named(study: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(RunFolderError, match=r"did not write \(thesis.docx\)\. Nothing was"):
        Study.from_toml(study).run(tmp_path)


@pytest.mark.parametrize("name", ["run", "compare", "demo", "night"])
def test_a_folder_of_ours_of_another_kind_is_refused(
    name: str, study: Path, run: Path, tmp_path: Path
) -> None:
    for kind in ("run", "comparison", "demo", "night"):
        if kind == {"compare": "comparison"}.get(name, name):
            continue
        folder = tmp_path / kind
        claim(folder, kind)  # type: ignore[arg-type]
        before = contents(folder)
        with pytest.raises(RunFolderError, match="Use another folder"):
            python_calls(study, run, folder)[name]()
        assert contents(folder) == before


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text("abX._-é", min_size=1, max_size=12).filter(lambda name: name not in {".", ".."}),
        st.binary(max_size=20),
        min_size=1,
    ),
    st.sampled_from(["run", "comparison", "demo", "night"]),
)
def test_whatever_lies_in_it(files: dict[str, bytes], kind: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        before = contents(folder)
        with pytest.raises(RunFolderError):
            claim(folder, kind)  # type: ignore[arg-type]
        assert contents(folder) == before


def test_new_and_empty_folders_are_ours_and_so_are_those_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "seen by a Mac").mkdir()
    (tmp_path / "seen by a Mac" / ".DS_Store").write_bytes(b"view")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for name in ("new/in/new", "empty", "seen by a Mac"):
        claim(tmp_path / name, "run")
        write_files(tmp_path / name, ("notes.txt",))
        claim(tmp_path / name, "run")
        assert kind_of(tmp_path / name) == "run"
    require_ours((tmp_path / "link").resolve(), "run")


def test_a_mark_that_another_process_is_writing_is_no_file_of_a_user(tmp_path: Path) -> None:
    (tmp_path / f".{MARK}.77.partial.json").write_text("{")
    claim(tmp_path, "run")
    assert kind_of(tmp_path) == "run"


def test_folders_of_earlier_versions_are_ours(tmp_path: Path) -> None:
    for name in ("night/one", "night/two", "run"):
        write_state(RunPaths(tmp_path / name), make_state())
        write_files(tmp_path / name, ("tables/performance.csv", "notes.txt"))
        claim(tmp_path / name, "run")
    (tmp_path / "night" / "digest.txt").write_text("Night of 23 November")
    (tmp_path / "night" / ".lock").touch()
    claim(tmp_path / "night", "night")
    study = make_demo_cohort(tmp_path / "demo", n_patients=2)
    (study.parent / MARK).unlink()
    make_demo_cohort(tmp_path / "demo", n_patients=2)
    assert [kind_of(tmp_path / name) for name in ("run", "night", "demo")] == [
        "run", "night", "demo",
    ]  # fmt: skip


def test_a_demo_does_not_take_the_place_of_a_study(tmp_path: Path) -> None:
    write_state(RunPaths(tmp_path), make_state())
    claim(tmp_path, "run")
    before = contents(tmp_path)
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert contents(tmp_path) == before


LINKS = ("scratch", "features", "features/MRI", "arms", "arms/CT", "arms/CT/splits", "tables",
         "figures", "old", ".lock", "log.txt", "console.txt", "run.json")  # fmt: skip


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("leads_to", ["folder", "file"])
def test_nothing_behind_a_link_is_touched(
    link: str, leads_to: str, study: Path, tmp_path: Path
) -> None:
    ours, behind = tmp_path / "run", tmp_path / "behind"
    claim(ours, "run")
    write_files(behind, USER_FILES)
    before = contents(behind)
    (ours / link).parent.mkdir(parents=True, exist_ok=True)
    (ours / link).symlink_to(behind if leads_to == "folder" else behind / "splits.csv")
    with pytest.raises(LungmetError) as refused:
        Study.from_toml(study).run(ours, cores=1, progress=Quiet())
    assert contents(behind) == before
    assert (ours / link).is_symlink()
    if not (leads_to == "file" and link in ("features/MRI", "arms/CT")):
        assert f'"{link}" is a link' in refused.value.message or "scratch" in refused.value.message


def test_folders_that_lead_into_themselves_and_very_deep_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "again").symlink_to(tmp_path / "loop")
    deep = tmp_path / "deep" / "/".join("d" * 300)
    deep.mkdir(parents=True)
    for name in ("loop", "deep"):
        for kind in ("run", "comparison", "demo", "night"):
            with pytest.raises(RunFolderError, match="did not write"):
                require_ours(tmp_path / name, kind)  # type: ignore[arg-type]


def test_a_pipe_is_not_waited_for(study: Path, tmp_path: Path) -> None:
    for name in (".lock", "run.json", "log.txt", MARK, "study.toml"):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        if name not in (MARK, "study.toml"):
            claim(folder, "run")
        os.mkfifo(folder / name)
        with pytest.raises(RunFolderError, match=r"is a link, or not|did not write"):
            Study.from_toml(study).run(folder)


@pytest.mark.parametrize("name", ["ß" * 130, "患" * 90, "x" * 256, "a/" * 2000])
def test_a_folder_name_that_no_disk_takes_is_said(name: str, study: Path, tmp_path: Path) -> None:
    for out in (tmp_path / name, tmp_path / name / "run"):
        with pytest.raises(RunFolderError, match=r"too long for this disk|Use a shorter one"):
            Study.from_toml(study).run(out)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_folder_is_said(study: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "and round")
    (tmp_path / "and round").symlink_to(tmp_path / "round")
    (tmp_path / "file").touch()
    for name in ("round", "round/run", "file", "file/run", "nul\0"):
        for call in python_calls(study, run, tmp_path / name).values():
            with pytest.raises(RunFolderError, match="Nothing can be written to"):
                call()
    assert len(list(tmp_path.iterdir())) == 3


def test_the_mark_says_what_it_is_and_nothing_private(tmp_path: Path) -> None:
    claim(tmp_path / "run", "run")
    text = (tmp_path / "run" / MARK).read_text()
    assert json.loads(text)["lungmet"] == "run"
    assert str(tmp_path) not in text
