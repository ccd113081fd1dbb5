"""The fastr engine on this machine and on Slurm: results, lost jobs, stops, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lungmet_worc.basics.errors import EngineError, FolderMovedError
from lungmet_worc.basics.held_folder import holding
from lungmet_worc.study.run_config import RunConfig
from lungmet_worc.tasks.engines import make_engine
from lungmet_worc.tasks.engines.fastr import home
from lungmet_worc.tasks.run_folder.leftovers import remove_tree
from lungmet_worc.tasks.task import Failure, Task, TaskResult
from lungmet_worc.worc.environment import SET_UP
from tests.faults.disturbed import Disturbed, leftovers, table_bytes
from tests.faults.small_studies import write_synthetic_study
from tests.tasks.engines.private_slurm import PrivateSlurm
from tests.tasks.engines.small_tasks import (
    break_pool_once,
    die_once,
    fail,
    leave,
    see_environment,
    take_long,
    task,
    write,
)

pytestmark = [pytest.mark.worc, pytest.mark.slow]

#: What a stopped run may leave behind it for this long, in seconds.
STOPS = 5.0

#: A job that did not start after this time never will, in seconds.
HANGS = 240.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a run folder whose name needs quoting everywhere."""
    folder = tmp_path / "a run, 50%j of \u00e9"
    (folder / "scratch").mkdir(parents=True)
    return folder


def settings(plugin: str = "ProcessPoolExecution", **more: object) -> RunConfig:
    return RunConfig.model_validate({"engine": "fastr", "plugin": plugin, "cores": 2, **more})


def run(
    folder: Path, tasks: list[Task], run_settings: RunConfig | None = None
) -> dict[str, TaskResult]:
    with make_engine(
        run_settings or settings(), cores=2, folder=folder / "scratch", set_up=SET_UP
    ) as engine:
        return {result.task.label: result for result in engine.run(tasks)}


def wait_for(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def processes_of(folder: Path) -> Iterator[psutil.Process]:
    """Yield every process that works for a run folder."""
    for process in psutil.process_iter():
        try:
            known = process.environ().get("FASTRHOME", "").startswith(str(folder))
            if known and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            continue


def test_tasks_of_lost_jobs_are_tried_again_and_failures_have_a_cause(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENT_SECRET", "a name")
    tasks = [
        task(folder, "environment", see_environment),
        task(folder, "wrong", fail),
        task(folder, "killed", die_once),
        task(folder, "left", leave),
        task(folder, "good", write),
    ]
    results = run(folder, tasks)
    assert {name: result.done for name, result in results.items()} == {
        "environment": True,
        "wrong": False,
        "killed": True,
        "left": False,
        "good": True,
    }
    assert results["wrong"].error == "ValueError: wrong"
    assert "in fail" in results["wrong"].traceback
    assert results["left"].failure is Failure.DIED
    assert "(exit code 7)" in results["left"].error
    assert results["left"].error.endswith("It was tried twice.")
    _, home, names = (folder / "environment.txt").read_text("utf-8").splitlines()
    assert Path(home).is_relative_to(folder / "scratch")
    assert "PATIENT_SECRET" not in names.split()


def test_jobs_that_never_start_stop_the_run_and_exclude_no_patient(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the machines that run jobs do not see the program."""
    monkeypatch.setattr("lungmet_worc.tasks.engines.fastr.home.TOOLS", _without_script(folder))
    with pytest.raises(EngineError, match="before a task was started, by ProcessPoolExecution"):
        run(folder, [task(folder, "a", write)])


def _without_script(folder: Path) -> Path:
    """Return a copy of the tools that lacks what they run."""
    tools = folder / "tools"
    shutil.copytree(home.TOOLS, tools, ignore=shutil.ignore_patterns("*.py"))
    return tools


def test_a_killed_process_of_the_pool_does_not_hang_the_run(folder: Path) -> None:
    tasks = [task(folder, "breaks", break_pool_once), *(task(folder, n, write) for n in "abc")]
    results = run(folder, tasks)
    assert sorted(results) == ["a", "b", "breaks", "c"]
    assert all(result.done for result in results.values())
    assert (folder / "breaks.txt.tried").exists()


def test_a_run_that_is_stopped_leaves_no_process(folder: Path) -> None:
    tasks = [task(folder, "long", take_long)]
    with make_engine(settings(), cores=2, folder=folder / "scratch", set_up=SET_UP) as engine:
        results = engine.run([*tasks, task(folder, "short", write)])
        assert next(results).task.label == "short"
        wait_for((folder / "long.txt.started").exists)
        results.close()  # type: ignore[attr-defined]  # as an exception in the loop does
    _, alive = psutil.wait_procs(list(processes_of(folder)), STOPS)
    assert alive == []


def test_a_run_folder_that_is_renamed_stops_the_engine(folder: Path) -> None:
    tasks = [task(folder, "long", take_long), task(folder, "short", write)]
    renamed = folder.with_name("renamed, 50%j")
    with (
        pytest.raises(FolderMovedError),
        holding(folder),
        make_engine(settings(), cores=2, folder=folder / "scratch", set_up=SET_UP) as engine,
    ):
        for result in engine.run(tasks):
            assert result.task.label == "short"
            wait_for((folder / "long.txt.started").exists)
            folder.rename(renamed)
    assert not folder.exists()
    assert (renamed / "short.txt").exists()
    _, alive = psutil.wait_procs([*processes_of(folder), *processes_of(renamed)], STOPS)
    assert alive == []


def test_jobs_end_with_a_main_process_that_was_killed(folder: Path) -> None:
    engine = start_in_a_process(folder, settings(), "take_long")
    wait_for((folder / "task.txt.started").exists)
    assert list(processes_of(folder))
    engine.kill()
    engine.wait()
    wait_for(lambda: not list(processes_of(folder)))


def start_in_a_process(
    folder: Path, run_settings: RunConfig, function: str
) -> subprocess.Popen[bytes]:
    """Start an engine that runs one task in another process."""
    script = (
        "import sys, json; from pathlib import Path; from tests.tasks.engines import small_tasks\n"
        "from tests.tasks.engines.test_fastr_engine import run\n"
        "from lungmet_worc.study.run_config import RunConfig\n"
        "folder = Path(sys.argv[1])\n"
        "task = small_tasks.task(folder, 'task', getattr(small_tasks, sys.argv[3]))\n"
        "run(folder, [task], RunConfig.model_validate(json.loads(sys.argv[2])))\n"
    )
    words = [str(folder), json.dumps(run_settings.model_dump(mode="json")), function]
    return subprocess.Popen([sys.executable, "-c", script, *words], start_new_session=True)


def test_unknown_plugins_and_those_that_cannot_be_used_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineError, match='Did you mean "ProcessPoolExecution"') as refused:
        run(folder, [task(folder, "a", write)], settings("ProcesPoolExecution"))
    assert refused.value.exit_code == 1
    with pytest.raises(EngineError, match="RQExecution is not supported"):
        run(folder, [task(folder, "a", write)], settings("RQExecution"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError, match="SlurmExecution cannot be used here"):
        run(folder, [task(folder, "a", write)], settings("SlurmExecution"))


def test_a_study_has_the_same_tables_as_with_the_local_engine(
    tmp_path: Path, tables: dict[str, bytes]
) -> None:
    study = write_synthetic_study(tmp_path, '[run]\nengine = "fastr"')
    assert tables_of(study, tmp_path / "a run") == tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the tables of the small study with the local engine."""
    folder = tmp_path_factory.mktemp("local")
    return tables_of(write_synthetic_study(folder), folder / "run")


def tables_of(study: Path, folder: Path) -> dict[str, bytes]:
    process = Disturbed.start(study, folder)
    assert process.wait() == 0, process.text()
    assert leftovers(folder) == []
    return table_bytes(folder)


@pytest.fixture
def in_slurm(slurm: PrivateSlurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateSlurm]:
    """Return a private Slurm that this process and what it starts use."""
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    yield slurm
    slurm.run("scancel", "--state=PENDING", "--me", check=False)
    slurm.run("scancel", "--me", check=False)


SLURM = settings("SlurmExecution", memory="1 GB")


@pytest.mark.slurm
def test_slurm_gives_the_same_tables(
    in_slurm: PrivateSlurm, tmp_path: Path, tables: dict[str, bytes]
) -> None:
    more = '[run]\nengine = "fastr"\nplugin = "SlurmExecution"\ncores = 2\nmemory = "1 GB"'
    study = write_synthetic_study(tmp_path, more)
    assert tables_of(study, tmp_path / "a run, 50%j of \u00e9") == tables


@pytest.mark.slurm
def test_jobs_of_slurm_go_on_while_its_controller_is_away(
    in_slurm: PrivateSlurm, folder: Path
) -> None:
    engine = start_in_a_process(folder, SLURM, "take_time")
    wait_for((folder / "task.txt.started").exists)
    in_slurm.stop_controller()
    time.sleep(8)  # fastr asks Slurm every 5 s
    in_slurm.start_controller()
    assert engine.wait(HANGS) == 0
    assert (folder / "task.txt.ended").read_text() == "x"


@pytest.mark.slurm
def test_jobs_of_a_killed_run_are_cancelled_by_the_next(
    in_slurm: PrivateSlurm, folder: Path
) -> None:
    engine = start_in_a_process(folder, SLURM, "take_long")
    wait_for((folder / "task.txt.started").exists)
    os.killpg(engine.pid, signal.SIGKILL)
    engine.wait()
    assert "RUNNING" in in_slurm.jobs().values()
    notes: list[str] = []
    # As a run does before it begins, while the job still writes there.
    remove_tree(folder / "scratch")
    with make_engine(SLURM, cores=2, folder=folder / "scratch", set_up=SET_UP, note=notes.append):
        assert "RUNNING" not in in_slurm.jobs().values()
    assert notes == ["1 job of an earlier run of this folder was cancelled."]


@pytest.mark.slurm
def test_jobs_that_slurm_does_not_take_stop_the_run(in_slurm: PrivateSlurm, folder: Path) -> None:
    with pytest.raises(EngineError, match="takes no jobs: Memory specification") as refused:
        run(folder, [task(folder, "a", write)], settings("SlurmExecution", memory="900 GB"))
    assert "[run] memory" in refused.value.message


@pytest.mark.slurm
def test_a_run_in_slurm_that_is_stopped_leaves_no_job(in_slurm: PrivateSlurm, folder: Path) -> None:
    tasks = [task(folder, "long", take_long), task(folder, "short", write)]
    with make_engine(SLURM, cores=2, folder=folder / "scratch", set_up=SET_UP) as engine:
        results = engine.run(tasks)
        assert next(results).task.label == "short"
        wait_for((folder / "long.txt.started").exists)
    wait_for(lambda: not set(in_slurm.jobs().values()) & {"RUNNING", "PENDING", "COMPLETING"})
    shutil.rmtree(folder / "scratch")
