"""Names as a terminal may show them: characters that give it orders are written out.

A name may come from somebody else's file, and an escape sequence in it could clear the screen,
a carriage return write over a line, and a mark of direction show a name the other way round.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO, cast

#: Control and format characters, separators of lines and paragraphs, and halves of a character,
#: as they stand for bytes of a file name that are no UTF-8. Not the tab and the end of a line.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return a text with its control characters written out.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> visible("P1\x1b[2J")
    'P1\\x1b[2J'
    """
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class _VisibleStream:
    """A text stream that writes control characters out."""

    def __init__(self, stream: TextIO) -> None:
        self.unfiltered = stream

    def write(self, text: str) -> int:
        """Write a text."""
        self.unfiltered.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Do everything else as the stream itself."""
        return getattr(self.unfiltered, name)


def _open_missing_streams() -> None:
    """Open what this process was started without, so that no file of ours gets its number.

    Whatever a library or a worker prints would else be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is taken: this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


@contextmanager
def visible_streams() -> Iterator[None]:
    """Write control characters out in whatever this process prints."""
    _open_missing_streams()
    with ExitStack() as stack:
        for given, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            # Python has none for a process that was started with it closed, as some schedulers do.
            stream = given or stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            if hasattr(stream, "reconfigure"):
                # A letter that the terminal does not have ends no command.
                stream.reconfigure(errors="backslashreplace")
            stack.enter_context(redirect(cast("TextIO", _VisibleStream(stream))))
        yield


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream itself, for orders to the terminal that are our own."""
    return cast("TextIO", getattr(stream, "unfiltered", stream))
