"""Tell from a run that is under way, or was stopped, how long all of it takes.

For a search of many hours: let a few splits of each arm finish, stop with Ctrl-C, and ask.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path


def main() -> None:
    """Print the mean time of a split of each arm, and the hours that all splits take."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="the run folder")
    parser.add_argument("--cores", type=int, help="default: as the run")
    arguments = parser.parse_args()
    state = json.loads((arguments.out / "run.json").read_text("utf-8"))
    cores = arguments.cores or state["cores"]
    n_splits = state["study"]["search"]["splits"]
    seconds: dict[str, list[float]] = {}
    others = 0.0
    for key, task in state["tasks"].items():
        if task["state"] != "done" or "seconds" not in task:
            continue
        stage, _, rest = key.partition("/")
        if stage == "search":
            seconds.setdefault(rest.partition("/")[0], []).append(task["seconds"])
        else:
            others += task["seconds"]
    if not seconds:
        parser.error("no split was searched yet")
    total = others
    print(f"features, settings: {others:.0f} s")
    for arm, times in seconds.items():
        mean = statistics.fmean(times)
        total += mean * n_splits
        print(
            f"{arm}: {len(times)} of {n_splits} splits, {mean:.1f} s each "
            f"({min(times):.1f} to {max(times):.1f})"
        )
    hours = total / cores / 3600
    print(f"all {n_splits} splits of {len(seconds)} arms: {hours:.1f} h on {cores} cores")


if __name__ == "__main__":
    main()
