"""Around WORC's fit_and_score: want of memory is no property of a candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lungmet_worc.worc.fitting import fit_function

pytestmark = pytest.mark.worc

NUMPY = "Traceback ...\nnumpy.core._exceptions._ArrayMemoryError: Unable to allocate 3. GiB\n"


def fitted(monkeypatch: pytest.MonkeyPatch, error: str | None, *, return_all: bool) -> Any:
    from WORC.classification import fitandscore

    def inner(*args: Any, **options: Any) -> dict[str, Any]:
        return {"fit_error": error}

    def original(*args: Any, **options: Any) -> Any:
        fitandscore._fit_and_score()
        result = {"test_scores": np.nan, "fit_error": None}
        return ({"estimator": "none"}, result) if return_all else result

    monkeypatch.setattr(fitandscore, "_fit_and_score", inner)
    monkeypatch.setattr(fitandscore, "fit_and_score", original)
    fit = fit_function(aligned=False)
    return fit([[1.0], [2.0]], [0, 1], "f1", [0], [1], {}, return_all=return_all)


@pytest.mark.parametrize("return_all", [True, False])
def test_want_of_memory_ends_the_search(monkeypatch: pytest.MonkeyPatch, return_all: bool) -> None:
    with pytest.raises(MemoryError, match="Unable to allocate"):
        fitted(monkeypatch, NUMPY, return_all=return_all)


def test_another_error_is_a_candidates_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    result = fitted(monkeypatch, "Traceback ...\nValueError: 3 is too few", return_all=False)
    assert result["cause"] == "ValueError: n is too few"
