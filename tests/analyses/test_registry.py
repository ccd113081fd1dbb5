"""What an analysis is: a folder whose parts are found by name."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc.analyses import all_tables, registry
from lungmet_worc.analyses.all_figures import draw_all
from lungmet_worc.analyses.registry import ANALYSES, ordered, parts
from lungmet_worc.display.language import language
from tests.analyses.made_up import made_up_results

FOLDER = Path(registry.__file__).parent
#: Parameters of each part, as the docstring of the registry has them.
PROMISED = {
    ("table", "tables"): ["results", "made"],
    ("figure", "figures"): ["results", "tables", "say"],
    ("section", "section"): ["material"],
    ("section", "methods"): ["context", "say", "cite"],
    ("section", "facts"): ["results"],
    ("check", "problems"): ["study", "manifest"],
    ("check", "columns"): ["study"],
}


def test_every_folder_with_a_part_is_listed() -> None:
    modules = ("table.py", "figure.py", "section.py", "check.py")
    folders = {path.parent.name for name in modules for path in FOLDER.glob(f"*/{name}")}
    assert folders == set(ANALYSES)


@pytest.mark.parametrize(("module", "name"), PROMISED)
def test_every_part_takes_what_it_is_given(module: str, name: str) -> None:
    found = parts(module, name)
    assert found
    for analysis, part in found.items():
        assert list(inspect.signature(part).parameters) == PROMISED[module, name], analysis


def test_every_figure_has_a_caption_and_every_caption_a_figure() -> None:
    results = made_up_results(2, 4)
    tables = all_tables.make_all_tables(results)
    drawn = {
        f"{name.partition('_')[0]}_" if "_" in name else name
        for name in draw_all(results, tables, language("en"))
    }
    captions = {name for each in parts("figure", "CAPTIONS").values() for name in each}
    assert captions == drawn | {"flow", "roc of one"}


def test_tables_that_are_made_are_those_listed() -> None:
    made: dict[str, pd.DataFrame] = {}
    for name, make in parts("table", "tables").items():
        new = make(made_up_results(2, 4), made)
        assert set(new) == {table.name for table in parts("table", "TABLES")[name]}
        made |= new


def test_a_new_table_is_the_last_sheet() -> None:
    assert ordered(["new", "b", "newer", "a"], ("a", "b")) == ["a", "b", "new", "newer"]


def test_a_check_brings_no_library_that_computes_or_draws() -> None:
    code = (
        "import sys; from lungmet_worc.analyses.registry import parts; parts('check', 'problems')"
    )
    code += "; assert not {'scipy', 'sklearn', 'matplotlib', 'WORC'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
