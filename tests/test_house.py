"""The house: rooms import only downwards, in the order that ARCHITECTURE.md states."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lungmet_worc
from tests.rooms import ROOMS, rooms_of

PACKAGE = Path(lungmet_worc.__file__).parent
NAME = PACKAGE.name

#: What only worc/ may import, and the one module beside it that runs in fastr's own process.
WORC_LIBRARIES = {"WORC", "PREDICT", "radiomics", "fastr"}
PROCESS_OF_FASTR = "tasks.engines.fastr.network"

#: What neither `import lungmet_worc` nor `lungmet --help` waits for.
HEAVY = {"WORC", "PREDICT", "fastr", "matplotlib", "pandas", "numpy"}


def modules() -> dict[str, Path]:
    """Return name -> file of each module; a folder without ``__init__.py`` holds none of ours."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        inside = file.relative_to(PACKAGE)
        folders = [PACKAGE / folder for folder in inside.parents]
        if all((folder / "__init__.py").exists() for folder in folders):
            parts = inside.with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


#: A text that is imported later: a task of ours, a module of WORC's libraries.
_NAMED = re.compile(rf"{NAME}(\.\w+)+:\w+|({'|'.join(WORC_LIBRARIES)})(\.\w+)+")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, wherever in it, texts that name what to import among it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "an import is written in full"
            assert not node.level, "an import is written in full"
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Constant) and _NAMED.fullmatch(str(node.value)):
            yield node.value.replace(":", ".")


def module_of(name: str) -> str | None:
    """Return the module of ours that an imported name is or lies in; None if it is of a library."""
    if name.partition(".")[0] != NAME:
        return None
    inside = name.partition(".")[2]
    while inside not in MODULES:
        inside = inside.rpartition(".")[0]
    return inside


#: Module -> what it imports, in full.
IMPORTS = {
    name: set(imported(ast.parse(file.read_text("utf-8")))) for name, file in MODULES.items()
}
#: Module -> the modules of ours that it imports. The top of the package counts for none: it is
#: loaded before any of them, and all that it loads itself is the version.
ARROWS = {
    name: {module for each in of if (module := module_of(each))} - {name}
    for name, of in IMPORTS.items()
}


def room(module: str) -> str:
    return module.partition(".")[0]


def upward() -> set[tuple[str, str]]:
    floors = {name: floor for floor, name in enumerate(ROOMS)}
    return {
        (above, below)
        for above, others in ARROWS.items()
        for below in others
        if room(above) in floors and floors[room(above)] > floors[room(below)]
    }


def test_the_map_is_read_from_its_block() -> None:
    document = "a/ b\n```\nx/ y\n```\ntext\n```text\ncli/   one\nbasics/ two\n\n```\nz/\n"
    assert rooms_of(document) == ["cli", "basics"]


def test_each_folder_is_a_room_and_each_room_a_folder() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(ROOMS)
    older_scripts = {"errors", "progress"}
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__"} | older_scripts


def test_rooms_import_only_downwards() -> None:
    assert sorted(upward()) == []


def test_modules_import_each_other_in_no_circle() -> None:
    left = {name: others - {""} for name, others in ARROWS.items() if name}
    before: set[str] = set()
    while before != left.keys():
        before = set(left)
        # No circle goes through what imports nothing, or is imported by nothing.
        used = set().union(*left.values())
        left = {
            name: others & before
            for name, others in left.items()
            if others & before and name in used
        }
    assert left == {}


def test_only_worc_and_the_process_of_fastr_import_worc() -> None:
    libraries = {
        name: {each.partition(".")[0] for each in of} & WORC_LIBRARIES
        for name, of in IMPORTS.items()
    }
    using = {name for name, found in libraries.items() if found and room(name) != "worc"}
    assert using == {PROCESS_OF_FASTR}


def test_files_are_written_atomically_in_one_place() -> None:
    sources = {name: file.read_text("utf-8") for name, file in MODULES.items()}
    assert {name for name, text in sources.items() if "fsync" in text} == {"basics.stamped_files"}


@pytest.mark.parametrize(
    "code",
    [
        "import lungmet_worc",
        "import runpy; sys.argv = ['lungmet', '--help']; sys.stdout = None\n"
        "try: runpy.run_module('lungmet_worc', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "sys.stdout = sys.__stdout__",
    ],
    ids=["import", "help"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    code = f"import sys; {code}\nprint(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
