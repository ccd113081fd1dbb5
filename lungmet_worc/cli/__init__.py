"""The command line: parse, call one function, show the result."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType

from lungmet_worc.basics.control_characters import visible, visible_streams
from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.cli.parser import build_parser
from lungmet_worc.cli.signals import Stopped, stopped_by_signals
from lungmet_worc.display.language import Language

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
    with visible_streams():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    from lungmet_worc.basics.tracebacks import WHOLE_TRACEBACKS
    from lungmet_worc.cli import commands
    from lungmet_worc.cli.spoken import spoken

    whole = WHOLE_TRACEBACKS.set(options.debug)

    try:
        with stopped_by_signals():
            return int(getattr(commands, options.command.replace("-", "_"))(options))
    except LungmetError as error:
        if options.debug:
            sys.excepthook = _show_traceback
            raise
        print(_shown(error, spoken(options)), file=sys.stderr)
        return error.exit_code
    except Stopped as stopped:
        # After SIGHUP there is no terminal left to tell it.
        with contextlib.suppress(OSError):
            say = spoken(options)
            stop = say("Stopped. What is finished is kept; the same command goes on from there.")
            print(f"\n{stop}", file=sys.stderr)
        return stopped.exit_code
    except BrokenPipeError:
        # The reader of our output, for example head, went away.
        sys.stderr.close()
        return 128 + signal.SIGPIPE
    # Any other error is a defect of ours; a surgeon is spared its traceback.
    except Exception as error:
        if options.debug:
            sys.excepthook = _show_traceback
            raise
        print(_unexpected(error, spoken(options)), file=sys.stderr)
        return 3
    finally:
        WHOLE_TRACEBACKS.reset(whole)


def _show_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))


def _shown(error: LungmetError, say: Language) -> str:
    message = say("Error: {message}", message=say.of(error.message))
    if not error.problems:
        return message
    from lungmet_worc.checks.problem_list import problem_list
    from lungmet_worc.cli.spoken import width

    return f"{message}\n\n{problem_list(error.problems, width(), causes=error.causes, say=say)}"


def _unexpected(error: Exception, say: Language) -> str:
    from lungmet_worc.tasks.failures import storage_cause

    if cause := storage_cause(error):
        message = Sentence("Nothing more can be written, not even here: {cause}.", cause=cause)
        return say("Error: {message}", message=say.of(message))
    met = say(
        "lungmet met an error that it did not expect: {kind}: {error}",
        kind=type(error).__name__,
        error=str(error),
    )
    asked = say(
        "This is a defect of lungmet_worc. Please report it with the output of the same "
        'command with "--debug".'
    )
    return f"{met}\n{asked}"
