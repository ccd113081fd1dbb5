"""Missing, stale, fresh; hashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc.basics.stamped_files import read_stamp, write_stamped_text
from lungmet_worc.tasks.task import Task, TaskKey, TaskState, content_hash
from lungmet_worc.worc.storage import read_features, write_features


def make_task(output: Path, stamp: str = "new") -> Task:
    return Task(TaskKey("stage", arm="name"), "name", "module:function", {}, output, stamp)


def test_states_of_a_text_file(tmp_path: Path) -> None:
    task = make_task(tmp_path / "worc.ini")
    assert task.state() is TaskState.MISSING
    write_stamped_text(task.output, "[General]\n", stamp="old")
    assert task.state() is TaskState.STALE
    write_stamped_text(task.output, "[General]\n", stamp="new")
    assert task.state() is TaskState.FRESH


def test_states_of_a_feature_file(tmp_path: Path) -> None:
    task = make_task(tmp_path / "deep" / "P1.hdf5")
    write_features(task.output, [1.0, float("nan")], ["a", "b"], image_type="MR", stamp="old")
    assert task.state() is TaskState.STALE
    write_features(task.output, [1.0, 2.5], ["a", "b"], image_type="MR", stamp="new")
    assert task.state() is TaskState.FRESH
    assert read_features(task.output) == {"a": 1.0, "b": 2.5}


@pytest.mark.parametrize("name", ["x.hdf5", "x.ini", "x.json"])
def test_a_damaged_file_is_stale(tmp_path: Path, name: str) -> None:
    task = make_task(tmp_path / name)
    task.output.write_bytes(b"\x89HDF\r\n\x1a\n but not really \xff")
    assert read_stamp(task.output) is None
    assert task.state() is TaskState.STALE


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "P1.hdf5"
    write_features(path, [1.0], ["a"], image_type="MR", stamp="s")
    with pytest.raises(ValueError, match="text"):
        write_features(path, [2.0], ["a"], image_type=_Unprintable(), stamp="t")  # type: ignore[arg-type]
    assert read_features(path) == {"a": 1.0}
    assert list(tmp_path.iterdir()) == [path]


class _Unprintable:
    """What cannot be stored."""

    def __reduce__(self) -> tuple[object, ...]:
        message = "text"
        raise ValueError(message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_hashes_differ_when_values_do(first: object, second: object) -> None:
    assert content_hash(first) == content_hash(first)
    if repr(first) != repr(second) and first != second:
        assert content_hash(first) != content_hash(second)


def test_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert content_hash("ab", "c") != content_hash("a", "bc")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (TaskKey("fingerprint", "T1 CE"), "fingerprint/T1 CE"),
        (TaskKey("extraction", "CT", "a/b c"), "extraction/CT/a/b c"),
        (TaskKey("extraction", "CT", "S 0 12"), "extraction/CT/S 0 12"),
        (TaskKey("extraction", "CT", "12"), "extraction/CT/12"),
        (TaskKey("settings", arm="MRI and CT"), "settings/MRI and CT"),
        (TaskKey("harmonisation", "CT"), "harmonisation/CT"),
        (TaskKey("search", arm="MRI and CT", split=12), "search/MRI and CT/12"),
        (TaskKey("permutation", arm="b", split=0, permutation=7), "permutation/b/7/0"),
        (TaskKey("evaluation", arm="b"), "evaluation/b"),
    ],
)
def test_a_key_is_read_back_from_its_text(key: TaskKey, text: str) -> None:
    assert str(key) == text
    assert TaskKey.parse(text) == key


@pytest.mark.parametrize("text", ["search/b", "search/b/first", "permutation/b/0", "search/b/-1"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no task|shorter|invalid literal"):
        TaskKey.parse(text)
