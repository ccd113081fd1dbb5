"""The command line: parse, call one function, show the result."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType

from lungmet_worc import __version__
from lungmet_worc.basics.control_characters import visible, visible_streams
from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.cli.signals import Stopped, stopped_by_signals
from lungmet_worc.display.language import LANGUAGES, Language

__all__ = ["build_parser", "main"]

#: Each is a module here, with ``HELP``, ``add(parser)`` and ``run(options)``.
COMMANDS = (
    "demo", "init", "check", "plan", "run", "status", "compare", "features", "export-worc",
)  # fmt: skip

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
    """Return the parser of the command line; ``options.act`` is the ``run`` of the command."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="lungmet", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=formatter
    )
    parser.add_argument("--version", action="version", version=f"lungmet_worc {__version__}")
    parser.set_defaults(act=None, debug=False, language=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"lungmet_worc.cli.{name.replace('-', '_')}")
        text = module.HELP
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_argument("--debug", action="store_true", help="show tracebacks")
        command.add_argument(
            "--language",
            choices=tuple(LANGUAGES),
            help="what is printed in this language; default: the study's own, else en",
        )
        module.add(command)
        command.set_defaults(act=module.run)
    return parser


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
    if options.act is None:
        parser.print_help()
        return 2
    from lungmet_worc.basics.tracebacks import WHOLE_TRACEBACKS
    from lungmet_worc.cli.spoken import spoken

    whole = WHOLE_TRACEBACKS.set(options.debug)

    try:
        with stopped_by_signals():
            return int(options.act(options))
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
    # Any error but one of our kinds is a defect of ours; a surgeon is spared its traceback.
    except Exception as error:
        if options.debug:
            sys.excepthook = _show_traceback
            raise
        say = spoken(options)
        if isinstance(error, LungmetError):
            print(_shown(error, say), file=sys.stderr)
            return error.exit_code
        print(_unexpected(error, say), file=sys.stderr)
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
    from lungmet_worc.basics.disk import disk_cause

    if cause := disk_cause(error):
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
