"""What outputs were made from: whole in the stamp, short in the record."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

FILE = sha256(b"image").hexdigest()


def test_hashes_of_files_are_kept_short(tmp_path: Path) -> None:
    made_from = {"image": FILE, "images": {"P1": FILE}, "patients": ["P1"], "label": None}
    stamp = content_hash(*made_from.values())
    task = Task(TaskKey("extraction", "CT", "P1"), "", "m:f", {}, tmp_path / "x", stamp, made_from)
    record = MadeFrom(tmp_path / "made_from.json")
    assert record.add([task])
    record.write()
    assert MadeFrom(record.path).of(stamp) == {
        "image": FILE[:16],
        "images": {"P1": FILE[:16]},
        "patients": ["P1"],
        "label": None,
    }
    assert FILE not in record.path.read_text()
