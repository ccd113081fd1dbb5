"""Run several studies one after the other, and read one digest in the morning.

    python experiments/overnight.py mri.toml ct.toml --out runs/overnight --until 07:00

Started again, it goes on where it was. Exit status: 0 all is done, 1 something to mend, 3 a task
failed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.cli.overnight import STOPPED, Night
from lungmet_worc.cli.signals import Stopped, stopped_by_signals
from lungmet_worc.display.language import LANGUAGES, language


def main() -> int:
    """Run several studies one after the other, and show one digest of all of them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("studies", nargs="+", metavar="STUDY.toml")
    parser.add_argument("--out", type=Path, default=Path("runs/overnight"))
    parser.add_argument("--until", metavar="TIME", help="when all must be done, such as 07:00")
    parser.add_argument("--cores", type=int, metavar="N", help="tasks at the same time")
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="en")
    arguments = parser.parse_args()
    say = language(arguments.language)

    night = Night(
        arguments.studies,
        arguments.out,
        until=arguments.until,
        cores=arguments.cores,
        say=say,
    )
    try:
        with stopped_by_signals():
            print(f"\n{night.run().to_text(say)}", end="")
    except LungmetError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except Stopped as stopped:
        print(f"\n{night.digest().to_text(say)}", end="")
        print(say.of(STOPPED))
        return stopped.exit_code
    return night.digest().exit_code


if __name__ == "__main__":
    sys.exit(main())
