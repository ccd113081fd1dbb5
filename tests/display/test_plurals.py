"""One is not called several: no message says "1 patients", nor "patient(s)"."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from lungmet_worc.basics.sentences import Sentence

PACKAGE = Path(__file__).parents[2] / "lungmet_worc"


def literals(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_no_text_leaves_the_number_to_the_reader() -> None:
    for path in PACKAGE.rglob("*.py"):
        found = [text for text in literals(path) if re.search(r"[a-z]\(s\)", text)]
        assert found == [], path


def test_a_plural_has_a_word_for_one() -> None:
    """Both texts of a plural name the same thing, and only the second in its plural."""
    checked = 0
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(
                "Sentence.plural"
            ):
                continue
            if any(isinstance(argument, ast.Starred) for argument in node.args):
                continue
            one, many = (argument for argument in node.args[1:3])
            assert isinstance(one, ast.Constant)
            assert isinstance(many, ast.Constant)
            assert one.value != many.value, one.value
            checked += 1
    assert checked >= 5


def test_one_and_several() -> None:
    texts = ("{n} problem.", "{n} problems.")
    assert Sentence.plural(1, *texts) == "1 problem."
    assert [Sentence.plural(n, *texts) for n in (0, 2)] == ["0 problems.", "2 problems."]
