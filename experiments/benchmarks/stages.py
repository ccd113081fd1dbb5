"""Measure how long each stage of a run takes: make bench, or give a study file."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Literal, get_args

from lungmet_worc import Study
from lungmet_worc.cli.demo_cohort import make_demo_cohort

Stage = Literal["extraction", "search", "report"]


def main() -> None:
    """Run a study stage by stage in a new folder, and print the seconds of each.

    Processor seconds are those of this process and of its workers.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("study", type=Path, nargs="?", help="default: the demo cohort")
    parser.add_argument("--cores", type=int, help="default: what the study file says, or all")
    arguments = parser.parse_args()
    print(f"{'stage':<12}{'wall':>8}   {'processor':>9}")
    Path("runs").mkdir(exist_ok=True)
    # A new folder, so that nothing is fresh and every task is measured.
    with tempfile.TemporaryDirectory(prefix="bench-", dir="runs") as folder:
        study = Study.from_toml(arguments.study or make_demo_cohort(Path(folder) / "cohort"))
        for stage in get_args(Stage):
            start, used = time.perf_counter(), processor_seconds()
            study.run(out=Path(folder) / "run", only=stage, cores=arguments.cores)
            wall, used = time.perf_counter() - start, processor_seconds() - used
            print(f"{stage:<12}{wall:8.1f} s {used:9.1f} s", flush=True)


def processor_seconds() -> float:
    """Return the processor time of this process and of all its workers that have ended."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


if __name__ == "__main__":
    main()
