"""A misspelt name in a study file is one problem, whatever is missing because of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.cli import main
from lungmet_worc.study.study_file import load_study
from tests.synthetic import write_study


def causes(tmp_path: Path, old: str, new: str) -> dict[str, list[str]]:
    """Return column -> columns that it follows from, in a study file with a slip."""
    path = write_study(tmp_path / "manifest.csv", ["MRI"])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(StudyFileError) as caught:
        load_study(path)
    of = caught.value.causes
    return {each.column: [one.column for one in of.get(each, ())] for each in caught.value.problems}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("outcome =", "outcom =", {"study.outcom": [], "study.outcome": ["study.outcom"]}),
        ("[cohort]", "[cohrt]", {"cohrt": [], "cohort": ["cohrt"]}),
        (
            "image =", "imag =",
            {"modalities.MRI.imag": [], "modalities.MRI.image": ["modalities.MRI.imag"]},
        ),
        (
            "[modalities.MRI]", "[modalites.MRI]",
            {"modalites": [], "arms.MRI_only.modalities": ["modalites"]},
        ),
        ("outcome =", "nothing_alike =", {"study.nothing_alike": [], "study.outcome": []}),
    ],
)  # fmt: skip
def test_what_follows_from_a_misspelt_name(
    tmp_path: Path, old: str, new: str, expected: dict[str, list[str]]
) -> None:
    assert causes(tmp_path, old, new) == expected


def test_in_json_and_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    causes(tmp_path, "outcome =", "outcom =")
    path = str(tmp_path / "study.toml")
    assert main(["check", path, "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    follow = {each["column"]: each["follows_from"] for each in problems}
    first = [each["column"] for each in problems].index("study.outcom")
    assert follow == {"study.outcom": [], "study.outcome": [first]}
    assert main(["check", path]) == 1
    assert "Until this is mended: study.toml, key study.outcome" in capsys.readouterr().err
