"""``lungmet demo``: a whole study, images and all, for who has none yet."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungmet_worc.cli.options import add_cores

HELP = "run a whole study on a synthetic MRI and CT cohort"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--out", default="runs/demo", metavar="DIR", help="default: %(default)s")
    add_cores(parser)


def run(options: argparse.Namespace) -> int:
    """Make the synthetic cohort and run the comparison on it."""
    from lungmet_worc.cli.demo_cohort import claim_demo_folder, make_demo_cohort
    from lungmet_worc.cli.run_summary import show_results
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.study import Study
    from lungmet_worc.tasks.progress import Bars

    folder = Path(options.out)
    claim_demo_folder(folder)
    say = spoken(options)
    print(say("Making a synthetic MRI and CT cohort in {folder}.", folder=folder / "cohort"))
    study = Study.from_toml(make_demo_cohort(folder / "cohort"))
    show_results(study.run(folder, cores=options.cores, progress=Bars(say)), say)
    return 0
