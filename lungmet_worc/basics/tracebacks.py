"""Errors of a user's study as a script shows them: the user's own line, and what is wrong."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from lungmet_worc.basics.errors import LungmetError

T = TypeVar("T", bound=type)
P = ParamSpec("P")
R = TypeVar("R")

#: Whether errors keep the way they took through lungmet_worc, as with ``--debug``.
WHOLE_TRACEBACKS: ContextVar[bool] = ContextVar("whole tracebacks", default=False)


def short_tracebacks(public: T) -> T:
    """Let the public parts of a class raise errors of the user's making without our own lines.

    Who mends a study has no use for twenty lines of how lungmet_worc found out; a defect of
    lungmet_worc is no ``LungmetError`` and keeps them all.

    Parameters
    ----------
    public : type
        Its ``__init__`` and everything without an underscore is wrapped.
    """
    for name, member in list(vars(public).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, property) and member.fget is not None:
            setattr(public, name, property(short_traceback(member.fget), doc=member.__doc__))
        elif isinstance(member, classmethod):
            setattr(public, name, classmethod(short_traceback(member.__func__)))
        elif isinstance(member, types.FunctionType):
            setattr(public, name, short_traceback(member))
    return public


def short_traceback(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that raises a ``LungmetError`` as if it arose in its first line."""

    @functools.wraps(function)
    def call(*words: P.args, **named: P.kwargs) -> R:
        try:
            return function(*words, **named)
        except LungmetError as error:
            if WHOLE_TRACEBACKS.get():
                raise
            raise error.with_traceback(None) from None

    return call
