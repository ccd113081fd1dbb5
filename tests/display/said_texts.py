"""Collects every text that a person reads, from the source, and where its translations belong."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePath

import jinja2
from jinja2 import nodes

from lungmet_worc.display.measures import METRIC_NAMES
from lungmet_worc.report.checklists import texts as checklist_texts
from lungmet_worc.worc.errata import errata
from tests.rooms import ROOMS

PACKAGE = Path(__file__).parents[2] / "lungmet_worc"
SAY = "say"


@cache
def homes() -> dict[str, PurePath]:
    """Return every text, and the folder of the package whose catalogues hold it."""
    said = said_texts()
    # Names of measures, items of checklists and errata stand in tables, not in calls.
    tables = {
        "display/labels.py": METRIC_NAMES.values(),
        "report/checklists.py": checklist_texts(),
        "worc/errata.py": [erratum.text for erratum in errata()],
    }
    for file, texts in tables.items():
        for text in texts:
            said[text].add(PurePath(file))
    return {text: home(files) for text, files in said.items()}


def home(files: Iterable[PurePath]) -> PurePath:
    """Return the folder of a text that these modules say: their analysis, or their lowest room.

    A text of two rooms belongs to the lower one.
    """
    folders = {PurePath(*f.parent.parts[: 2 if f.parts[0] == "analyses" else 1]) for f in files}
    floors = {folder: ROOMS.index(folder.parts[0]) for folder in folders}
    lowest = [folder for folder in folders if floors[folder] == max(floors.values())]
    return lowest[0] if len(lowest) == 1 else PurePath(lowest[0].parts[0])


def said_texts(folder: Path = PACKAGE) -> dict[str, set[PurePath]]:
    """Return the texts handed to ``say``, ``later``, ``Sentence`` and the plurals of these.

    Each with the modules and templates that say it.
    """
    said: dict[str, set[PurePath]] = defaultdict(set)
    for path in [*folder.rglob("*.py"), *folder.rglob("*.j2")]:
        source = path.read_text(encoding="utf-8")
        calls = _calls(ast.parse(source)) if path.suffix == ".py" else _template_calls(source)
        for name, arguments in calls:
            for text in _texts(name, arguments):
                said[text].add(path.relative_to(folder))
    return said


def _calls(tree: ast.AST) -> Iterator[tuple[str, list[str | None]]]:
    """Yield name and arguments of each call: "say", "say.plural", "later", others as they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            parts = ast.unparse(node.func).split(".")
            name = ".".join(parts[-2:]) if parts[-1] == "plural" else parts[-1]
            yield name, [_literal(argument) for argument in node.args]


def _template_calls(source: str) -> Iterator[tuple[str, list[str | None]]]:
    for call in jinja2.Environment().parse(source).find_all(nodes.Call):
        values = [a.value if isinstance(a, nodes.Const) else None for a in call.args]
        yield _template_name(call.node), values


def _template_name(node: nodes.Expr) -> str:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(name: str, arguments: list[str | None]) -> set[str]:
    """Return the literal texts among the arguments of a call."""
    taken = {
        SAY: arguments[:1],
        "later": arguments[:1],
        f"{SAY}.plural": arguments[1:3],
        "Sentence": arguments[:1],
        "Sentence.plural": arguments[1:3],
    }
    return {text for text in taken.get(name, []) if isinstance(text, str)}
