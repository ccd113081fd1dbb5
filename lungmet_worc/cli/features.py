"""``lungmet features``: the features of a run as a table for R, SPSS or a spreadsheet."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write the features of a run as a table, for R or SPSS"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("run", metavar="RUN", help="the run folder")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="a new file: .csv, .xlsx or .sav (SPSS)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the features of a run as one table."""
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.run import Run

    say = spoken(options)
    table = Run(options.run).features_table()
    for path in table.write(Path(options.out)):
        print(say("wrote {path}", path=path))
    n = (table.codebook["kind"] == "feature").sum()
    print(say("patients: {patients}, features: {features}", patients=len(table.values), features=n))
    return 0
