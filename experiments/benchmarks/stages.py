"""Measure how long each stage of a run takes: make bench, or give a study file."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Literal, get_args

from lungmet_worc import Study
from lungmet_worc.demo import make_demo_cohort

Stage = Literal["extraction", "search", "report"]


def main() -> None:
    """Run a study stage by stage in a new folder, and print the seconds of each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("study", type=Path, nargs="?", help="default: the demo cohort")
    parser.add_argument("--cores", type=int, help="default: what the study file says, or all")
    arguments = parser.parse_args()
    Path("runs").mkdir(exist_ok=True)
    # A new folder, so that nothing is fresh and every task is measured.
    with tempfile.TemporaryDirectory(prefix="bench-", dir="runs") as folder:
        study = Study.from_toml(arguments.study or make_demo_cohort(Path(folder) / "cohort"))
        for stage in get_args(Stage):
            start = time.perf_counter()
            study.run(out=Path(folder) / "run", only=stage, cores=arguments.cores)
            print(f"{stage:<12}{time.perf_counter() - start:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
