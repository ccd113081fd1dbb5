"""``lungmet plan``: what a run would do, and for how long."""

from __future__ import annotations

import argparse

from lungmet_worc.cli.options import add_cores, add_study

HELP = "say what a run would do and about how long it would take"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_study(parser)
    parser.add_argument(
        "--out", metavar="DIR", help="the run folder; without it, a run that has not begun"
    )
    add_cores(parser)


def run(options: argparse.Namespace) -> int:
    """Say what a run would do."""
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.study import Study

    say = spoken(options)
    print(Study.from_toml(options.study).plan(options.out, cores=options.cores).to_text(say))
    if options.out is None:
        new = say('This is a new run. "--out DIR" says what one that began would still do.')
        print(f"\n{new}")
    return 0
