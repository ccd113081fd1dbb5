"""Records of files that were written together."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.tasks.run_folder.record import is_fresh, write_record


@pytest.fixture
def record(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    files = [tmp_path / "tables/a.csv", tmp_path / "report.html"]
    for path in files:
        path.write_text(path.name)
    write_record(tmp_path / "record.json", files, stamp="now")
    return tmp_path / "record.json"


def test_fresh_while_nothing_changes(record: Path) -> None:
    assert is_fresh(record, "now")
    (record.parent / "tables/of_somebody_else.csv").touch()
    assert is_fresh(record, "now")


def test_another_stamp(record: Path) -> None:
    assert not is_fresh(record, "then")


def test_no_record(record: Path) -> None:
    record.unlink()
    assert not is_fresh(record, "now")


@pytest.mark.parametrize("name", ["tables/a.csv", "report.html"])
def test_a_changed_or_missing_file(record: Path, name: str) -> None:
    path = record.parent / name
    whole = path.read_bytes()
    path.write_bytes(whole[::-1])
    assert not is_fresh(record, "now")
    path.write_bytes(whole)
    assert is_fresh(record, "now")
    path.unlink()
    assert not is_fresh(record, "now")


@pytest.mark.parametrize(
    "rest", ["", ', "files": 3', ', "files": []', ', "files": ["a"]', ', "files": {"a": 1}', "}"]
)
def test_a_record_of_another_shape(record: Path, rest: str) -> None:
    record.write_text(f'{{"lungmet_stamp": "now"{rest}}}')
    assert not is_fresh(record, "now")


def test_the_record_can_be_moved_and_names_no_folder(record: Path, tmp_path: Path) -> None:
    assert str(tmp_path) not in record.read_text()
    moved = record.parent.rename(tmp_path.with_name(f"{tmp_path.name}_moved"))
    assert is_fresh(moved / record.name, "now")
