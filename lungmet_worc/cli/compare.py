"""``lungmet compare``: the arms of one or several runs beside each other."""

from __future__ import annotations

import argparse

HELP = "compare the arms of a run, or of several runs of one cohort"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="a run folder")
    parser.add_argument("--out", metavar="DIR", help="write tables and figures into this folder")


def run(options: argparse.Namespace) -> int:
    """Print the performance of the arms of one or several runs, and their comparison."""
    from lungmet_worc.cli.spoken import shown_path, spoken

    say = spoken(options)
    if options.out is None and len(options.runs) == 1:
        from lungmet_worc.cli.run_summary import tables_text
        from lungmet_worc.pipeline.run import Run

        print(tables_text(Run(options.runs[0]), say))
        return 0
    from lungmet_worc.pipeline.compare import compare_runs
    from lungmet_worc.tasks.run_folder.mark import require_ours, resolved

    if options.out is not None:
        require_ours(resolved(options.out), "comparison")
    joined = compare_runs(options.runs)
    print(joined.to_text(say))
    if options.out is not None:
        for folder in joined.write(options.out):
            print(say("wrote {path}", path=shown_path(folder)))
    return 0
