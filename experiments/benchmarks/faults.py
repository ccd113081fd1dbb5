"""Draw and count the disturbed runs that ``make test-faults`` recorded.

    LUNGMET_FAULTS_RECORD=runs/faults make test-faults
    python experiments/benchmarks/faults.py runs/faults/faults.csv --figure docs/images/faults.png

Columns of the record: ``number`` of the run, ``fault``, the ``stage`` and the ``seconds`` after
its start at which it came, ``seconds_to_stop``, how many outputs were ``finished`` when the same
command was given again, how many of them it ``repeated``, whether the tables were ``identical``
to those of the undisturbed run, files ``left_behind``, ``seconds_again`` that the second run
took, both runs together (``seconds_in_all``), and the undisturbed run (``seconds_undisturbed``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

STAGES = (
    "start", "check", "fingerprint", "extraction", "settings", "search", "evaluation", "report",
    "end",
)  # fmt: skip
FAULTS = {
    "kill worker": "kill -9 of a worker",
    "kill main": "kill -9 of the main process",
    "kill all": "kill -9 of all processes",
    "interrupt": "Ctrl-C",
    "terminate": "SIGTERM",
}


def count(record: pd.DataFrame) -> pd.DataFrame:
    """Return how many runs were disturbed, by fault and stage."""
    found = pd.crosstab(record["fault"], record["stage"])
    return found.reindex(
        index=list(FAULTS),
        columns=[stage for stage in STAGES if stage in set(record["stage"])],
        fill_value=0,
    )


def table(record: pd.DataFrame) -> str:
    """Return the counts and what came of them, in Markdown."""
    counts = count(record)
    rows = [
        f"| Fault | {' | '.join(counts.columns)} | All | Same tables | Repeated | Left behind |"
    ]
    rows.append("| --- |" + " ---: |" * (len(counts.columns) + 4))
    for fault, name in [*FAULTS.items(), ("", "All")]:
        of = record[record["fault"] == fault] if fault else record
        numbers = counts.loc[fault] if fault else counts.sum()
        last = [len(of), int(of["identical"].sum()), of["repeated"].sum(), of["left_behind"].sum()]
        cells = [*numbers, *last]
        rows.append(f"| {name} | {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(rows)


def draw(record: pd.DataFrame, path: Path) -> None:
    """Draw when each run was disturbed, by fault, in the colour of the stage."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    rows = {fault: row for row, fault in enumerate(reversed(FAULTS))}
    colours = dict(zip(STAGES, plt.get_cmap("tab10").colors, strict=False))
    for stage in count(record).columns:
        of = record[record["stage"] == stage]
        # An open circle would be a run whose tables differ, or that repeated something.
        well = of["identical"] & (of["repeated"] == 0) & (of["left_behind"] == 0)
        axes.scatter(
            of["seconds"],
            of["fault"].map(rows),
            edgecolors=[colours[stage]],
            facecolors=[colours[stage] if good else "none" for good in well],
            label=f"{stage} ({len(of)})",
        )
    axes.set_yticks(list(rows.values()), [FAULTS[fault] for fault in rows])
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds after the start")
    axes.legend(frameon=False, title="stage", loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the table of a record and draw its figure."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("record", type=Path, help="faults.csv")
    parser.add_argument("--figure", type=Path, help="the PNG to write")
    arguments = parser.parse_args()
    record = pd.read_csv(arguments.record).drop_duplicates("number", keep="last")
    print(table(record))
    stopping = record.loc[record["fault"].isin(["interrupt", "terminate"]), "seconds_to_stop"]
    print(f"\nCtrl-C and SIGTERM: {stopping.min():.1f} to {stopping.max():.1f} s until it stopped.")
    whole, again = record["seconds_undisturbed"], record["seconds_again"]
    print(f"Undisturbed {whole.median():.0f} s; again {again.min():.0f} to {again.max():.0f} s.")
    if arguments.figure:
        draw(record, arguments.figure)


if __name__ == "__main__":
    main()
