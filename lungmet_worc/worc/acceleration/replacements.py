"""Functions that stand for others, put in their place and taken away again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lungmet_worc.worc.acceleration.checked import differences

#: Module or class, name in it, and what stands for it.
Replacement = tuple[Any, str, Any]


class Replacements:
    """The replacements of one part of WORC, in this process.

    Parameters
    ----------
    part : str
        A key of ``CHECKED``.
    find : callable
        Yields each replacement; the next is asked for when the one before is in its place.
    """

    def __init__(self, part: str, find: Callable[[], Iterable[Replacement]]) -> None:
        self._part, self._find = part, find
        self._replaced: list[Replacement] = []

    def use(self, wanted: bool) -> None:
        """Put the replacements in their places, or the plain functions back."""
        if wanted:
            self.install()
        else:
            self.uninstall()

    def install(self) -> bool:
        """Put every replacement in its place; a second call does nothing.

        Returns
        -------
        bool
            False if another version is installed than the replacements were checked with: then
            everything stays as it is.
        """
        if self._replaced:
            return True
        if differences(self._part):
            return False
        for owner, name, replacement in self._find():
            plain = getattr(owner, name)
            self._replaced.append((owner, name, plain))
            # What a replacement hands over to, where it does not stand for the plain function.
            replacement.stands_for = plain
            setattr(owner, name, replacement)
        return True

    def uninstall(self) -> None:
        """Put back what :meth:`install` replaced."""
        while self._replaced:
            setattr(*self._replaced.pop())

    @contextlib.contextmanager
    def installed(self) -> Iterator[bool]:
        """Use the replacements within a block."""
        already = bool(self._replaced)
        try:
            yield self.install()
        finally:
            if not already:
                self.uninstall()
