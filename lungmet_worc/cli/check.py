"""``lungmet check``: everything that is wrong with a study, before it runs."""

from __future__ import annotations

import argparse
import json

from lungmet_worc.cli.options import add_cores, add_study

HELP = "list everything that is wrong with a study"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_study(parser)
    parser.add_argument("--json", action="store_true", help="write JSON, for machines")
    parser.add_argument(
        "--patients",
        action="store_true",
        help="show a line for each patient: what is there, missing and wrong, and the arms",
    )
    add_cores(parser)


def run(options: argparse.Namespace) -> int:
    """List everything that is wrong with a study."""
    from lungmet_worc.basics.errors import StudyFileError, problems_as_dicts
    from lungmet_worc.cli.spoken import spoken, width
    from lungmet_worc.pipeline.study import Study

    say = spoken(options)
    try:
        study = Study.from_toml(options.study)
    except StudyFileError as error:
        if not options.json:
            raise
        problems = problems_as_dicts(error.problems, error.causes, say.of)
        found = {"ok": False, "message": say.of(error.message), "problems": problems}
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 1
    report = study.check(cores=options.cores)
    if options.json:
        print(report.to_json(say))
    elif options.patients:
        print(report.patients_text(width(), say))
    else:
        print(report.to_text(width(), say))
    return 0 if report.ok else 1
