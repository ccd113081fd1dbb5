"""The accelerated evaluation gives WORC's numbers, texts and order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.worc import environment
from lungmet_worc.worc.acceleration import checked
from lungmet_worc.worc.acceleration.evaluation import EVALUATION, plot_estimator_performance
from lungmet_worc.worc.evaluation import evaluate, evaluation_frame
from lungmet_worc.worc.storage import write_estimators
from tests.worc.small import OUTCOME, SmallData

pytestmark = pytest.mark.worc

Result = dict[str, Any]


@pytest.fixture(autouse=True)
def _off_afterwards() -> Iterator[None]:
    yield
    EVALUATION.uninstall()


def result(
    outcomes: Mapping[str, int],
    test: Sequence[str],
    posterior: Sequence[float],
    predicted: Sequence[int] | None = None,
) -> Result:
    """Return what is stored of a split; predicted at 0.5 unless it is said."""
    guesses = [int(value > 0.5) for value in posterior] if predicted is None else list(predicted)
    return {
        "train": [patient for patient in outcomes if patient not in test],
        "test": list(test),
        "outcome": [outcomes[patient] for patient in test],
        "posterior": list(posterior),
        "predicted": guesses,
        "candidates": [],
        "causes": {},
        "seed": 1,
    }


def random_results(outcomes: Mapping[str, int], n_splits: int, n_test: int) -> list[Result]:
    random = np.random.default_rng(11)
    results = []
    for _ in range(n_splits):
        # The last three patients are never tested.
        test = random.choice(list(outcomes)[:-3], n_test, replace=False).tolist()
        signal = np.asarray([outcomes[patient] for patient in test])
        # Rounded, so that some are tied.
        results.append(
            result(outcomes, test, np.round(signal * 0.3 + random.random(n_test) * 0.7, 1))
        )
    return results


def awkward() -> dict[str, tuple[dict[str, int], list[Result]]]:
    """Return outcomes and results by what is awkward about them."""
    some = {f"P{number:02d}": int(number % 3 == 0) for number in range(30)}
    ids = list(some)
    rare = {patient: int(patient == "P00") for patient in ids}
    nan = [float("nan")] * 4
    return {
        "ordinary": (some, random_results(some, 8, 9)),
        "one split": (some, random_results(some, 1, 9)),
        "everybody negative": (some, [result(some, ids[n : n + 6], [0.2] * 6) for n in range(4)]),
        "everybody positive": (some, [result(some, ids[n : n + 6], [0.8] * 6) for n in range(4)]),
        "one event": (rare, random_results(rare, 5, 7)),
        "only events": (some, [result(some, ["P00", "P03", "P06"], [0.9, 0.4, 0.6])] * 2),
        "one class right": (some, [result(some, ["P00", "P03"], [0.9, 0.7])] * 3),
        "no AUC anywhere": (some, [result(some, ["P01", "P02"], [0.1, 0.7])] * 3),
        "AUC in one split": (
            some,
            [result(some, ["P01", "P02"], [0.1, 0.7]), result(some, ids[:5], [0.3] * 5)],
        ),
        "one patient": (some, [result(some, ["P00"], [0.9]), result(some, ["P01"], [0.9])]),
        "without posteriors": (some, [result(some, ids[:4], nan, [0, 1, 0, 1])] * 2),
        "splits of many sizes": (some, [result(some, ids[:n], [0.6] * n) for n in range(2, 12)]),
        "equal splits": (some, [result(some, ids[:5], [0.9, 0.1, 0.8, 0.2, 0.6])] * 4),
    }


def by_both(
    folder: Path, config: Mapping[str, Any], rows: Sequence[tuple[str, Any]], results: list[Result],
    names: Mapping[str, str] | None = None,
) -> tuple[str, str]:  # fmt: skip
    """Return WORC's evaluation and ours as JSON, which keeps their order."""
    from WORC.plotting import plot_estimator_performance as module

    labels = folder / "labels.csv"
    lines = [f"Patient,{OUTCOME}", *(f"{name},{outcome}" for name, outcome in rows)]
    labels.write_text("\n".join(lines) + "\n", "utf-8")
    known = names or {patient: patient for r in results for patient in (*r["train"], *r["test"])}
    texts = []
    for is_on in (False, True):
        EVALUATION.use(is_on)
        assert hasattr(module.plot_estimator_performance, "stands_for") == is_on
        with environment.quiet(), pytest.MonkeyPatch.context() as patch:
            if is_on:
                # It may not hand over what it stands for.
                patch.delattr(plot_estimator_performance, "stands_for")
            found = module.plot_estimator_performance(
                prediction=evaluation_frame(results, config, OUTCOME, known),
                label_data=str(labels),
                label_type=OUTCOME,
                output="stats",
            )
        texts.append(json.dumps(found, default=lambda value: value.tolist()))
    return texts[0], texts[1]


@pytest.mark.parametrize("case", awkward())
def test_equals_worc(case: str, small: SmallData, tmp_path: Path) -> None:
    outcomes, results = awkward()[case]
    theirs, ours = by_both(tmp_path, small.config(), list(outcomes.items()), results)
    assert ours == theirs
    tested = {patient for split in results for patient in split["test"]}
    assert json.loads(ours)["Rankings"]["timesintestset"].keys() == tested


def test_equals_worc_where_labels_do_not_fit(small: SmallData, tmp_path: Path) -> None:
    """A patient with two labels, one without, and two parts of one patient."""
    outcomes = {"P1": 1, "P2": 0, "P3": 0, "P4": 1, "P5_0": 1, "P5_1": 1}
    results = [
        result(outcomes, ["P1", "P2", "P5_0", "P3"], [0.9, 0.2, 0.3, 0.6]),
        result(outcomes, ["P4", "P2", "P5_1", "P3"], [0.9, 0.7, 0.8, 0.1]),
    ]
    rows = [("P1", 1), ("P1", 0), ("P2", 0), ("P4", 1.5), ("P5", 1)]
    theirs, ours = by_both(tmp_path, small.config(), rows, results)
    assert ours == theirs
    assert json.loads(ours)["Rankings"]["timesintestset"].keys() == {
        "P1", "P2", "P4", "P5_0", "P5_1",
    }  # fmt: skip


def test_equals_worc_where_ids_are_numbers(small: SmallData, tmp_path: Path) -> None:
    """WORC reads such ids as numbers, and finds nobody (errata E5)."""
    outcomes = {str(number): number % 2 for number in range(6)}
    results = [result(outcomes, ["0", "1", "2"], [0.1, 0.9, 0.7])] * 2
    theirs, ours = by_both(tmp_path, small.config(), list(outcomes.items()), results)
    assert ours == theirs
    assert json.loads(ours)["Rankings"]["timesintestset"] == {}


def changed(config: dict[str, Any], section: str, key: str, value: Any) -> dict[str, Any]:
    return config | {section: config[section] | {key: value}}


def test_other_questions_are_left_to_worc(
    small: SmallData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small.config()
    results = random_results(small.outcomes, 2, 6)
    names = {patient: patient for patient in small.outcomes}
    asked: list[Any] = []
    EVALUATION.install()
    monkeypatch.setattr(
        plot_estimator_performance,
        "stands_for",
        lambda *args, **options: asked.append((args, options)),
        raising=True,
    )
    labels = str(small.write_labels())

    def frame(config: Mapping[str, Any] = config, **change: Any) -> pd.DataFrame:
        made = evaluation_frame(results, config, OUTCOME, names)
        for key, value in change.items():
            made[OUTCOME][key] = value
        return made

    class NoEnsemble:
        ensemble = []  # noqa: RUF012

    calls = [
        (frame(changed(config, "Labels", "modus", "multilabel")), labels, OUTCOME, {}),
        (frame(changed(config, "CrossValidation", "Type", "LOO")), labels, OUTCOME, {}),
        (frame(changed(config, "Bootstrap", "Use", True)), labels, OUTCOME, {}),
        (frame(classifiers=[NoEnsemble(), NoEnsemble()]), labels, OUTCOME, {}),
        (frame(patient_ID_test=[np.asarray([]), np.asarray([])]), labels, OUTCOME, {}),
        (frame(), {"patient_IDs": []}, OUTCOME, {}),
        (frame(), labels, [OUTCOME], {}),
        (frame(), labels, OUTCOME, {"alpha": 0.9}),
        (str(tmp_path / "estimators.hdf5"), labels, OUTCOME, {}),
    ]
    for number, (prediction, label_data, label_type, more) in enumerate(calls, 1):
        plot_estimator_performance(prediction, label_data, label_type, output="stats", **more)
        assert len(asked) == number
    plot_estimator_performance(frame(), labels, OUTCOME, output="scores")
    assert len(asked) == len(calls) + 1
    assert asked[-1][1] == {"output": "scores"}


def test_file_of_an_arm_is_the_same(small: SmallData, tmp_path: Path) -> None:
    results = random_results(small.outcomes, 3, 6)
    splits = []
    for number, one in enumerate(results):
        splits.append(str(tmp_path / f"{number}.hdf5"))
        write_estimators(Path(splits[-1]), pd.DataFrame(), one, stamp="stamp")
    written = {}
    for accelerate in (False, True):
        evaluate(
            splits=splits,
            labels=str(small.write_labels()),
            settings=str(small.settings("evaluation")),
            outcome_name=OUTCOME,
            names={name: name for name in small.outcomes},
            accelerate=accelerate,
            output=str(tmp_path / f"{accelerate}.json"),
            stamp="stamp",
        )
        written[accelerate] = (tmp_path / f"{accelerate}.json").read_bytes()
    assert written[True] == written[False]


def test_another_version_leaves_worc_alone(worc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from WORC.plotting import plot_estimator_performance as module

    plain = module.plot_estimator_performance
    monkeypatch.setattr(checked.metadata, "version", lambda name: "3.8.0")
    with EVALUATION.installed() as is_on:
        assert not is_on
        assert module.plot_estimator_performance is plain


def test_switching_on_twice_and_off(worc: Any) -> None:
    from WORC.plotting import plot_estimator_performance as module

    plain = module.plot_estimator_performance
    with EVALUATION.installed() as is_on, EVALUATION.installed():
        assert is_on
        assert module.plot_estimator_performance is plot_estimator_performance
    assert module.plot_estimator_performance is plain
    EVALUATION.uninstall()
    assert module.plot_estimator_performance is plain
