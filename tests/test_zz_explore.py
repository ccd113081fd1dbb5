"""Splits in which an arm has nobody to test, or cannot be trained on, never end a run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from lungmet_worc import Run, Study
from lungmet_worc.checks.study import check_study
from lungmet_worc.progress import Quiet
from lungmet_worc.study_file import load_study
from tests.stand_in import WITHOUT_FINGERPRINT, use_stand_in
from tests.synthetic import write_rows


def write_clinical_study(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    arms: Mapping[str, Sequence[str]],
    *,
    search: str = "splits = 20",
    cohort: str = 'patients = "available"',
    more: str = "",
    impute: Sequence[str] = (),
) -> Path:
    """Write a study of clinical arms: arm -> its columns."""
    write_rows(folder / "manifest.csv", rows)
    said = "".join(
        f"[arms.{arm}]\nclinical = {list(columns)}\n"
        + ('missing = "impute"\n' if arm in impute else "")
        for arm, columns in arms.items()
    )
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "small"\noutcome = "lung_met"\n'
        f'[cohort]\nmanifest = "manifest.csv"\n{cohort}\n{said}'
        f'[search]\npreset = "smoke"\ncandidates = 4\nensemble = {{method = "top_N", size = 1}}\n'
        f"{search}\n{WITHOUT_FINGERPRINT}{more}\n",
        "utf-8",
    )
    return path


def fourteen_patients() -> list[dict[str, Any]]:
    """Return patients of whom four have no size, and one no age."""
    return [
        {
            "patient_id": f"P{number + 1}",
            "lung_met": number % 2,
            "age": "" if number == 9 else 40 + (7 * number) % 31,
            "size": "" if number in (1, 4, 6, 11) else 20 + (11 * number) % 37,
        }
        for number in range(14)
    ]


ARMS = {"age": ["age"], "size": ["size"], "both": ["age", "size"]}


@pytest.fixture(scope="module")
def unlucky_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run in which arms are not tested in some of 20 splits."""
    folder = tmp_path_factory.mktemp("unlucky")
    study = write_clinical_study(folder, fourteen_patients(), ARMS)
    with pytest.MonkeyPatch.context() as patched:
        use_stand_in(patched)
        return Study.from_toml(study).run(folder / "run", progress=Quiet())


def test_an_unlucky_split_is_said_by_check_and_ends_no_run(unlucky_run: Run) -> None:
    report = check_study(load_study(unlucky_run.paths.folder.parent / "study.toml"))
    assert report.ok


@st.composite
def small_studies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw rows and a study that are at the edge of what can be split."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_patients = draw(st.integers(9, 26))
    gaps = {name: draw(st.sampled_from([0.0, 0.1, 0.3, 0.5])) for name in ("age", "mark", "kind")}
    events = draw(st.sampled_from([0.3, 0.5, 0.6]))
    rare = draw(st.sampled_from([0.1, 0.4]))

    def cell(column: str, value: object) -> object:
        return "" if random.random() < gaps[column] else value

    rows = [
        {
            "patient_id": f"{random.choice(['P', 'p', 'Q-'])}{number}",
            "lung_met": "" if random.random() < 0.05 else int(random.random() < events),
            "age": cell("age", int(random.integers(30, 80))),
            "mark": cell("mark", "yes" if random.random() < rare else "no"),
            "kind": cell("kind", str(random.choice(["lipo", "myxo", "other"]))),
            "site": str(random.choice(["A", "B", "C", "D"], p=[0.4, 0.3, 0.2, 0.1])),
        }
        for number in range(n_patients)
    ]
    columns = st.lists(st.sampled_from(list(gaps)), min_size=1, max_size=3, unique=True)
    arms = draw(st.lists(columns, min_size=1, max_size=3))
    by_centre = draw(st.booleans())
    drawn = f"splits = {draw(st.integers(1, 5))}\ntest_size = {draw(st.sampled_from([0.2, 0.3]))}"
    patients = draw(st.sampled_from(["available", "available", "common"]))
    return {
        "rows": rows,
        "arms": {f"arm{number}": one for number, one in enumerate(arms)},
        "impute": [f"arm{n}" for n in range(len(arms)) if draw(st.booleans())],
        "cohort": f'patients = "{patients}"' + ('\ncentre = "site"' if by_centre else ""),
        "search": f"inner_splits = {draw(st.integers(1, 3))}\n"
        + ('split_type = "leave-one-centre-out"' if by_centre else drawn),
        "more": "[worc.HyperOptimization]\n"
        f"test_size = {draw(st.sampled_from([0.2, 0.34, 0.5]))}\n"
        f"[statistics]\npermutations = {draw(st.integers(0, 1))}",
    }


@settings(
    max_examples=250,
    derandomize=False,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(small_studies())
def test_whatever_check_passes_is_searched_to_its_end(drawn: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        folder = Path(name)
        path = write_clinical_study(folder, drawn.pop("rows"), drawn.pop("arms"), **drawn)
        report = check_study(load_study(path))
        assume(report.ok)
        engine = use_stand_in(patched)
        run = Study.from_toml(path).run(folder / "run", only="search", progress=Quiet())
        digest = run.digest()
        event(f"untested {sum(len(arm.untested) for arm in digest.arms) > 0}")
        assert engine.ran
        assert all(arm.n_done == arm.n_splits for arm in digest.arms)
