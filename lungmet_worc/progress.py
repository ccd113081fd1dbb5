"""Kept for scripts older than ``from lungmet_worc import Quiet``."""

from lungmet_worc.tasks.progress import Quiet as Quiet
