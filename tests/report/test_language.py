from __future__ import annotations

import pytest

from lungmet_worc.report.language import Language, language

TEXTS = {"{arm}: AUC {auc:.2f}": "{arm}: AUC {auc:.2f} (gemiddeld)", "{n:,}": "{n:,}"}
DUTCH = Language("nl", TEXTS)


def test_english_is_the_text_itself() -> None:
    assert language("en")("AUC {auc:.2f} of {arm}", auc=0.704, arm="MRI") == "AUC 0.70 of MRI"
    assert language("en")("100 % {") == "100 % {"


def test_dutch_numbers_have_decimal_commas_and_names_stay() -> None:
    said = DUTCH("{arm}: AUC {auc:.2f}", arm="T1 v1.5", auc=0.704)
    assert said == "T1 v1.5: AUC 0,70 (gemiddeld)"
    assert DUTCH("{n:,}", n=12000) == "12.000"


def test_plural() -> None:
    texts = "{n} split of {arm}", "{n} splits of {arm}"
    assert language("en").plural(1, *texts, arm="CT") == "1 split of CT"
    assert language("en").plural(0, *texts, arm="CT") == "0 splits of CT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.67 (0.55 to 0.78).", "0,67 (0,55 to 0,78)."),
        ("-0.10", "-0,10"),
        ("WORC 3.7.0, v1.5", "WORC 3.7.0, v1.5"),
        ("STS_0.5", "STS_0.5"),
    ],
)
def test_decimal_marks_of_cells(text: str, expected: str) -> None:
    assert DUTCH.decimals(text) == expected
    assert language("en").decimals(text) == text


def test_a_text_without_dutch_is_said_in_english_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert DUTCH("Not there.") == "Not there."
    assert "Not there." in caplog.text


def test_a_language_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(KeyError, match="en, nl"):
        language("de")
