"""Measure what comes after the searches, over synthetic splits of a grid of sizes.

Each cell of the grid runs in new processes: one evaluates the arms as a worker does, one writes
tables, figures and report. The numbers to read are the growth; the machine may be shared.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.tasks.task import Task

ARMS = {"MRI": ("MRI",), "CT": ("CT",), "combined": ("MRI", "CT")}
AXES = ("patients", "splits", "candidates")
#: Module and function of each part that is timed within its process.
PARTS = {
    "evaluation": {
        "evaluation: reading": ("lungmet_worc.worc.evaluation", "read_result"),
    },
    "report": {
        "report: reading": ("lungmet_worc.analyses.read_results", "read_result"),
        "tables": ("lungmet_worc.analyses.performance.table", "tables"),
        "comparison": ("lungmet_worc.analyses.comparison.table", "compare_arms"),
        "files of the tables": ("lungmet_worc.analyses.all_tables", "write_table"),
        "figures": ("lungmet_worc.pipeline.results", "write_all_figures"),
        "report page": ("lungmet_worc.pipeline.results", "write_report"),
    },
}


def main() -> None:
    """Print seconds of processor time and peak memory of each cell, and how both grow."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[50, 500, 1500])
    parser.add_argument("--splits", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--candidates", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--plain", action="store_true", help="leave WORC's function as it is")
    parser.add_argument("--keep", type=Path, help="keep the run folder of the last cell here")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments)
        return
    cells: dict[tuple[int, ...], dict[str, float]] = {}
    for sizes in itertools.product(*(sorted(getattr(arguments, axis)) for axis in AXES)):
        with tempfile.TemporaryDirectory() as folder:
            cells[sizes] = measure(sizes, arguments.keep or Path(folder), plain=arguments.plain)
        if len(cells) == 1:
            heads = [*AXES, *cells[sizes]]
            print(line(heads), line(["---:"] * len(heads)), sep="\n")
        print(line([*map(str, sizes), *(f"{v:.2f}" for v in cells[sizes].values())]), flush=True)
    for axis in AXES:
        print_growth(axis, cells)


def measure(sizes: Sequence[int], folder: Path, *, plain: bool) -> dict[str, float]:
    """Make the splits of a cell, evaluate and report them, each in a process of its own."""
    measured: dict[str, float] = {}
    for step in ("make", *PARTS):
        command = [sys.executable, __file__, "--child", step, "--keep", str(folder)]
        for axis, size in zip(AXES, sizes, strict=True):
            command += [f"--{axis}", str(size)]
        command += ["--plain"] if plain else []
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        measured |= json.loads(answer.splitlines()[-1])
    return measured


def child(arguments: argparse.Namespace) -> None:
    """Do one step of a cell and print what was measured as JSON."""
    from lungmet_worc.pipeline.stages import tasks_of
    from lungmet_worc.worc import environment

    folder: Path = arguments.keep
    patients, splits, candidates = (getattr(arguments, axis)[0] for axis in AXES)
    plan = make_plan(folder, patients, splits, accelerate=not arguments.plain)
    searches = tasks_of(plan)["search"]
    if arguments.child == "make":
        write_splits(plan, searches, candidates)
        print("{}")
        return
    if arguments.child == "evaluation":
        environment.set_up(folder / "scratch")
    with clocked(PARTS[arguments.child]) as seconds:
        started = time.process_time()
        if arguments.child == "evaluation":
            evaluate_arms(plan, searches)
        else:
            write_report(plan, searches)
        total = time.process_time() - started
    seconds[f"{arguments.child}: the rest"] = total - sum(seconds.values())
    seconds[f"{arguments.child}, all"] = total
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds[f"{arguments.child}, MB"] = peak
    if arguments.child == "report":
        seconds["page, MB"] = plan.paths.report.stat().st_size / 1e6
    print(json.dumps(seconds))


def make_plan(folder: Path, n_patients: int, n_splits: int, *, accelerate: bool) -> Plan:
    """Return the plan of a study of three arms; one patient of ten has no MRI, another no CT."""
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.cohort import build_cohort
    from lungmet_worc.study.manifest import Manifest, Patient
    from lungmet_worc.study.sources.images import ImagePair
    from lungmet_worc.study.study_file import study_from_tables
    from lungmet_worc.tasks.run_folder.paths import RunPaths

    columns = {"image": "image", "segmentation": "mask"}
    tables: dict[str, Any] = {
        "study": {"name": "evaluation", "outcome": "lung_met"},
        "cohort": {"manifest": "manifest.csv", "patients": "available"},
        "modalities": {
            "MRI": {**columns, "image_type": "MR"},
            "CT": {**columns, "image_type": "CT"},
        },
        "arms": {name: {"modalities": list(modalities)} for name, modalities in ARMS.items()},
        "search": {"preset": "full", "splits": n_splits},
        "run": {"accelerate": accelerate},
    }
    study = study_from_tables(tables, folder=folder)
    lacking = {"MRI": 3, "CT": 7}
    patients = []
    for number in range(n_patients):
        name = f"P{number + 1:04d}"
        pairs = {
            modality: ImagePair(Path(f"{name}_{modality}.nii"), Path(f"{name}_{modality}_mask.nii"))
            if number % 10 != lacks
            else ImagePair()
            for modality, lacks in lacking.items()
        }
        patients.append(Patient(name, number + 2, int(number % 9 in (1, 4, 5)), pairs, {}))
    manifest = Manifest(folder / "manifest.csv", (), tuple(patients), ())
    return Plan(study, build_cohort(study, manifest), {}, RunPaths(folder))


def write_splits(plan: Plan, searches: Sequence[Task], n_candidates: int) -> None:
    """Write what a finished search leaves of each split, without its models."""
    import pandas as pd

    from lungmet_worc.pipeline import arm_matrix as arms
    from lungmet_worc.study import worc_settings as settings
    from lungmet_worc.worc.storage import write_estimators

    for name in plan.study.arms:
        outcomes = {plan.names[p]: plan.outcomes[p] for p in plan.cohort.arms[name]}
        arms.write_labels(plan.paths.labels(name), plan.study.outcome, outcomes)
        first = plan.study.arms[name].modalities[0]
        ini = settings.to_ini(plan.study.modality_settings(first))
        plan.paths.settings(name, first).write_text(ini, "utf-8")
    for task in searches:
        result = split_result(task.arguments, n_candidates)
        write_estimators(task.output, pd.DataFrame(), result, stamp=task.stamp)


def split_result(arguments: Any, n_candidates: int) -> dict[str, Any]:
    """Return a result as `lungmet_worc.worc.search.search_split` makes it."""
    import numpy as np

    random = np.random.default_rng([arguments["seed"], len(arguments["outcomes"])])
    outcome = np.asarray([arguments["outcomes"][patient] for patient in arguments["test"]])
    posterior = 1 / (1 + np.exp(-random.normal(1.2 * outcome - 0.8)))
    causes = (None, None, None, None, "no feature was left after selection", "ValueError: n")
    steps = ["group_selection", "scaling", "relief", "model_selection", "univariate_test", "pca"]
    candidates = [
        {
            "number": number,
            "classifier": ("SVM", "RF", "LDA")[number % 3],
            "score": None if causes[number % len(causes)] else random.random(),
            "train_score": random.random(),
            "cause": causes[number % len(causes)],
        }
        for number in range(n_candidates)
    ]
    failed = [candidate["cause"] for candidate in candidates if candidate["cause"]]
    return {
        "train": arguments["train"],
        "test": arguments["test"],
        "outcome": outcome.tolist(),
        "posterior": posterior.tolist(),
        "predicted": (posterior > 0.5).astype(int).tolist(),
        "candidates": candidates,
        "causes": dict(Counter(failed)),
        "ensemble": [
            {"number": candidate["number"], "classifier": "SVM", "steps": steps}
            for candidate in candidates[:100]
        ],
        "seed": arguments["seed"],
        "seconds": 1.0,
    }


def evaluate_arms(plan: Plan, searches: Sequence[Task]) -> None:
    """Evaluate every arm, as the tasks of a run do."""
    from lungmet_worc.pipeline.stages.evaluation import EVALUATION
    from lungmet_worc.worc.evaluation import evaluate

    for task in EVALUATION.tasks(plan, {"search": searches}):
        evaluate(**task.arguments, output=str(task.output), stamp=task.stamp)


def write_report(plan: Plan, searches: Sequence[Task]) -> None:
    """Write tables, figures and report, as the end of a run does."""
    from lungmet_worc.analyses.run.digest import make_digest
    from lungmet_worc.pipeline.results import write_results
    from lungmet_worc.pipeline.stages import STAGES
    from lungmet_worc.tasks.run_folder.state import now

    about = {"study": plan.study.model_dump(mode="json"), "started": now()}
    write_results(plan, searches, [], {}, make_digest(about, STAGES), plan.paths)


@contextmanager
def clocked(parts: dict[str, tuple[str, str]]) -> Iterator[dict[str, float]]:
    """Count the processor time within functions; they are put back afterwards."""
    import importlib

    seconds = dict.fromkeys(parts, 0.0)
    plain = []
    for name, (module_name, function_name) in parts.items():
        module = importlib.import_module(module_name)
        function = getattr(module, function_name)
        plain.append((module, function_name, function))
        setattr(module, function_name, _clock(function, name, seconds))
    try:
        yield seconds
    finally:
        for module, function_name, function in plain:
            setattr(module, function_name, function)


def _clock(function: Callable[..., Any], name: str, seconds: dict[str, float]) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return function(*args, **options)
        finally:
            seconds[name] += time.process_time() - started

    return call


def print_growth(axis: str, cells: dict[tuple[int, ...], dict[str, float]]) -> None:
    """Print how many times more a doubling of one axis takes, the others at their largest."""
    place = AXES.index(axis)
    largest = [max(sizes[i] for sizes in cells) for i in range(len(AXES))]
    levels = sorted({sizes[place] for sizes in cells})
    for low, high in itertools.pairwise(levels):
        first, second = (
            cells[(*largest[:place], level, *largest[place + 1 :])] for level in (low, high)
        )
        doublings = math.log2(high / low)
        ratios = [
            f"{(second[name] / first[name]) ** (1 / doublings):.2f}" if first[name] else "-"
            for name in first
        ]
        print(line([f"x per doubling, {axis}", f"{low} to {high}", "", *ratios]))


def line(cells: Sequence[str]) -> str:
    """Return a row of the table that is printed, in Markdown."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
