"""Collects every text that the report and the figures say in a language, from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import jinja2
from jinja2 import nodes

PACKAGE = Path(__file__).parents[2] / "lungmet_worc"
SAY = "say"


def said_texts(folder: Path = PACKAGE) -> set[str]:
    """Return the texts handed to ``say``, ``later``, ``Sentence`` and the plurals of these."""
    texts: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        for name, arguments in _calls(ast.parse(path.read_text(encoding="utf-8"))):
            texts.update(_texts(name, [_literal(argument) for argument in arguments]))
    for path in sorted(folder.rglob("*.j2")):
        template = jinja2.Environment().parse(path.read_text(encoding="utf-8"))
        for call in template.find_all(nodes.Call):
            values = [a.value if isinstance(a, nodes.Const) else None for a in call.args]
            texts.update(_texts(_template_name(call.node), values))
    return texts


def _calls(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield name and arguments of each call: "say", "say.plural", "later", others as they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            parts = ast.unparse(node.func).split(".")
            name = ".".join(parts[-2:]) if parts[-1] == "plural" else parts[-1]
            yield name, node.args


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
