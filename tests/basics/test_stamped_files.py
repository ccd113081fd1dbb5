"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.basics.stamped_files import half_written, replaced, write_text


def test_text_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_text(path, "one\n")
    write_text(path, "two\n")
    assert path.read_bytes() == b"two\n"
    assert [child.name for child in path.parent.iterdir()] == ["b.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "old")
    with pytest.raises(ValueError, match="on the way"), replaced(path) as partial:
        partial.write_text("half")
        message = "on the way"
        raise ValueError(message)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_leaves_tells_what_it_would_have_become(tmp_path: Path) -> None:
    with replaced(tmp_path / "run.json") as partial:
        partial.write_text("{}")
        assert half_written(partial.name) == "run.json"
    assert half_written("run.json") == ""
    assert half_written(".run.json.partial") == ""
