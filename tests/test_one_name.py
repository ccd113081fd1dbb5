"""One name for a thing: all examples of the project call the columns of a manifest the same."""

from __future__ import annotations

import ast
import csv
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc.cli.demo_cohort import make_demo_cohort
from lungmet_worc.cli.experiment import Experiment

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "lungmet_worc" / "study" / "templates"

#: Modality -> image, segmentation; what README and all examples say.
COLUMNS_OF = {
    "MRI": ("mri_image", "mri_segmentation"),
    "CT": ("ct_image", "ct_segmentation"),
}
OUTCOME, ID = "lung_metastasis", "patient_id"

STUDY_FILES = [
    *(ROOT / "configs").glob("*.toml"),
    TEMPLATES / "study.toml",
    TEMPLATES / "demo.toml",
    ROOT / "experiments" / "sts_tcia" / "study.toml",
]


def readme(language: str) -> list[str]:
    """Return the blocks of code of a language in README and docs."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    pattern = rf"```{language}\n(.*?)```"
    return [b for t in texts for b in re.findall(pattern, t.read_text("utf-8"), re.DOTALL)]


def named(study: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        name: (table["image"], table["segmentation"])
        for name, table in study.get("modalities", {}).items()
    }


def is_of_the_set(study: dict[str, Any]) -> bool:
    same = all(COLUMNS_OF[name] == columns for name, columns in named(study).items())
    ids = study.get("cohort", {}).get("patient_id", ID)
    return same and (study["study"]["outcome"], ids) == (OUTCOME, ID)


@pytest.mark.parametrize("path", STUDY_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_study_files(path: Path) -> None:
    study = tomllib.loads(path.read_text("utf-8"))
    assert named(study)
    assert is_of_the_set(study)


def test_readme_and_docs() -> None:
    studies = [tomllib.loads(block) for block in readme("toml")]
    whole = [study for study in studies if "study" in study and "modalities" in study]
    assert whole
    assert all(is_of_the_set(study) for study in whole)
    tables = [block for block in readme("") if block.startswith(ID)]
    assert tables
    wanted = {ID, OUTCOME, *(column for both in COLUMNS_OF.values() for column in both)}
    for table in tables:
        assert wanted <= set(next(csv.reader(table.splitlines(), delimiter=";")))


def test_manifests_of_init_and_demo(tmp_path: Path) -> None:
    wanted = {ID, OUTCOME, *(column for both in COLUMNS_OF.values() for column in both)}
    demo = make_demo_cohort(tmp_path / "demo", n_patients=2).with_name("manifest.csv")
    for manifest in (TEMPLATES / "manifest.csv", demo):
        with manifest.open(newline="", encoding="utf-8") as file:
            assert wanted <= set(next(csv.reader(file)))


def test_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = [p for p in (ROOT / "experiments").glob("*.py") if "Experiment(" in p.read_text()]
    assert len(scripts) == 4
    for script in scripts:
        (arms,) = [
            ast.literal_eval(node.value)
            for node in ast.parse(script.read_text()).body
            if isinstance(node, ast.Assign)
        ]
        monkeypatch.setattr("sys.argv", [script.name])
        study = Experiment("Ask.", script.stem, arms).study().config
        found = {name: (m.image, m.segmentation) for name, m in study.modalities.items()}
        assert found == {name: COLUMNS_OF[name] for name in found}
        assert (study.outcome, study.cohort.patient_id) == (OUTCOME, ID)


def test_nothing_else_names_such_columns() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *TEMPLATES.iterdir()]
    files += [*(ROOT / "configs").iterdir(), *(ROOT / "experiments").rglob("*.py")]
    known = {column for both in COLUMNS_OF.values() for column in both}
    for path in files:
        text = path.read_text("utf-8")
        found = set(re.findall(r"\b(?:mri|ct)_(?:image|segmentation|mask|seg)\b", text))
        assert found <= known, path
