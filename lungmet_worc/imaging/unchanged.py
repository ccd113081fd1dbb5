"""Whether the files that a task reads are those that it was planned with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lungmet_worc.basics.errors import InputChangedError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.files import file_digest

#: Path, SHA-256 that was planned with, and how the user knows the file: "image of STS_007".
Input = tuple[str, str, str]


@contextmanager
def unchanged(inputs: Sequence[Input]) -> Iterator[None]:
    """Make sure that files are the planned ones before and after they are read.

    A result that was computed from other contents would else carry the stamp of the planned
    ones. A failure in between counts as the change's where a file changed.

    Raises
    ------
    InputChangedError
        A file is gone, or has another content.
    """
    _verify(inputs)
    try:
        yield
    finally:
        _verify(inputs)


def _verify(inputs: Sequence[Input]) -> None:
    for path, digest, name in inputs:
        try:
            same = file_digest(Path(path)) == digest
        except OSError as error:
            message = Sentence(
                "{name} can no longer be read ({reason}); put it back and run again",
                name=name,
                reason=error.strerror or str(error),
            )
            raise InputChangedError(message) from error
        if not same:
            message = Sentence("{name} changed while the study ran; run again", name=name)
            raise InputChangedError(message)
