"""What the engines take beside the tasks: the same study on each, from the features to the report.

python experiments/benchmarks/engines.py study.toml --out runs/engines
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from lungmet_worc import Study

ENGINES = {"local": {}, "fastr": {"engine": "fastr", "plugin": "ProcessPoolExecution"}}


def main() -> None:
    """Run a study on each engine; print times, and whether the tables are the same bytes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/engines"))
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    rows = []
    for engine in ENGINES:
        study = Study.from_toml(arguments.study)
        settings = study.config.run.model_copy(update=ENGINES[engine])
        study.config = study.config.model_copy(update={"run": settings})
        folder = arguments.out / engine
        for stage in ("extraction", "search"):
            wall, processor = time.monotonic(), processor_seconds()
            study.run(folder, only=stage, cores=arguments.cores)
            wall, processor = time.monotonic() - wall, processor_seconds() - processor
            number, seconds = of_tasks(folder, stage)
            rows.append(
                f"| {engine} | {stage} | {number} | {seconds:.0f} | {wall:.0f} | {processor:.0f} |"
            )
        study.run(folder, cores=arguments.cores)
    print("| Engine | Stage | Tasks | Time of the tasks, s | Wall time, s | Processor time, s |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))
    same = len({tables(arguments.out / engine) for engine in ENGINES}) == 1
    print("Tables are the same bytes." if same else "Tables DIFFER.")


def processor_seconds() -> float:
    """Return the processor time of all processes that this one started and that ended, in s."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def of_tasks(folder: Path, stage: str) -> tuple[int, float]:
    """Return how many tasks a stage has, and what they took together, in seconds."""
    tasks = json.loads((folder / "run.json").read_text("utf-8"))["tasks"]
    seconds = [task["seconds"] for key, task in tasks.items() if key.startswith(f"{stage}/")]
    return len(seconds), sum(seconds)


def tables(folder: Path) -> tuple[bytes, ...]:
    """Return the bytes of the study's CSV tables."""
    return tuple(path.read_bytes() for path in sorted((folder / "tables").glob("*.csv")))


if __name__ == "__main__":
    main()
