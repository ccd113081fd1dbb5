"""``lungmet run``: a study from manifest to report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

from lungmet_worc.cli.options import add_cores, add_out, add_study
from lungmet_worc.display.language import later
from lungmet_worc.tasks.stage import Part

HELP = "run a study from manifest to report, or go on with a run"

_DONE = {
    "extraction": later("The extraction is complete in {folder}."),
    "search": later("The search is complete in {folder}."),
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_study(parser)
    add_out(parser)
    parser.add_argument("--only", choices=get_args(Part), help="do one stage only")
    add_cores(parser)
    parser.add_argument(
        "--until",
        type=_deadline,
        metavar="TIME",
        help='when to be done, such as 07:00 or "2026-11-24 07:00": what is complete for all arms '
        "alike by then is reported as partial",
    )
    parser.add_argument(
        "--detach", action="store_true", help="go on after logout; the study is checked first"
    )


def run(options: argparse.Namespace) -> int:
    """Run a study, and show what came of it."""
    if options.detach:
        from lungmet_worc.cli.detach import run_detached

        return run_detached(options)
    from lungmet_worc.basics.errors import TaskFailedError
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.run import Run
    from lungmet_worc.pipeline.study import Study
    from lungmet_worc.tasks.deadline import DeadlineError
    from lungmet_worc.tasks.progress import Bars
    from lungmet_worc.tasks.run_folder.paths import RunPaths

    try:
        finished = Study.from_toml(options.study).run(
            options.out,
            only=options.only,
            cores=options.cores,
            until=options.until,
            progress=Bars(spoken(options)),
        )
    except DeadlineError:
        # A deadline that is over is refused before there is a run.
        if RunPaths(Path(options.out)).run_json.exists():
            print(f"\n{Run(options.out).digest().to_text(spoken(options))}\n", file=sys.stderr)
        raise
    except TaskFailedError as error:
        # The digest names each cause once; the error would name it for each task.
        print(f"\n{Run(options.out).digest().to_text(spoken(options))}\n", file=sys.stderr)
        raise TaskFailedError(error.message) from error
    say = spoken(options)
    if options.only not in _DONE:
        from lungmet_worc.cli.run_summary import show_results

        show_results(finished, say)
    elif finished.digest().partial:
        print(finished.digest().to_text(say))
    else:
        print(say(_DONE[options.only], folder=options.out))
    return 0


def _deadline(text: str) -> str:
    from lungmet_worc.study.clock import parse_deadline

    try:
        parse_deadline(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
