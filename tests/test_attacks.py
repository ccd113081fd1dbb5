"""What somebody else's files may try: nothing in them is run, and nothing of the user's is touched.

Part 3 of the list: a folder from somebody else is data, not code. Each test is one attack; that
the attack works where nobody guards against it, is a test as well.
"""

from __future__ import annotations

import ast
import contextlib
import json
import logging
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.basics.control_characters import visible
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.stamped_files import STAMP, read_stamp, write_stamped_text, write_text
from lungmet_worc.checks.study import check_study
from lungmet_worc.cli import main
from lungmet_worc.display.csv_cells import as_written, inert
from lungmet_worc.display.formats import markdown
from lungmet_worc.display.table import Table
from lungmet_worc.display.table_files import csv_text, read_table
from lungmet_worc.display.workbook import workbook
from lungmet_worc.pipeline.export_files import script_text
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.pipeline.stages.search import SEARCH
from lungmet_worc.study.study_file import load_study
from lungmet_worc.study.worc_settings import to_ini
from lungmet_worc.tasks.engines.fastr.home import Home
from lungmet_worc.tasks.engines.processes import path_for_processes, safe_environment
from lungmet_worc.tasks.progress import Bars
from lungmet_worc.tasks.run_folder.log import logging_to
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc.storage import read_features, read_matrix, read_result
from tests.poison import WAYS, disguise, poison, read_as_pytables_does
from tests.synthetic import write_cohort, write_study

# --- A pickle in a file of a run folder ---------------------------------------------------------

RESULT: dict[str, Any] = {
    "train": ["P1"],
    "test": ["P2"],
    "outcome": [1],
    "posterior": [0.5],
    "predicted": [1],
    "candidates": [],
    "causes": {},
}
#: What we read of a file in HDF5, and what must stand before it to pass for ours.
READERS: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "features": (read_features, {"features": {"a": 1.0}}),
    "matrix": (read_matrix, {"index": ["P1"], "columns": ["a"], "data": [[1.0]]}),
    "result": (read_result, RESULT),
}


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_the_pickle_is_run_by_who_opens_the_file_as_hdf5(
    way: str, marks: Path, tmp_path: Path
) -> None:
    poison(tmp_path / "x.hdf5", [way], marks)
    read_as_pytables_does(tmp_path / "x.hdf5")
    assert [mark.name for mark in marks.iterdir()] == [way]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", READERS)
def test_no_pickle_is_run_in_a_file_that_passes_for_ours(
    kind: str, way: str, marks: Path, tmp_path: Path
) -> None:
    read, data = READERS[kind]
    path = tmp_path / "x.hdf5"
    poison(path, [way], marks)
    disguise(path, data, "s")
    assert read_stamp(path) == "s"
    read(path)
    assert list(marks.iterdir()) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", READERS)
def test_no_pickle_is_run_in_a_file_as_an_earlier_version_wrote_it(
    kind: str, way: str, marks: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.hdf5"
    poison(path, [way], marks)
    assert read_stamp(path) is None
    with pytest.raises(ResultsError, match=r"x\.hdf5 is damaged, or was written by an earlier"):
        READERS[kind][0](path)
    assert list(marks.iterdir()) == []


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "line",
    ["", "{", NESTED, "[]", "null", '{"features": {"a": "1"}}', '{"features": {"a": [1]}}',
     '{"index": ["P1"], "columns": ["a", "b"], "data": [[1.0]]}',
     json.dumps({**RESULT, "posterior": [{}]}), json.dumps({**RESULT, "train": None}),
     json.dumps({**RESULT, "candidates": 7})],
)  # fmt: skip
def test_data_of_another_shape_end_in_a_sentence(kind: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.hdf5"
    head = json.dumps({STAMP: "s", "size": 0}).replace(" 0}", " %07d}")
    content = f"{head % 0}\n{line}\n"
    path.write_text(content.replace("0000000", f"{len(content):07d}"), "utf-8")
    assert read_stamp(path) is None or read_stamp(path) == "s"
    with pytest.raises(ResultsError, match="is damaged"):
        READERS[kind][0](path)


def test_a_pipe_or_a_folder_in_place_of_a_result_has_no_stamp(tmp_path: Path) -> None:
    for suffix in ("hdf5", "json", "ini"):
        os.mkfifo(tmp_path / f"pipe.{suffix}")
        (tmp_path / f"folder.{suffix}").mkdir()
        assert read_stamp(tmp_path / f"pipe.{suffix}") is None
        assert read_stamp(tmp_path / f"folder.{suffix}") is None


def test_a_record_that_is_nested_too_deep_has_no_stamp(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(NESTED, "utf-8")
    assert read_stamp(tmp_path / "x.json") is None


@dataclass(frozen=True)
class Forged:
    """A run folder that passes for finished, with every kind of pickle in every HDF5 file."""

    study: Path
    folder: Path
    marks: Path


def _forge_file(task: Task, data: dict[str, Any], marks: Path) -> None:
    task.output.parent.mkdir(parents=True, exist_ok=True)
    poison(task.output, WAYS, marks)
    disguise(task.output, data, task.stamp)


def _forge(study: Path, folder: Path, marks: Path) -> Forged:
    """Write every output of a study with the right stamp, as who has the study can."""
    config = load_study(study)
    checked = check_study(config)
    paths = RunPaths(folder)
    plan = Plan(config, checked.cohort, checked.digests, paths)
    made: dict[str, list[Task]] = {"harmonisation": []}
    made["fingerprint"] = STAGES["fingerprint"].tasks(plan, made)
    for task in made["fingerprint"]:
        ini = to_ini(config.modality_settings(task.label))
        write_stamped_text(task.output, ini, stamp=task.stamp)
    for task in STAGES["settings"].tasks(plan, made):
        ini = to_ini(config.modality_settings("MRI"))
        write_stamped_text(task.output, ini, stamp=task.stamp)
    made["extraction"] = STAGES["extraction"].tasks(plan, made)
    for number, task in enumerate(made["extraction"]):
        name = "PREDICT_original_sf_volume"
        _forge_file(task, {"features": {name: 1.0 + number, "b": number % 3.0}}, marks)
    made["search"] = searches = SEARCH.tasks(plan, made)
    random = np.random.default_rng(0)
    for task in searches:
        arguments = task.arguments
        outcome = [arguments["outcomes"][name] for name in arguments["test"]]
        posterior = random.random(len(outcome)).tolist()
        predicted = [int(value > 0.5) for value in posterior]
        parts = {"train": arguments["train"], "test": arguments["test"], "outcome": outcome}
        result = {**RESULT, **parts, "posterior": posterior, "predicted": predicted}
        _forge_file(task, result, marks)
    for task in STAGES["evaluation"].tasks(plan, made):
        write_text(task.output, json.dumps({STAMP: task.stamp}))
    # The arm's matrix has the stamp of an earlier version: so the feature files are read.
    paths.matrix("MRI_only").parent.mkdir(parents=True, exist_ok=True)
    poison(paths.matrix("MRI_only"), WAYS, marks)
    tasks = {str(task.key): {"state": "done", "stamp": task.stamp} for task in searches}
    said = config.model_dump(mode="json", exclude={"path"})
    times = dict.fromkeys(("started", "begun", "finished"), "2026-11-24T07:00:00+00:00")
    state = {"study": said, "order": list(config.arms), "tasks": tasks, "partial": None, **times}
    write_state(paths, {**state, "cores": 1})
    return Forged(study, folder, marks)


@pytest.fixture(scope="module")
def forged_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest = write_cohort(tmp_path_factory.mktemp("study"), 16, ["MRI"])
    return write_study(manifest, ["MRI"], search="splits = 2", more="[statistics]\nbootstrap = 200")


@pytest.fixture(scope="module")
def forged(forged_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Forged:
    folder = tmp_path_factory.mktemp("forged")
    marks = tmp_path_factory.mktemp("marks")
    return _forge(forged_study, folder, marks)


def _commands(forged: Forged) -> dict[str, list[str]]:
    study, folder = str(forged.study), str(forged.folder)
    return {
        "status": ["status", folder],
        "compare": ["compare", folder, folder + "/."],
        "check": ["check", study, "--cores", "1"],
        "plan": ["plan", study, "--out", folder, "--cores", "1"],
    }


@pytest.mark.parametrize("name", ["status", "check", "plan"])
def test_no_command_runs_what_a_folder_brings(
    name: str, forged: Forged, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_commands(forged)[name]) == 0, capsys.readouterr().err
    assert list(forged.marks.iterdir()) == []
    if name == "plan":  # the attack came as far as it can: all of it passes for ours
        said = capsys.readouterr().out
        assert ["extraction", "16", "0", "0"] in [line.split()[:4] for line in said.splitlines()]
        assert ["search", "2", "0", "0"] in [line.split()[:4] for line in said.splitlines()]


def test_compare_runs_nothing_of_what_it_reads(
    forged: Forged, forged_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    other = _forge(forged_study, tmp_path / "other", marks)
    status = main(["compare", str(forged.folder), str(other.folder)])
    assert status == 0, capsys.readouterr().err
    assert "MRI only" in capsys.readouterr().out
    assert [*marks.iterdir(), *forged.marks.iterdir()] == []


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where something stands in JSON."""
    pairs = enumerate(value) if isinstance(value, list) else getattr(value, "items", list)()
    return [place, *(inner for key, each in pairs for inner in _places(each, (*place, key)))]


def _changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _changed(copy[place[0]], place[1:], new)
    return copy


def test_whatever_run_json_says_ends_in_a_sentence(
    forged: Forged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = json.loads(RunPaths(forged.folder).run_json.read_text("utf-8"))
    random, places = np.random.default_rng(0), _places(state)
    others: list[Any] = [None, 7, "x", [], {}, [1], {"a": 1}, -1, float("inf"), True]
    texts = [NESTED, "", "[" * 5, "\x00", "7"]
    for _ in range(150):
        place = places[random.integers(len(places))]
        texts.append(json.dumps(_changed(state, place, others[random.integers(len(others))])))
    for text in texts:
        RunPaths(tmp_path).run_json.write_text(text, "utf-8")
        status = main(["status", str(tmp_path)])
        said = capsys.readouterr().err
        assert status == 0 or (status == 1 and said.startswith("Error: ")), text[:2000] + said


def test_run_reads_back_a_whole_folder_and_runs_nothing(
    forged_study: Path, tmp_path: Path, marks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Features, results and settings pass for fresh: it makes the matrix and the report of them."""
    forged = _forge(forged_study, tmp_path / "run", marks)
    status = main(["run", str(forged.study), "--out", str(forged.folder), "--cores", "1"])
    assert status == 0, capsys.readouterr().err
    matrix = read_matrix(RunPaths(forged.folder).matrix("MRI_only"))
    assert matrix.shape == (16, 2)
    assert len(read_table(forged.folder / "tables" / "splits.csv", TABLES["splits"])) == 2
    assert list(marks.iterdir()) == []


def test_settings_of_fastr_that_lie_in_a_folder_are_not_used(tmp_path: Path) -> None:
    """fastr executes them, and every plugin that it finds."""
    planted = tmp_path / "fastr" / "config.d" / "00_evil.py"
    planted.parent.mkdir(parents=True)
    planted.touch()
    with pytest.raises(FileExistsError):
        Home(tmp_path / "fastr").make()


# --- A module in the working folder -------------------------------------------------------------


@pytest.fixture(scope="module")
def evil_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a module for each of Python's, and of others: each leaves a mark."""
    folder = tmp_path_factory.mktemp("evil")
    others = ("numpy", "pandas", "loky", "tqdm", "SimpleITK", "sklearn", "git")
    code = "import os\nopen(os.environ['MARK'], 'a').write(__name__ + '\\n')\n"
    for name in (*sys.stdlib_module_names, *others):
        (folder / f"{name}.py").write_text(code, "utf-8")
    (folder / "matplotlibrc").write_text("text.usetex: True\n", "utf-8")
    return folder


def _in(folder: Path, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MARK": str(folder / "mark"), **more}
    (folder / "mark").unlink(missing_ok=True)
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def _marked(folder: Path) -> set[str]:
    mark = folder / "mark"
    return set(mark.read_text("utf-8").split()) if mark.exists() else set()


def _imported_by_python_itself() -> set[str]:
    """Return what Python imports for any ``python -m`` before the program's first line."""
    code = "import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the command as it is installed: a script in the folder of Python's programs."""
    script = tmp_path_factory.mktemp("bin") / "lungmet"
    script.write_text("from lungmet_worc.cli import main\nraise SystemExit(main())\n", "utf-8")
    return str(script)


def test_a_module_of_the_folder_is_run_by_python_as_it_is(evil_folder: Path) -> None:
    _in(evil_folder, ["-c", "import random"])
    assert "random" in _marked(evil_folder)


@pytest.mark.parametrize("how", ["lungmet", "python -m lungmet_worc"])
def test_check_ignores_the_working_folder(
    how: str, command: str, evil_folder: Path, forged_study: Path
) -> None:
    """The check starts two processes, and what keeps account of their resources."""
    words = [command] if how == "lungmet" else how.split()[1:]
    done = _in(evil_folder, [*words, "check", str(forged_study), "--cores", "2"])
    assert done.returncode == 0, done.stderr
    assert "MRI_only" in done.stdout
    allowed = set() if how == "lungmet" else _imported_by_python_itself()
    assert _marked(evil_folder) <= allowed


def test_a_detached_run_ignores_the_working_folder(
    command: str, evil_folder: Path, forged_study: Path, tmp_path: Path, marks: Path
) -> None:
    forged = _forge(forged_study, tmp_path / "run", marks)
    words = [command, "run", str(forged_study), "--out", str(forged.folder), "--cores", "2"]
    for name in ("lungmet_worc", "__main__"):
        (evil_folder / f"{name}.py").write_text((evil_folder / "random.py").read_text("utf-8"))
    done = _in(evil_folder, [*words, "--only", "extraction", "--detach"])
    (evil_folder / "lungmet_worc.py").unlink()
    assert done.returncode == 0, done.stderr
    assert _marked(evil_folder) == set()


SCRIPT = """
import json, os, sys
from pathlib import Path
from lungmet_worc import Study
from lungmet_worc.tasks.engines.worker import Worker
import helper

worker = Worker(Path("scratch"), "lungmet_worc.worc.environment:set_up")
from lungmet_worc.tasks.engines.processes import starting_processes
with starting_processes():
    future = worker._pool.submit(eval, "__import__('sys').path")
found = future.result()
future = worker._pool.submit(eval, "__import__('os').environ.get('PYTHONSAFEPATH')")
print(json.dumps([sys.path, found, future.result(), os.environ.get("PYTHONSAFEPATH")]))
worker.stop()
"""


def test_a_users_script_imports_from_its_folder_and_our_processes_do_not(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("", "utf-8")
    script = tmp_path / "study.py"
    script.write_text(SCRIPT, "utf-8")
    done = _in(tmp_path, [str(script)])
    assert done.returncode == 0, done.stderr
    mine, theirs, safe, unchanged = json.loads(done.stdout)
    assert str(tmp_path.resolve()) in mine
    assert str(tmp_path.resolve()) not in theirs
    assert "" not in theirs
    assert (safe, unchanged) == ("1", None)


def test_an_empty_part_of_the_module_path_is_the_working_folder_and_goes(tmp_path: Path) -> None:
    assert safe_environment({"PYTHONPATH": ":/a::/b:"})["PYTHONPATH"] == "/a:/b"
    assert safe_environment({"PYTHONPATH": ":"})["PYTHONPATH"] == ""
    assert safe_environment({}) == {"PYTHONSAFEPATH": "1"}


def test_this_package_is_found_by_our_processes_wherever_it_lies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", ["", "/somewhere"])
    path = path_for_processes()
    assert path[0] == "/somewhere"
    assert (Path(path[-1]) / "lungmet_worc" / "__init__.py").is_file()


def test_settings_of_matplotlib_in_the_working_folder_change_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """matplotlib reads them when it is imported; TeX would run what is in a name."""
    from matplotlib import rc_context, rcParams

    from lungmet_worc.analyses import all_figures as figures

    seen: dict[str, Any] = {}
    monkeypatch.setattr(figures, "check_arms", lambda arms: None)
    monkeypatch.setattr(figures, "draw_all", lambda *arguments: seen.update(rcParams) or {})
    with rc_context({"text.usetex": True, "savefig.facecolor": "red"}):
        figures.write_all_figures(SimpleNamespace(arms=()), {}, tmp_path)  # type: ignore[arg-type]
        assert rcParams["text.usetex"]
    assert (seen["text.usetex"], seen["savefig.facecolor"]) == (False, "auto")
    assert seen["text.parse_math"] is False


def test_an_arm_that_is_named_as_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    """As somebody may write it into the run.json of a run that is compared."""
    from matplotlib.figure import Figure

    from lungmet_worc.display.figure_files import save
    from lungmet_worc.display.style import Drawing

    (tmp_path / "figures").mkdir()
    save(Drawing(Figure(), pd.DataFrame()), tmp_path / "figures", "roc_/../../x")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "roc__.._.._x.csv", "roc__.._.._x.png", "roc__.._.._x.svg",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]


# --- A name in a script -------------------------------------------------------------------------

NAMES = [
    r"C:\Users\me", 'a "quoted" name', "it's", '"""', "'''", "\\", "\\'", "line\nbreak", "$arm",
    "${name}", "{STUDY}", "\\N{BULLET}", "\x00", "\x1b[2J", "\u202e", "\udc80", "é", "#",
    "%(prog)s", '"); open("x", "w"); ("',
]  # fmt: skip


def _assigned(script: str) -> dict[str, Any]:
    """Return what the script assigns to names in capitals, without running it."""
    found = {}
    for node in ast.parse(script).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List):
            found[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    return found


def _check_script(study: str, arm: str, modality: str) -> None:
    script = script_text(study=study, arm=arm, name="x", modalities=[modality])
    found = _assigned(script)
    assert (found["STUDY"], found["ARM"], found["MODALITIES"]) == (study, arm, [modality])
    assert script.isascii()
    plain = script_text(study="s", arm="a", name="x", modalities=["m"])
    # Nothing but the literals differs.
    assert _shape(script) == _shape(plain)


def _shape(script: str) -> str:
    tree = ast.parse(script)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List):
            node.value = ast.Constant(None)
    return ast.dump(tree)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_exported_script_is_data(name: str) -> None:
    _check_script(name, name, name)


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text(), st.text())
def test_any_name_in_the_exported_script_is_data(study: str, arm: str, modality: str) -> None:
    _check_script(study, arm, modality)


# --- A name at the terminal ---------------------------------------------------------------------


@given(st.text(st.characters(codec=None, categories=None)))
def test_nothing_visible_gives_orders(text: str) -> None:
    shown = visible(text)
    orders = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert {unicodedata.category(c) for c in shown if c not in "\n\t"}.isdisjoint(orders)
    kept = "".join(c for c in text if unicodedata.category(c) not in orders or c in "\n\t")
    assert visible(kept) == kept


@pytest.mark.parametrize("codes", [range(32), range(127, 160), range(0x202A, 0x202F),
                                   range(0x2066, 0x206A), range(0xD800, 0xE000)])  # fmt: skip
def test_every_control_character_is_written_out(codes: range) -> None:
    for code in codes:
        if chr(code) not in "\n\t":
            assert visible(f"a{chr(code)}b") == f"a{ascii(chr(code))[1:-1]}b"


ORDER = "P\x1b[2J\x07\r\b\x9b\u202e"
SHOWN = r"P\x1b[2J\x07\r\x08\x9b\u202e"


def test_the_command_line_writes_control_characters_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", str(tmp_path / ORDER)]) == 1
    assert main(["check", str(tmp_path / ORDER)]) == 1
    with pytest.raises(SystemExit):
        main([ORDER])
    said = "".join(capsys.readouterr())
    assert said.count(SHOWN) >= 3
    assert ORDER[1] not in said
    assert "\u202e" not in said


def test_bars_and_log_write_control_characters_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = Bars()
    bars.start(SEARCH, 1, 0)
    bars.advance(ORDER)
    bars.note(ORDER)
    bars.finish()
    said = capsys.readouterr().err
    assert said.count(SHOWN) == 2
    assert "\x1b" not in said
    with logging_to(tmp_path / "log.txt"):
        logging.getLogger("lungmet_worc.x").warning("%s", ORDER)
    log = (tmp_path / "log.txt").read_text("utf-8")
    assert SHOWN in log
    assert "\x1b" not in log


# --- A name in a table --------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1", "x;=1+1", "'=1",
            "\uff1d1", "-A1", "\r=1"]  # fmt: skip
TEXTS = ["-5", "+31", "-0,5", "grade", "a-b", "it's", "'", "-", "", "P=1", "a@b.nl"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_csv_is_text(text: str) -> None:
    cell = inert(text)
    assert cell != text
    # Wherever a spreadsheet divides the line, no part begins as a formula.
    parts = cell.replace("\t", ";").replace("\r", ";").split(";")
    assert not any(part.startswith(tuple("=+-@\uff1d")) for part in parts)
    assert as_written(cell) == text


@pytest.mark.parametrize("text", TEXTS)
def test_what_computes_nothing_stays_as_it_is(text: str) -> None:
    assert inert(text) == text
    assert as_written(text) == text


@given(st.text("=+-@';\t\r\n5.,a \uff1d"))
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    assert as_written(inert(text)) == text


def test_a_patient_with_a_formula_for_an_id_is_read_back_from_the_table(tmp_path: Path) -> None:
    table = TABLES["patients"]
    # A cell of a manifest has no end of a line in it.
    ids = [text for text in FORMULAS if "\r" not in text] + ["-5"]
    rows = [["=HYPERLINK(1)", name, 1, 2, 0.5, 0.1, 1] for name in ids]
    frame = table.frame(rows)
    path = tmp_path / "patients.csv"
    path.write_text(csv_text(frame), "utf-8", newline="")
    text = path.read_text("utf-8")
    assert "'=HYPERLINK(1),'=1+1,1,2,0.5,0.1,1" in text
    assert "\n'=HYPERLINK(1),-5,1" in text
    pd.testing.assert_frame_equal(read_table(path, table), frame, check_dtype=False)


def test_no_text_in_a_workbook_is_a_formula(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    frame = pd.DataFrame({"=1+1": ["=1+1", "@x"], "n": [-1, 2]})
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook([(Table("s", "s", "=1+1", notes=("=1+1",)), frame)], "=1+1"))
    cells = [cell for row in load_workbook(path).worksheets[0] for cell in row]
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
    assert sum(cell.value == "=1+1" for cell in cells) == 4


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("[a](javascript:alert(1))", r"\[a\](javascript:alert(1))"),
        ("![seen](http://evil.example/x.png)", r"!\[seen\](http://evil.example/x.png)"),
        ("<b onclick=x>", r"\<b onclick=x\>"),
        ("&lt;P1~~", r"\&lt;P1\~\~"),
    ],
)
def test_a_name_is_no_link_and_no_image_in_markdown(name: str, written: str) -> None:
    """A viewer would fetch an image from whoever wrote the name, and so tell that it is read."""
    text = markdown(pd.DataFrame({"Patient": [name]}), "Patients")
    assert text.splitlines()[-1] == f"| {written} |"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_no_command_and_gets_no_file(closed: str, tmp_path: Path) -> None:
    """A file that gets the number of standard output holds what any library prints."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, pathlib, sys\n"
        "from lungmet_worc.basics.control_characters import visible_streams\n"
        "with visible_streams(), open(sys.argv[1], 'w') as file:\n"
        "    os.write(1, b'printed by a library'); os.write(2, b'and by another')\n"
        "    print('said'); print('said', file=sys.stderr)\n"
        "    file.write(str(file.fileno() > 2))\n",
        "utf-8",
    )
    words = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, str(script)]
    done = subprocess.run([*words, str(tmp_path / "file")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "file").read_text("utf-8") == "True"


def test_a_full_disk_behind_the_output_is_said(
    forged: Forged, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w", buffering=1, encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["status", str(forged.folder)]) == 3
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()
    assert (
        "Nothing more can be written, not even here: the disk is full." in capsys.readouterr().err
    )
