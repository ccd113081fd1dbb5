"""In a folder of ours, what a user put there is never lost: it stays, or it is kept in old/."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungmet_worc import compare_runs
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside, settle_last
from lungmet_worc.tasks.run_folder.leftovers import make_scratch, remove_leftovers
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.mark import SCRATCH_MARK, claim, is_json
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.record import is_fresh, put_in_place, recorded, write_record
from lungmet_worc.tasks.run_folder.state import write_state
from tests.analyses.run.test_digest import make_state
from tests.folder_contents import contents, write_files
from tests.pipeline.test_compare import arms_of, write_run

STARTED = "2026-11-23T18:01:49+00:00"
OURS = ("tables/performance.csv", "figures/roc.png", "report.html")


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    claim(tmp_path / "run", "run")
    return RunPaths(tmp_path / "run")


def write_report(paths: RunPaths, names: tuple[str, ...], said: str) -> KeptAside:
    """Write tables, figures and report as the end of a run does."""
    remove_leftovers(paths)
    staged = make_scratch(paths) / "report"
    write_files(staged, names, said)
    aside = KeptAside(paths, STARTED)
    put_in_place(staged, paths.report_files, aside.keep, stamp=said)
    aside.settle()
    remove_leftovers(paths)
    return aside


def test_files_beside_tables_and_figures_stay(paths: RunPaths) -> None:
    mine = ("tables/notes.xlsx", "figures/slide.pptx", "old/report.html", "features/README", "me")
    write_files(paths.folder, mine)
    for said in ("first", "second"):
        write_report(paths, OURS, said)
    assert all((paths.folder / name).read_text() == f"mine: {name}" for name in mine)
    assert all((paths.folder / name).read_text() == f"second: {name}" for name in OURS)
    kept = paths.old / "2026-11-23T18-01-49Z"
    assert {name: (kept / name).read_text() for name in OURS} == {
        name: f"first: {name}" for name in OURS
    }


def test_a_file_of_a_user_in_the_place_of_ours_is_kept(paths: RunPaths) -> None:
    write_files(paths.folder, OURS)
    (paths.folder / "tables" / "power.csv" / "sub").mkdir(parents=True)
    (paths.folder / "tables" / "power.csv" / "sub" / "mine.txt").write_text("mine")
    (paths.folder / "figures" / "auc.svg").symlink_to("roc.png")
    aside = write_report(paths, (*OURS, "tables/power.csv", "figures/auc.svg"), "run")
    assert all((aside.folder / name).read_text() == f"mine: {name}" for name in OURS)
    assert (aside.folder / "tables/power.csv/sub/mine.txt").read_text() == "mine"
    assert (aside.folder / "figures/auc.svg").readlink() == Path("roc.png")
    assert (paths.folder / "figures/auc.svg").read_text() == "run: figures/auc.svg"


def test_what_is_no_longer_made_goes_and_the_same_again_is_not_kept(paths: RunPaths) -> None:
    write_report(paths, OURS, "run")
    before = (paths.folder / OURS[0]).stat().st_mtime_ns
    aside = write_report(paths, OURS[:1], "run")
    assert sorted(recorded(paths.report_files)) == [OURS[0]]
    assert not paths.report.exists()
    assert sorted(p.name for p in aside.folder.rglob("*.*")) == ["report.html", "roc.png"]
    assert (paths.folder / OURS[0]).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "name", ["../outside.txt", "tables/../../outside.txt", "/etc/hostname", "tables/..", "run.json",
             "features/MRI/P1.hdf5", ".", "", "tables//../x"]
)  # fmt: skip
def test_a_record_that_came_with_the_folder_names_nothing_else(name: str, paths: RunPaths) -> None:
    outside = paths.folder.parent / "outside.txt"
    outside.write_text("mine")
    write_files(paths.folder, ("run.json", "features/MRI/P1.hdf5"))
    paths.report_files.write_text(json.dumps({"lungmet_stamp": "s", "files": {name: "0"}}))
    assert recorded(paths.report_files) == {}
    assert not is_fresh(paths.report_files, "s")
    write_report(paths, OURS, "run")
    assert outside.read_text() == "mine"
    assert (paths.folder / "features/MRI/P1.hdf5").exists()
    assert not paths.old.exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"files": 1}', '{"files": {"tables/x": {}}}', "9" * 99]
)
def test_a_damaged_record_counts_for_nothing(text: str, paths: RunPaths) -> None:
    paths.report_files.write_text(text)
    write_files(paths.folder, ("tables/x",))
    write_report(paths, OURS, "run")
    assert (paths.folder / "tables/x").exists()
    assert sorted(recorded(paths.report_files)) == sorted(OURS)


def test_a_pipe_in_the_place_of_a_table_is_not_waited_for(paths: RunPaths) -> None:
    write_report(paths, OURS, "run")
    (paths.folder / OURS[0]).unlink()
    os.mkfifo(paths.folder / OURS[0])
    assert not is_fresh(paths.report_files, "run")
    write_report(paths, OURS, "run")
    assert is_fresh(paths.report_files, "run")


def test_a_damaged_file_of_ours_is_told_from_one_that_says_nothing(tmp_path: Path) -> None:
    for text, expected in (
        ("{}", True),
        ('{"a": 1}', True),
        ("{", False),
        ("[]", False),
        ("", False),
    ):
        (tmp_path / "made_from.json").write_text(text)
        assert is_json(tmp_path / "made_from.json") is expected
    assert not is_json(tmp_path / "gone.json")


LEFT = (
    ".run.json.7.partial.json", ".splits.csv.7.partial.csv", "features/MRI/.P1.hdf5.7.partial.hdf5",
    "features/MRI/.worc.ini.7.partial.ini", "features/MRI/combat/.features.hdf5.7.partial.hdf5",
    "arms/CT/.labels.csv.7.partial.csv", "arms/CT/splits/.0.hdf5.7.partial.hdf5",
    "arms/CT/permutations/3/.0.json.7.partial.json",
)  # fmt: skip
STAY = (
    ".X.7.partial", "mine/.P1.hdf5.7.partial.hdf5", "tables/.P1.hdf5.7.partial.hdf5",
    "tables/.performance.csv.7.partial.csv", "figures/.roc.png.7.partial.png",
    "old/2026/.report.html.partial", "features/MRI/.notes.7.partial", "features/MRI/P1.hdf5",
    "mine/scratch/x", "features/.P1.7.partial", "arms/CT/deep/down/.0.hdf5.7.partial.hdf5",
)  # fmt: skip


def test_only_what_we_wrote_halfway_is_removed(paths: RunPaths) -> None:
    write_files(paths.folder, (*LEFT, *STAY))
    before = contents(paths.folder)
    remove_leftovers(paths)
    assert set(before) - set(contents(paths.folder)) == set(LEFT)


@pytest.mark.parametrize("place", ["second", "arms/second", "features/MRI", "features/second"])
@pytest.mark.parametrize("mark", ["lungmet.json", "run.json"])
def test_cleaning_up_never_goes_into_another_run(place: str, mark: str, paths: RunPaths) -> None:
    other = RunPaths(paths.folder / place)
    if mark == "run.json":
        write_state(other, make_state())
    else:
        claim(other.folder, "run")
    write_files(other.folder, (*LEFT, ".P1.hdf5.7.partial.hdf5"))
    make_scratch(other)
    before = contents(other.folder)
    remove_leftovers(paths)
    settle_last(paths, STARTED)
    assert contents(other.folder) == before


def test_a_scratch_folder_of_a_user_is_not_deleted(paths: RunPaths) -> None:
    write_files(paths.folder, ("scratch/thesis.docx",))
    with pytest.raises(RunFolderError, match='"scratch" that lungmet did not mark'):
        locked(paths).__enter__()
    remove_leftovers(paths)
    assert (paths.scratch / "thesis.docx").exists()


def test_our_scratch_folder_is_deleted_and_what_links_in_it_lead_to_is_not(
    paths: RunPaths,
) -> None:
    write_files(paths.folder.parent, ("behind/thesis.docx",))
    make_scratch(paths)
    (paths.scratch / "plugins").symlink_to(paths.folder.parent / "behind")
    remove_leftovers(paths)
    assert not paths.scratch.exists()
    assert (paths.folder.parent / "behind" / "thesis.docx").exists()
    behind = paths.folder.parent / "behind"
    (behind / SCRATCH_MARK).touch()
    paths.scratch.symlink_to(behind)
    remove_leftovers(paths)
    assert (behind / "thesis.docx").exists()


def test_copies_that_a_user_keeps_in_old_stay(paths: RunPaths) -> None:
    write_files(paths.folder, ("report.html",))
    for name in ("my backup", "zzz", "2026-11-23T18-01-49Z-mine", "2026-11-22T18-01-49Z"):
        (paths.old / name).mkdir(parents=True)
        (paths.old / name / "report.html").write_bytes(paths.report.read_bytes())
    before = contents(paths.old)
    settle_last(paths, STARTED)
    settle_last(paths, None)
    assert contents(paths.old) == before


PLACES = ["", "tables/", "figures/", "old/", "features/MRI/", "arms/CT/", "mine/", "scratch.bak/"]
NAMES = st.tuples(st.sampled_from(PLACES), st.sampled_from(
    ["notes.txt", "performance.csv", "roc.png", "report.html", ".a.1.partial", "splits.csv", "0"]
)).map("".join)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sets(NAMES, max_size=6), min_size=1, max_size=3))
def test_whatever_a_user_adds_between_runs_is_still_there(added: list[set[str]]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        paths = RunPaths(Path(name))
        claim(paths.folder, "run")
        texts = set()
        for number, names in enumerate(added):
            write_files(paths.folder, tuple(names - set(OURS)), f"{number}")
            texts |= {f"{number}: {name}" for name in names - set(OURS)}
            with locked(paths):
                write_report(paths, OURS, f"run {number}")
            # What a user wrote over himself is his own.
            texts -= {f"{n}: {name}" for n in range(number) for name in names - set(OURS)}
        found = {str(text, "utf-8") for text in contents(paths.folder).values() if text != "folder"
                 and isinstance(text, bytes)}  # fmt: skip
        assert texts <= found


def test_a_comparison_keeps_what_a_user_put_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(results: StudyResults, tables: object, folder: Path, **options: object) -> None:
        write_files(folder, tuple(f"roc_{arm.arm}.svg" for arm in results.arms))

    monkeypatch.setattr("lungmet_worc.analyses.all_figures.write_all_figures", draw)
    runs = [write_run(tmp_path / name, [arm]) for name, arm in list(arms_of().items())[:2]]
    out = tmp_path / "joined"
    compare_runs(runs).write(out)
    assert {path.name for path in out.iterdir()} == {
        ".lock", "lungmet.json", "report_files.json", "tables", "figures",
    }  # fmt: skip
    mine = ("tables/notes.xlsx", "figures/mine.png", "old/x", "tables/unknown.csv")
    write_files(out, mine)
    (out / "tables" / "performance.csv").write_text("corrected by hand")
    compare_runs(runs[:1]).write(out)
    assert all((out / name).read_text() == f"mine: {name}" for name in mine)
    (kept,) = (path for path in (out / "old").iterdir() if path.is_dir())
    assert (kept / "tables" / "performance.csv").read_text() == "corrected by hand"
    assert (kept / "figures" / "roc_CT.svg").exists()
    assert [path.name for path in (out / "figures").glob("roc_*")] == ["roc_MRI.svg"]


def test_the_record_and_its_files(tmp_path: Path) -> None:
    write_files(tmp_path, OURS)
    record = tmp_path / "report_files.json"
    write_record(record, [tmp_path / name for name in OURS], stamp="s")
    assert is_fresh(record, "s")
    assert not is_fresh(record, "other")
    (tmp_path / OURS[0]).write_text("altered")
    assert not is_fresh(record, "s")
