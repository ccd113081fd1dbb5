"""What "lungmet run" says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.cli.run_summary import WIDTH, summary_text

if TYPE_CHECKING:
    from lungmet_worc import Run

pytestmark = [pytest.mark.worc, pytest.mark.slow]


def test_the_answer_comes_first_and_every_arm_has_a_line(small_run: Run) -> None:
    from lungmet_worc.report.headline import headline

    text = summary_text(small_run)
    said = headline(small_run.performance, small_run.comparison, "lung_met")
    assert " ".join(text.split()).startswith(" ".join(said.answer))
    lines = [line.split("  ")[0] for line in text.splitlines()]
    for arm in ("MRI only", "CT only", "Combined"):
        assert lines.count(arm) == 1


def test_pairs_have_the_test_that_the_answer_rests_on(small_run: Run) -> None:
    rows = small_run.comparison
    rows = rows[(rows["metric"] == "auc") & (rows["test"] == TEST_NAME)]
    lines = [line for line in summary_text(small_run).splitlines() if " minus " in line[:30]]
    assert len(lines) == len(rows) == 3
    for line, row in zip(lines, rows.to_dict("records"), strict=True):
        assert f"{row['difference']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})" in line


def test_a_value_that_is_too_good_is_warned_about(small_run: Run) -> None:
    """The images of the small study carry a strong signal."""
    highest = small_run.performance.query("metric == 'auc'")["mean"].max()
    assert ("Warning: " in summary_text(small_run)) == (highest > 0.9)


def test_sentences_fit_the_width(small_run: Run) -> None:
    before_tables = summary_text(small_run).partition("\nArm ")[0]
    assert max(map(len, before_tables.splitlines())) <= WIDTH
