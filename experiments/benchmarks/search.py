"""Measure the search: WORC's own fit_and_score and ours in turn, over the same candidates.

Without a feature matrix a synthetic one is made. The numbers to read are the ratios; the machine
may be shared.
"""

from __future__ import annotations

import argparse
import copy
import csv
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lungmet_worc.worc import environment


def main() -> None:
    """Print fits per second, the ratio, the estimators' share, memory and the differences."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--features", type=Path, help="an arm's features.hdf5")
    parser.add_argument("--labels", type=Path, help="the arm's labels.csv (Patient, outcome)")
    parser.add_argument("--patients", type=int, default=51, help="of the synthetic matrix")
    parser.add_argument("--columns", type=int, default=1000, help="of the synthetic matrix")
    parser.add_argument("--missing", type=float, default=0.0, help="share of missing cells")
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--splits", type=int, default=1, help="inner splits")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only-accelerated", action="store_true", help="for memory and scaling")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment.set_up(Path(folder))
        measure(arguments, Path(folder))


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run the candidates plain and accelerated in turn, in chunks, and print what was seen."""
    import numpy as np
    from sklearn.model_selection import ParameterSampler, StratifiedShuffleSplit

    from lungmet_worc.worc.acceleration.search import SEARCH
    from lungmet_worc.worc.fitting import fit_function
    from lungmet_worc.worc.random_search import parameter_grid

    values, labels, y = read_data(arguments)
    X = [(row, labels) for row in values.tolist()]
    grid = parameter_grid(configuration(folder))
    candidates = [
        {**parameters, "Number": str(number)}
        for number, parameters in enumerate(
            ParameterSampler(grid, arguments.candidates, random_state=arguments.seed)
        )
    ]
    splits = list(
        StratifiedShuffleSplit(arguments.splits, test_size=0.2, random_state=3).split(values, y)
    )
    print(f"{len(y)} patients, {int(y.sum())} events, {len(labels)} features, "
          f"{len(candidates)} candidates, {len(splits)} inner splits")  # fmt: skip

    def run(fit: Callable[..., Any]) -> tuple[Any, list[float], list[str | None]]:
        scores, seconds, causes = [], [], []
        for train, test in splits:
            for candidate in candidates:
                parameters = copy.deepcopy(candidate)
                started = time.process_time()
                with environment.quiet():
                    result = fit(X, y, "f1_weighted", train, test, parameters, return_all=False)
                seconds.append(time.process_time() - started)
                scores.append((result["test_scores"], result["train_scores"]))
                causes.append(result["cause"])
        return np.asarray(scores), seconds, causes

    ratios, shares, plain_shares, differences, plain_seconds, our_seconds = [], [], [], [], [], []
    own: tuple[Any, list[float], list[str | None]] | None = None
    for repeat in range(arguments.repeats):
        if not arguments.only_accelerated:
            plain_fit = fit_function(aligned=True)
            with estimators_timed() as spent:
                own = run(plain_fit)
            plain_seconds.append(sum(own[1]))
            plain_shares.append(spent[0] / sum(own[1]))
        with SEARCH.installed() as is_on:
            if not is_on:
                print("The accelerated search stays off: other versions are installed.")
                return
            ours = run(fit_function(aligned=True))
        our_seconds.append(sum(ours[1]))
        if own is not None:
            ratios.append(sum(own[1]) / sum(ours[1]))
            shares.append(sum(ours[1]) / spent[0])
            same = np.isclose(own[0], ours[0], rtol=0, atol=1e-9, equal_nan=True).all(axis=1)
            unlike = np.isnan(own[0]) != np.isnan(ours[0])
            differences.append(float(np.nanmax(np.abs(own[0] - ours[0]), initial=0)))
            print(f"repeat {repeat + 1}: ratio {ratios[-1]:.2f}, {int((~same).sum())} of "
                  f"{len(same)} fits differ, {int(unlike.any(axis=1).sum())} in having a score, "
                  f"{sum(a != b for a, b in zip(own[2], ours[2], strict=True))} in the cause "
                  "of having none")  # fmt: skip
    fits = len(candidates) * len(splits)
    if plain_seconds:
        print(f"WORC          {fits / statistics.median(plain_seconds):8.1f} fits/s, "
              f"estimators {statistics.median(plain_shares):.0%} of the time")  # fmt: skip
    print(f"accelerated   {fits / statistics.median(our_seconds):8.1f} fits/s")
    if ratios:
        print(f"ratio         {statistics.median(ratios):8.2f} (median of {len(ratios)})")
        print(f"all of ours / WORC's final estimators alone {statistics.median(shares):8.2f}")
        print(f"largest score difference {max(differences):.3g}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process {peak:.0f} MB")


@contextmanager
def estimators_timed() -> Iterator[list[float]]:
    """Count the processor time within fit and predict of the final estimators of WORC's fits."""
    from WORC.classification import fitandscore

    spent = [0.0]
    fit_and_score = fitandscore._fit_and_score

    def timed(estimator: Any, **options: Any) -> Any:
        # On the object, so that what an ensemble calls of its parts is not counted twice.
        for name in ("fit", "predict"):
            setattr(estimator, name, clocked(getattr(estimator, name)))
        try:
            return fit_and_score(estimator=estimator, **options)
        finally:
            del estimator.fit, estimator.predict

    def clocked(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return method(*args, **options)
            finally:
                spent[0] += time.process_time() - started

        call.__name__ = method.__name__
        return call

    timed.records_errors = getattr(fit_and_score, "records_errors", False)  # type: ignore[attr-defined]
    fitandscore._fit_and_score = timed
    try:
        yield spent
    finally:
        fitandscore._fit_and_score = fit_and_score


def read_data(arguments: argparse.Namespace) -> tuple[Any, list[str], Any]:
    """Return features, names and outcomes: of an arm, or synthetic."""
    import numpy as np

    from lungmet_worc.worc.storage import read_matrix

    random = np.random.default_rng(7)
    if arguments.features:
        matrix = read_matrix(arguments.features)
        with arguments.labels.open(encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
        outcomes = {row[0]: float(row[1]) for row in rows[1:]}
        values, names = matrix.to_numpy(float), [str(name) for name in matrix.columns]
        y = np.asarray([outcomes[str(patient)] for patient in matrix.index])
    else:
        groups = ("hf", "sf", "tf_GLCM", "tf_GLRLM", "tf_Gabor", "tf_LBP", "vf", "phasef")
        names = [
            f"PREDICT_original_{groups[n % len(groups)]}_f{n:04d}_MRI"
            for n in range(arguments.columns)
        ]
        y = (random.random(arguments.patients) < 0.45).astype(float)
        values = random.normal(size=(len(y), len(names))) * np.exp(random.normal(size=len(names)))
        values[:, ::17] += y[:, None]
    if arguments.missing:
        values[random.random(values.shape) < arguments.missing] = np.nan
    return values, names, y


def configuration(folder: Path) -> dict[str, Any]:
    """Return WORC's configuration of the full preset."""
    from lungmet_worc.study import worc_settings as settings
    from lungmet_worc.worc.random_search import load_settings

    chosen = settings.merge(
        settings.default_settings(),
        {"Classification": {"classifiers": ", ".join(settings.DEFAULT_CLASSIFIERS)}},
    )
    path = folder / "full.ini"
    path.write_text(settings.to_ini(chosen), "utf-8")
    return load_settings(str(path))


if __name__ == "__main__":
    main()
