"""Features kept for other runs: what is taken, what is not, and whose folder it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lungmet_worc import Study
from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.pipeline.feature_store import MARK, FeatureStore
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state
from lungmet_worc.tasks.task import Task, TaskKey, TaskState
from lungmet_worc.worc.storage import read_features, write_features
from tests.synthetic import write_cohort, write_study

STAMP = "0123456789abcdef" * 2


def extraction(folder: Path, patient: str = "P1", stamp: str = STAMP) -> Task:
    digests = [("i.nii", "aa", "image"), ("m.nii", f"bb{patient}", "mask")]
    return Task(
        key=TaskKey("extraction", "MRI", patient),
        label=f"{patient} MRI",
        function="lungmet_worc.worc.extraction:extract",
        arguments={"inputs": digests},
        output=folder / f"{patient}.hdf5",
        stamp=stamp,
    )


def done(task: Task, value: float = 1.5) -> Task:
    task.output.parent.mkdir(exist_ok=True, parents=True)
    write_features(task.output, [value], ["f"], image_type="MR", stamp=task.stamp)
    return task


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """Return a store that has the features of one patient."""
    store = FeatureStore(tmp_path / "store").open()
    assert store.add([done(extraction(tmp_path / "first"))]) == 1
    return store


def kept(store: FeatureStore) -> Path:
    (path,) = (path for path in store.folder.iterdir() if path.name != MARK)
    return path


def test_what_one_run_adds_another_takes(store: FeatureStore, tmp_path: Path) -> None:
    task, other = extraction(tmp_path / "second"), extraction(tmp_path / "second", "P2", "f" * 32)
    again = FeatureStore(store.folder).open()
    assert (again.has(task), again.has(other)) == (True, False)
    assert again.knows_images(task)
    assert not again.knows_images(other)
    assert again.take([task, other]) == [task]
    assert task.state() is TaskState.FRESH
    assert read_features(task.output) == {"f": 1.5}
    assert not other.output.exists()
    # A copy: whatever befalls one leaves the other as it is.
    task.output.write_bytes(b"")
    assert extraction(tmp_path / "first").state() is TaskState.FRESH
    assert FeatureStore(store.folder).open().take([task]) == [task]
    assert not list(tmp_path.rglob("*.partial*"))


def test_other_images_or_settings_have_another_stamp(store: FeatureStore, tmp_path: Path) -> None:
    assert store.take([extraction(tmp_path / "second", stamp="e" * 32)]) == []


def test_only_what_is_fresh_is_kept_and_once(store: FeatureStore, tmp_path: Path) -> None:
    stale = done(extraction(tmp_path / "stale", stamp="a" * 32))
    as_planned = extraction(tmp_path / "stale", stamp="b" * 32)
    missing = extraction(tmp_path / "nowhere", stamp="c" * 32)
    assert store.add([as_planned, missing]) == 0
    assert store.add([stale]) == 1
    assert FeatureStore(store.folder).open().add([stale]) == 0


def garbled(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-100] + bytes(255 - byte for byte in content[-100:]))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_another_stamp(path: Path) -> None:
    """Put sound features of another extraction under the name that is asked for."""
    foreign = done(extraction(path.parent.parent / "foreign", stamp="d" * 32), 9.0).output
    content = foreign.read_bytes()
    from lungmet_worc.pipeline.feature_store import _digest

    first = path.name.rpartition("-")[0]
    path.unlink()
    (path.parent / f"{first}-{_digest(content)}.hdf5").write_bytes(content)


def no_features(path: Path) -> None:
    from lungmet_worc.pipeline.feature_store import _digest

    first = path.name.rpartition("-")[0]
    path.unlink()
    (path.parent / f"{first}-{_digest(b'x')}.hdf5").write_bytes(b"x")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    """Make a symbolic link of it; what it leads to is not the store's."""
    elsewhere = path.parent.parent / "elsewhere.hdf5"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil", [garbled, emptied, of_another_stamp, no_features, fifo, link, folder, Path.unlink]
)
def test_what_is_not_as_written_is_not_taken(
    spoil, store: FeatureStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = FeatureStore(store.folder).open()
    spoil(kept(store))
    task = extraction(tmp_path / "second")
    for each in (known, FeatureStore(store.folder).open()):
        assert each.take([task]) == []
    assert not task.output.exists()
    assert not list(tmp_path.rglob("*.partial*"))
    assert "feature store" in caplog.text


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunFolderError, match=r"it holds notes\.txt"):
        FeatureStore(tmp_path).open()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="feature_store in"):
        FeatureStore(tmp_path / "file" / "store").open()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    task = extraction(tmp_path)
    assert not FeatureStore(tmp_path / "store").look().has(task)
    assert not (tmp_path / "store").exists()


def stored_study(folder: Path, more: str = "") -> Study:
    manifest = write_cohort(folder, 8, ["CT"])
    run = f'[run]\nfeature_store = "kept"\n{more}'
    return Study.from_toml(write_study(manifest, ["CT"], search="splits = 2", more=run))


def test_the_store_is_beside_the_study_and_off_without_the_key(tmp_path: Path) -> None:
    assert stored_study(tmp_path).config.run.feature_store == tmp_path / "kept"
    plain = Study.from_toml(write_study(tmp_path / "manifest.csv", ["CT"]))
    assert plain.config.run.feature_store is None


@pytest.mark.worc
@pytest.mark.slow
def test_a_variant_of_a_study_extracts_nothing(tmp_path: Path) -> None:
    first = stored_study(tmp_path / "study").run(tmp_path / "one", only="extraction", cores=1)
    assert first.digest().from_store == 0
    variant = Study.from_toml(
        write_study(
            tmp_path / "study" / "manifest.csv",
            ["CT"],
            search="splits = 3\ncandidates = 7\nseed = 5",
            more='[run]\nfeature_store = "kept"',
        )
    )
    planned = variant.plan(tmp_path / "two")
    assert planned.images_stored == 8
    assert "features of the images of 8 extractions" in planned.to_text()
    assert not (tmp_path / "two").exists()
    second = variant.run(tmp_path / "two", only="extraction", cores=1)
    assert second.digest().from_store == 8
    assert "8 feature files were taken from the feature store." in second.digest().to_text()
    tasks = read_state(second.paths)["tasks"]
    extracted = [key for key, entry in tasks.items() if "seconds" in entry]
    assert [key for key in extracted if key.startswith("extraction/")] == []
    for patient in ("P1", "P8"):
        files = [RunPaths(tmp_path / run).features("CT", patient) for run in ("one", "two")]
        assert read_features(files[0]) == read_features(files[1])
    # Where WORC has looked at the images, the plan knows the stamps.
    for path in (tmp_path / "two" / "features" / "CT").glob("*.hdf5"):
        path.unlink()
    planned = variant.plan(tmp_path / "two")
    assert [
        (s.missing, s.stored, s.seconds) for s in planned.stages if s.stage == "extraction"
    ] == [(8, 8, 0)]
    assert "8 of the features to extract are taken from the feature store." in planned.to_text()
    # Nothing in the run folder says where the store lies.
    assert str(tmp_path / "study") not in (tmp_path / "two" / "run.json").read_text()
    assert (
        json.loads((tmp_path / "two" / "run.json").read_text())["study"]["run"]["feature_store"]
        == "kept"
    )


def test_where_the_store_is_decides_no_stamp(tmp_path: Path) -> None:
    with_store = stored_study(tmp_path).config
    run = with_store.run.model_copy(update={"feature_store": None})
    without = with_store.model_copy(update={"run": run})
    assert with_store.modality_settings("CT") == without.modality_settings("CT")
    dumps = [
        study.model_dump(mode="json", exclude={"path": True, "run": True})
        for study in (with_store, without)
    ]
    assert dumps[0] == dumps[1]
