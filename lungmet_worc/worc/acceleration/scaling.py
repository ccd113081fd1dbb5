"""Scaling of features without the rows beyond the 5th and 95th percentile."""

from __future__ import annotations

from typing import Any

import numpy as np

#: What is left of a feature must have at least this many values to be scaled by them.
_LEAST_VALUES = 2


def fit_robust(self: Any, X: Any, y: Any = None) -> Any:
    """Compute mean and standard deviation of each feature without its outliers.

    Stands for ``WORC.featureprocessing.Scalers.RobustStandardScaler.fit``, which takes one
    column after the other. Percentiles are computed per column there and here: of a complete
    column ``numpy.nanpercentile`` and ``numpy.percentile`` are the same numbers. With missing
    cells WORC's function runs.

    Parameters
    ----------
    self : RobustStandardScaler
        The scaler, fitted in place.
    X : array-like, shape (n_patients, n_features)
        Training features.
    y : None
        Ignored, as in WORC.

    Returns
    -------
    RobustStandardScaler
        The scaler.
    """
    values = np.copy(X)
    if values.ndim != 2 or values.dtype != np.float64 or not np.isfinite(values).all():
        return fit_robust.stands_for(self, X, y)  # type: ignore[attr-defined]
    self._reset()
    low, high = np.percentile(values, 5, axis=0), np.percentile(values, 95, axis=0)
    self.percentile_ = [low, high]
    outliers = (low != high) & ~((values > low) & (values < high))
    # From no value or one nothing can be scaled: such a feature keeps all.
    outliers &= len(values) - outliers.sum(axis=0) >= _LEAST_VALUES
    values[outliers] = np.nan
    return self.partial_fit(values, y)


def fitted_part(scaler: Any, full: Any, columns: np.ndarray) -> Any:
    """Give a scaler what was fitted on all features, for some of them.

    Every number of ``StandardScaler.partial_fit`` belongs to one column and is computed from
    that column alone, row by row.

    Parameters
    ----------
    scaler : RobustStandardScaler
        A new scaler.
    full : RobustStandardScaler
        Fitted on all features.
    columns : ndarray of int, shape (n_selected,)
        Which features.

    Returns
    -------
    RobustStandardScaler
        The new scaler, fitted.
    """
    scaler.percentile_ = [values[columns] for values in full.percentile_]
    for name in ("mean_", "var_", "scale_"):
        setattr(scaler, name, getattr(full, name)[columns])
    seen = np.broadcast_to(full.n_samples_seen_, full.mean_.shape)[columns]
    scaler.n_samples_seen_ = seen[0] if np.max(seen) == np.min(seen) else seen
    scaler.n_features_in_ = len(columns)
    return scaler
