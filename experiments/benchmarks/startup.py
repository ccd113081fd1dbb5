"""Measure what a user waits for when nothing is to do: the help, and a run that is all fresh.

Each is a process of its own. Without a study only the help is timed. The machine may be shared:
the load is printed beside the times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def main() -> None:
    """Print median and longest wall time of the help and of an all-fresh run."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--study", type=Path, help="a study file")
    parser.add_argument("--out", type=Path, help="its run folder, with a finished run")
    parser.add_argument("--cores", type=int, help="default: the study file's, or all cores")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    if (arguments.study is None) != (arguments.out is None):
        parser.error("--study and --out go together")
    measure("lungmet --help", ["--help"], arguments.repeats)
    if arguments.study is not None:
        words = ["run", str(arguments.study), "--out", str(arguments.out)]
        words += ["--cores", str(arguments.cores)] if arguments.cores else []
        if not all_fresh(lungmet(words)):
            print("the run was not all fresh; it is now")
        measure("lungmet run, all fresh", words, arguments.repeats)


def measure(name: str, words: Sequence[str], repeats: int) -> None:
    """Time the command several times and print what was seen."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        said = lungmet(words)
        seconds.append(time.perf_counter() - started)
        if not all_fresh(said):
            sys.exit(f"Something was done that was done before:\n{said}")
    print(f"{name:<24} median {statistics.median(seconds):6.2f} s, longest {max(seconds):6.2f} s "
          f"({repeats} times, load {os.getloadavg()[0]:.1f})")  # fmt: skip


def all_fresh(said: str) -> bool:
    """Return whether a run did nothing but its check, by the lines that it wrote."""
    return not any("to do" in line for line in said.splitlines() if not line.startswith("Checking"))


def lungmet(words: Sequence[str]) -> str:
    """Run the command line and return what it said on its error stream."""
    command = [sys.executable, "-m", "lungmet_worc", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stderr


if __name__ == "__main__":
    main()
