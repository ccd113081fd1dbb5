"""The commands and their options."""

from __future__ import annotations

import argparse

from lungmet_worc import __version__
from lungmet_worc.display.language import LANGUAGES

_DESCRIPTION = """\
From a patient manifest to study tables: which images predict the outcome, MRI, CT or both?
lungmet runs WORC for each arm of a study on the same patients and splits, and compares them.
For research only; not a medical device."""

_EPILOG = """\
start here:
  lungmet demo --out runs/demo      see a whole study on a cohort that the program makes
  lungmet init my_study             lay out a study of your own
  lungmet check my_study/study.toml
  lungmet run my_study/study.toml --out runs/my_study

exit status: 0 done, or reported as far as a deadline allowed; 1 something to mend (all of it is
listed); 2 wrong usage; 3 a task failed or the disk is full; 130 or 143 stopped by Ctrl-C or
SIGTERM: run the same command again"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="lungmet", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=formatter
    )
    parser.add_argument("--version", action="version", version=f"lungmet_worc {__version__}")
    parser.set_defaults(command=None, debug=False, language=None)
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        added.add_argument("--debug", action="store_true", help="show tracebacks")
        added.add_argument(
            "--language",
            choices=tuple(LANGUAGES),
            help="what is printed in this language; default: the study's own, else en",
        )
        return added

    demo = command("demo", "run a whole study on a synthetic MRI and CT cohort")
    demo.add_argument("--out", default="runs/demo", metavar="DIR", help="default: %(default)s")
    _add_cores(demo)

    init = command("init", "lay out a new study: manifest, study file and launch script")
    init.add_argument("folder", metavar="DIR")

    check = command("check", "list everything that is wrong with a study")
    _add_study(check)
    check.add_argument("--json", action="store_true", help="write JSON, for machines")
    check.add_argument(
        "--patients",
        action="store_true",
        help="show a line for each patient: what is there, missing and wrong, and the arms",
    )
    _add_cores(check)

    plan = command("plan", "say what a run would do and about how long it would take")
    _add_study(plan)
    plan.add_argument(
        "--out", metavar="DIR", help="the run folder; without it, a run that has not begun"
    )
    _add_cores(plan)

    run = command("run", "run a study from manifest to report, or go on with a run")
    _add_study(run)
    _add_out(run)
    run.add_argument("--only", choices=("extraction", "search", "report"), help="do one stage only")
    _add_cores(run)
    run.add_argument(
        "--until",
        type=_deadline,
        metavar="TIME",
        help='when to be done, such as 07:00 or "2026-11-24 07:00": what is complete for all arms '
        "alike by then is reported as partial",
    )
    run.add_argument(
        "--detach", action="store_true", help="go on after logout; the study is checked first"
    )

    status = command("status", "say how far a run is, and what it did")
    status.add_argument("out", metavar="DIR", help="the run folder")
    status.add_argument("--watch", action="store_true", help="go on saying it until the run ends")

    compare = command("compare", "compare the arms of a run, or of several runs of one cohort")
    compare.add_argument("runs", metavar="RUN", nargs="+", help="a run folder")
    compare.add_argument("--out", metavar="DIR", help="write tables and figures into this folder")

    features = command("features", "write the features of a run as a table, for R or SPSS")
    features.add_argument("run", metavar="RUN", help="the run folder")
    features.add_argument(
        "--out", required=True, metavar="FILE", help="a new file: .csv, .xlsx or .sav (SPSS)"
    )

    export = command("export-worc", "write an arm as a plain WORC experiment")
    _add_study(export)
    export.add_argument("--arm", required=True, metavar="ARM", help="name of the arm")
    _add_out(export)
    return parser


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY.toml", help="the study file")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "at least 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _deadline(text: str) -> str:
    from lungmet_worc.tasks.deadline import parse_deadline

    try:
        parse_deadline(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _add_cores(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cores",
        type=_positive,
        metavar="N",
        help="tasks that run at the same time; default: the study file's, or all cores",
    )
