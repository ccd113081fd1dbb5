"""The accelerated search scores, selects and predicts as WORC's own functions do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.study import worc_settings as settings
from lungmet_worc.worc import environment
from lungmet_worc.worc.acceleration import checked, reuse, workflow
from lungmet_worc.worc.acceleration.search import SEARCH
from lungmet_worc.worc.extraction import extract
from lungmet_worc.worc.fitting import fit_function
from lungmet_worc.worc.random_search import load_settings, parameter_grid
from lungmet_worc.worc.storage import read_features
from tests.worc.tools import modality_settings

pytestmark = pytest.mark.worc

#: Order in which ``fit_and_score`` returns the fitted steps, as names of WORC's search class.
STEPS = (
    "best_groupsel", "best_varsel", "best_modelsel", "best_featlab", "best_scaler",
    "best_encoder", "best_imputer", "best_pca", "best_statisticalsel", "best_rfesel",
    "best_reliefsel", "best_Sampler",
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """Patients with features, and candidates of the full grid to be fitted to them."""

    X: list[tuple[list[float], list[str]]]
    y: np.ndarray
    splits: list[tuple[np.ndarray, np.ndarray]]
    candidates: list[dict[str, Any]]


def _values(random: np.random.Generator, y: np.ndarray) -> np.ndarray:
    values = random.normal(size=(len(y), 120)) * np.exp(2 * random.normal(size=120))
    values[:, ::7] += 2 * y[:, None] * values[:, ::7].std(axis=0)
    values[:, 5:30:4] = np.round(values[:, 5:30:4])
    values[:, 40:44] = 3.0
    values[:, 44] = values[:, 45]
    values[:, 50] = np.where(y == 1, 1.0, 0.0)
    values[:, 60:62] *= 1e9
    values[:, 62] *= 1e-9
    values[:, 63] = (np.arange(len(y)) == 3) * 50.0
    return values


def _names() -> list[str]:
    groups = (
        "original_hf", "original_sf", "original_tf_GLCM", "original_tf_GLRLM", "tf_Gabor",
        "tf_LBP", "vf", "phasef", "original_of", "wavelet_hf",
    )  # fmt: skip
    names = [f"PREDICT_{groups[n % len(groups)]}_f{n:03d}_MRI" for n in range(120)]
    names[70], names[71] = "PREDICT_original_semf_age", "PREDICT_original_hf_pf_grade"
    return names


@pytest.fixture(scope="module", params=["missing", "complete"])
def awkward(
    request: pytest.FixtureRequest, worc: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Data:
    """Return 40 patients with 120 features as nobody wants them."""
    from sklearn.model_selection import StratifiedShuffleSplit

    random = np.random.default_rng(23)
    # A small class: 8 of 40, of which 2 are in each validation part.
    y = np.zeros(40)
    y[random.choice(40, 8, replace=False)] = 1
    values = _values(random, y)
    splits = list(StratifiedShuffleSplit(3, test_size=0.2, random_state=1).split(values, y))
    if request.param == "missing":
        values[random.random(values.shape) < 0.03] = np.nan
        values[:, 80] = np.nan
        # Missing in every training row of the first split only.
        values[splits[0][0], 81] = np.nan
    names = _names()
    candidates = _candidates(tmp_path_factory.mktemp("full"), 80)
    return Data([(row, names) for row in values.tolist()], y, splits, candidates)


def _candidates(folder: Path, number: int) -> list[dict[str, Any]]:
    """Return candidates of the grid of the full preset."""
    from sklearn.model_selection import ParameterSampler

    merged = settings.merge(
        settings.default_settings(),
        {"Classification": {"classifiers": ", ".join(settings.DEFAULT_CLASSIFIERS)}},
    )
    path = folder / "full.ini"
    path.write_text(settings.to_ini(merged), "utf-8")
    drawn = ParameterSampler(parameter_grid(load_settings(str(path))), number, random_state=2)
    return [{**parameters, "Number": str(n)} for n, parameters in enumerate(drawn)]


@contextmanager
def _fitting(*, accelerated: bool, aligned: bool = True) -> Iterator[Callable[..., Any]]:
    if not accelerated:
        yield fit_function(aligned=aligned)
        return
    with SEARCH.installed() as is_on:
        assert is_on
        yield fit_function(aligned=aligned)


def _scores(
    data: Data, *, accelerated: bool, scoring_name: str = "f1_weighted", **options: Any
) -> list[Any]:
    """Return scores, cause, the candidate afterwards and the next random number of each fit."""
    seen = []
    with environment.quiet(), _fitting(accelerated=accelerated, **options) as fit:
        for number, candidate in enumerate(data.candidates):
            train, test = data.splits[number % len(data.splits)]
            parameters = copy.deepcopy(candidate)
            np.random.seed(number)
            fitted = fit(data.X, data.y, scoring_name, train, test, parameters, return_all=False)
            assert fitted["parameters"] is parameters
            seen.append(
                (
                    fitted["test_scores"],
                    fitted["train_scores"],
                    fitted["n_test_samples"],
                    fitted["cause"],
                    sorted(fitted),
                    parameters,
                    np.random.random(),
                )
            )
    return seen


def _assert_same(own: list[Any], ours: list[Any]) -> None:
    for number, (one, other) in enumerate(zip(own, ours, strict=True)):
        np.testing.assert_allclose(
            np.asarray(other[:2], float), np.asarray(one[:2], float),
            rtol=0, atol=1e-9, err_msg=f"candidate {number}: {one[5]}",
        )  # fmt: skip
        assert other[2:] == one[2:], f"candidate {number}"


def test_scores_causes_and_random_numbers_are_those_of_worc(awkward: Data) -> None:
    own = _scores(awkward, accelerated=False)
    ours = _scores(awkward, accelerated=True)
    _assert_same(own, ours)
    scored = np.isfinite([one[0] for one in own])
    # Both kinds of candidates are there, and not all the same.
    assert 20 < scored.sum() < len(scored)
    assert len({one[0] for one in own}) > 8
    assert len({one[3] for one in own}) > 2


def test_candidates_of_the_full_grid_are_not_handed_back_to_worc(
    awkward: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_back = []
    with environment.quiet(), _fitting(accelerated=True) as fit:
        monkeypatch.setattr(
            workflow.fit_and_score, "stands_for", lambda *a, **b: handed_back.append(a)
        )
        for candidate in awkward.candidates[:12]:
            rows = awkward.splits[0]
            fit(awkward.X, awkward.y, "f1", *rows, copy.deepcopy(candidate), return_all=False)
    assert not handed_back


def test_scores_are_those_of_worc_with_its_labels_out_of_line(awkward: Data) -> None:
    some = Data(awkward.X, awkward.y, awkward.splits, awkward.candidates[:20])
    own = _scores(some, accelerated=False, aligned=False)
    _assert_same(own, _scores(some, accelerated=True, aligned=False))


@pytest.mark.real
@pytest.mark.slow
def test_scores_of_real_features_are_those_of_worc(
    worc: ModuleType, real_cohort: Path, tmp_path: Path
) -> None:
    """WORC's full feature set of the patients with the smallest MRI."""
    from sklearn.model_selection import StratifiedShuffleSplit

    folders = sorted(
        (real_cohort / "nifti").iterdir(),
        key=lambda folder: (folder / "MR_T1_image.nii.gz").stat().st_size,
    )[:20]
    ini = tmp_path / "settings.ini"
    ini.write_text(settings.to_ini(modality_settings("MR", full=True)), "utf-8")
    rows = []
    for folder in folders:
        output = tmp_path / f"{folder.name}.hdf5"
        extract(
            image=str(folder / "MR_T1_image.nii.gz"),
            segmentation=str(folder / "MR_T1_mask.nii.gz"),
            label=None,
            settings=str(ini),
            accelerate=True,
            scratch=str(tmp_path / "scratch"),
            output=str(output),
            stamp="",
        )
        rows.append(read_features(output))
    names = [f"{name}_MRI" for name in rows[0]]
    clinical = pd.read_csv(real_cohort / "clinical.csv", index_col="patient_id")
    y = clinical.loc[[folder.name for folder in folders], "lung_met"].to_numpy(float)
    X = [([float(value) for value in row.values()], names) for row in rows]
    splits = list(StratifiedShuffleSplit(2, test_size=0.3, random_state=1).split(X, y))
    data = Data(X, y, splits, _candidates(tmp_path, 40))
    own = _scores(data, accelerated=False)
    assert np.isfinite([one[0] for one in own]).sum() > 20
    _assert_same(own, _scores(data, accelerated=True))


def test_scores_by_probability_are_those_of_worc(awkward: Data) -> None:
    chosen = [c for c in awkward.candidates if c["classifiers"] in ("SVM", "RF")][:10]
    some = Data(awkward.X, awkward.y, awkward.splits, chosen)
    for name in ("roc_auc", "neg_brier_score"):
        own = _scores(some, accelerated=False, scoring_name=name)
        assert np.isfinite([one[0] for one in own]).any()
        _assert_same(own, _scores(some, accelerated=True, scoring_name=name))


def _refitted(data: Data, *, accelerated: bool) -> list[tuple[Any, ...]]:
    """Refit candidates as WORC does for an ensemble: whatever cannot be done is skipped."""
    fitted = []
    everybody = np.arange(len(data.y))
    with environment.quiet(), _fitting(accelerated=accelerated) as fit:
        for number, candidate in enumerate(data.candidates[:32]):
            rows = data.splits[0] if number % 3 == 0 else (everybody, everybody)
            # For the members of an ensemble WORC names no score.
            score = None if number % 2 else "f1_weighted"
            fitted.append(
                fit(
                    data.X, data.y, score, *rows, copy.deepcopy(candidate),
                    return_estimator=True, return_all=True, skip=True,
                )
            )  # fmt: skip
    return fitted


def _outlook(fitted: tuple[Any, ...], values: np.ndarray) -> np.ndarray | None:
    """Return what a refitted workflow says of new patients, through WORC's own search class."""
    from sklearn.exceptions import NotFittedError
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    search = RandomizedSearchCVfastr()
    search.best_preprocessor = None
    for name, step in zip(STEPS, fitted[1:], strict=True):
        setattr(search, name, step)
    processed, _ = search.preprocess(values.copy())
    try:
        said = fitted[0]["estimator"].predict_proba(processed)
    except NotFittedError:
        return None
    return np.column_stack((np.asarray(processed, float), said))


def test_refitted_workflows_transform_and_predict_new_patients_as_those_of_worc(
    awkward: Data,
) -> None:
    own = _refitted(awkward, accelerated=False)
    ours = _refitted(awkward, accelerated=True)
    random = np.random.default_rng(4)
    new = _values(random, np.asarray([0.0, 1.0, 0.0, 1.0, 0.0]))
    new[random.random(new.shape) < 0.05] = np.nan
    predicted = 0
    with environment.quiet():
        for number, (one, other) in enumerate(zip(own, ours, strict=True)):
            assert [type(step) for step in other[1:]] == [type(step) for step in one[1:]], number
            assert list(other[4]) == list(one[4])
            for score in ("test_scores", "train_scores"):
                assert other[0][score] == pytest.approx(one[0][score], abs=1e-9, nan_ok=True)
            assert one[0]["parameters"] == other[0]["parameters"]
            # What is written into a file is WORC's, and can be read without this package.
            written = pickle.dumps(other)
            assert b"lungmet" not in written
            expected, said = _outlook(one, new), _outlook(pickle.loads(written), new)
            assert (expected is None) == (said is None), number
            if expected is not None and said is not None:
                np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)
                predicted += 1
    assert predicted > 12


def test_memory_does_not_grow_with_candidates_or_splits(awkward: Data) -> None:
    with environment.quiet(), _fitting(accelerated=True) as fit:
        for number, candidate in enumerate(awkward.candidates[:9]):
            rows = awkward.splits[number % 3]
            fit(awkward.X, awkward.y, "f1", *rows, copy.deepcopy(candidate), return_all=False)
        assert len(reuse._splits) == reuse._SPLITS_KEPT
    reuse.forget_splits()
    assert not reuse._splits


def test_replacements_come_and_go(worc: ModuleType) -> None:
    from WORC.classification import SearchCV, fitandscore
    from WORC.featureprocessing.Scalers import RobustStandardScaler

    def current() -> list[Any]:
        return [
            fitandscore.fit_and_score,
            fitandscore._fit_and_score,
            fitandscore.replacenan,
            SearchCV.replacenan,
            RobustStandardScaler.fit,
        ]

    before = current()
    with SEARCH.installed():
        assert SEARCH.install()
        assert all(a is not b for a, b in zip(before, current(), strict=True))
        assert fitandscore.fit_and_score is workflow.fit_and_score
    assert all(a is b for a, b in zip(before, current(), strict=True))


def test_other_versions_leave_worc_as_it_is(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from WORC.classification import fitandscore

    monkeypatch.setattr(checked.metadata, "version", lambda name: "3.6.3")
    before = fitandscore.fit_and_score
    assert not SEARCH.install()
    assert fitandscore.fit_and_score is before


def test_the_switch_imports_nothing_of_worc() -> None:
    """Importing the switch imports nothing of WORC, so that a start stays quick."""
    import subprocess
    import sys

    code = (
        "import sys; import lungmet_worc.worc.acceleration.search; "
        "sys.exit('WORC' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
