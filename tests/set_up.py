"""The scripts of ``tools/``, with made-up Pythons."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASH = shutil.which("bash") or "/bin/bash"


def make_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{BASH}\n{script}\n")
    path.chmod(0o755)
    return path


def find_python(
    wanted: str = "", *, path: Iterable[Path], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script where only the programs in the folders of ``path`` are there."""
    return subprocess.run(
        [BASH, str(ROOT / "tools" / "find_python"), wanted],
        env={"PATH": ":".join(map(str, path)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
