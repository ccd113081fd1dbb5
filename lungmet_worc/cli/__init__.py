"""The command line: parse, call one function, show the result."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Sequence

from lungmet_worc.cli.parser import build_parser
from lungmet_worc.cli.signals import Stopped, stopped_by_signals
from lungmet_worc.errors import LungmetError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done; 1 something that the user can mend; 2 wrong usage; 3 a task failed or the disk is
    full; 128 and the number of a signal that stopped it, as shells say it: 130 after Ctrl-C,
    143 after SIGTERM, 141 if the reader of our output went away.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``lungmet``; by default those of the process.
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    from lungmet_worc.cli import commands
    from lungmet_worc.tracebacks import WHOLE_TRACEBACKS

    whole = WHOLE_TRACEBACKS.set(options.debug)

    try:
        with stopped_by_signals():
            return int(getattr(commands, options.command.replace("-", "_"))(options))
    except LungmetError as error:
        if options.debug:
            raise
        print(_shown(error), file=sys.stderr)
        return error.exit_code
    except Stopped as stopped:
        # After SIGHUP there is no terminal left to tell it.
        with contextlib.suppress(OSError):
            print(
                "\nStopped. What is finished is kept; the same command goes on from there.",
                file=sys.stderr,
            )
        return stopped.exit_code
    except BrokenPipeError:
        # The reader of our output, for example head, went away.
        sys.stderr.close()
        return 128 + signal.SIGPIPE
    # Any other error is a defect of ours; a surgeon is spared its traceback.
    except Exception as error:
        if options.debug:
            raise
        print(
            f"lungmet met an error that it did not expect: {type(error).__name__}: {error}\n"
            "This is a defect of lungmet_worc. Please report it with the output of the same "
            'command with "--debug".',
            file=sys.stderr,
        )
        return 3
    finally:
        WHOLE_TRACEBACKS.reset(whole)


def _shown(error: LungmetError) -> str:
    if not error.problems:
        return f"Error: {error.message}"
    from lungmet_worc.checks.problem_table import problem_table

    return f"Error: {error.message}\n\n{problem_table(error.problems)}"
