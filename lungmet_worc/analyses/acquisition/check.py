"""Which columns of the manifest say how images were made."""

from __future__ import annotations

from lungmet_worc.study.config import StudyConfig


def columns(study: StudyConfig) -> tuple[str, ...]:
    """Return the columns that describe scanners and protocols."""
    return study.report.acquisition
