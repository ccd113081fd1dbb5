"""``lungmet export-worc``: an arm for who would rather run WORC by itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungmet_worc.cli.options import add_out, add_study

HELP = "write an arm as a plain WORC experiment"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_study(parser)
    parser.add_argument("--arm", required=True, metavar="ARM", help="name of the arm")
    add_out(parser)


def run(options: argparse.Namespace) -> int:
    """Write an arm as a plain WORC experiment."""
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.export import export_worc
    from lungmet_worc.study.study_file import load_study

    say = spoken(options)

    def note(text: str) -> None:
        print(say.of(text))

    written = export_worc(load_study(options.study), options.arm, Path(options.out), note=note)
    for path in written:
        print(say("wrote {path}", path=path))
    return 0
