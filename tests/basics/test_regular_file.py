from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lungmet_worc.basics.regular_file import refuse_irregular
from lungmet_worc.display.language import language


def test_an_ordinary_file_and_a_link_to_one_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "link.csv").symlink_to("a.csv")
    assert refuse_irregular(tmp_path / "a.csv", "a.csv") is None
    assert refuse_irregular(tmp_path / "link.csv", "link.csv") is None


@pytest.mark.parametrize("name", ["missing", "a" * 5000, "nul\0", "loop"])
def test_what_cannot_be_looked_at_is_left_to_whoever_opens_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert refuse_irregular(tmp_path / name, name) is None


def test_other_kinds_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    os.mkfifo("fifo")
    Path("folder").mkdir()
    Path("link").symlink_to("fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        found = {
            name: problem
            for name in ("fifo", "folder", "link", "socket", "/dev/zero")
            if (problem := refuse_irregular(Path(name), f"data/{name}")) is not None
        }
    assert {name: str(problem.what) for name, problem in found.items()} == {
        "fifo": "This is a named pipe (FIFO), not a file.",
        "folder": "This is a folder, not a file.",
        "link": "This is a named pipe (FIFO), not a file.",
        "socket": "This is a socket, not a file.",
        "/dev/zero": "This is a device, not a file.",
    }
    assert found["fifo"].file == "data/fifo"
    assert language("nl").of(found["folder"].what) == "Dit is een map, geen bestand."
