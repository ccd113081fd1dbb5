"""docs/python.md: every block of Python runs, and nothing public is left out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lungmet_worc
from lungmet_worc import Run, Study
from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.pipeline.compare import ComparedRuns
from tests.synthetic import read_rows, write_rows

DOCS = Path(__file__).parents[1] / "docs" / "python.md"
TEXT = DOCS.read_text("utf-8")


#: What a run has beside what its class says.
OF_RUNS = {"paths", *TABLES}


def public(part: type) -> set[str]:
    return {name for name in vars(part) if not name.startswith("_")}


def test_everything_public_is_there() -> None:
    # Of a study that is compared only what one asks for first.
    said = set(re.findall(r"\b(?:run|study|Study)\.(\w+)", TEXT))
    assert public(Run) | OF_RUNS <= said
    assert public(Study) <= said


def test_nothing_is_there_that_does_not_exist() -> None:
    for name in re.findall(r"\brun\.(\w+)", TEXT):
        assert name in public(Run) | OF_RUNS, name
    for name in re.findall(r"\bstudy\.(\w+)", TEXT.replace("study.toml", "")):
        assert name in public(Study), name
    for name in re.findall(r"\bjoined\.(\w+)", TEXT):
        assert name in public(ComparedRuns), name


def test_all_that_is_to_be_imported_is_there() -> None:
    (said,) = re.findall(r"`from lungmet_worc\s+import ([\w, ]+)`; it loads", TEXT)
    assert set(said.split(", ")) == set(lungmet_worc.__all__) - {"__version__"}
    assert all(hasattr(lungmet_worc, name) for name in lungmet_worc.__all__)


@pytest.mark.parametrize(
    "script",
    [
        "from lungmet_worc.errors import LungmetError\nfrom lungmet_worc.progress import Quiet",
        "LungmetError = lungmet_worc.errors.LungmetError\nQuiet = lungmet_worc.progress.Quiet",
    ],
)
def test_scripts_of_earlier_versions_find_what_they_import(script: str) -> None:
    same = "LungmetError is lungmet_worc.LungmetError and Quiet is lungmet_worc.Quiet"
    code = f"import lungmet_worc\n{script}\nassert {same}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.worc
@pytest.mark.slow
def test_every_block_runs(
    small_study: Path, small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(small_study.parent, tmp_path, dirs_exist_ok=True)
    shutil.copytree(small_run.paths.folder, tmp_path / "runs" / "my_study")
    names = {"lung_met": "lung_metastasis"}
    names |= {f"{kind}_mask": f"{kind}_segmentation" for kind in ("mri", "ct")}
    rows = read_rows(small_study.with_name("manifest.csv"))
    renamed = [{names.get(column, column): text for column, text in row.items()} for row in rows]
    write_rows(tmp_path / "patients.csv", renamed)
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 7
    for block in blocks:
        exec(compile(block, str(DOCS), "exec"), known)
    assert known["report"].ok
    assert known["same"].check(cores=1).ok
    assert (tmp_path / "features_codebook.csv").is_file()
    assert len(known["table"].values) == 20
