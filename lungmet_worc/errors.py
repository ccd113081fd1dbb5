"""Kept for scripts older than ``from lungmet_worc import LungmetError``."""

from lungmet_worc.basics.errors import LungmetError as LungmetError
