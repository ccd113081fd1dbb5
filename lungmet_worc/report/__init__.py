"""The report of a study: one self-contained HTML file."""

from __future__ import annotations

from lungmet_worc.report.context import ReportContext
from lungmet_worc.report.page import write_report

__all__ = ["ReportContext", "write_report"]
