"""Missing cells of a feature matrix, on whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def replacenan(
    image_features: np.ndarray, verbose: bool = True, feature_labels: Any = None
) -> np.ndarray:
    """Return the features with zero in place of NaN.

    Stands for ``WORC.classification.fitandscore.replacenan``, which looks at one cell after the
    other. Which cells are NaN, and that they become zero, does not depend on the order.

    Parameters
    ----------
    image_features : ndarray, shape (n_patients, n_features)
        Feature values.
    verbose : bool
        Name each missing cell, as WORC does.
    feature_labels : sequence of str, shape (n_features,), optional
        Names for that.

    Returns
    -------
    ndarray, shape (n_patients, n_features)
        A copy.
    """
    replaced: np.ndarray = image_features.copy()
    missing = np.isnan(replaced)
    if missing.any():
        if verbose:
            from WORC.classification import fitandscore

            return _plain(fitandscore)(image_features, verbose, feature_labels)
        replaced[missing] = 0
    return replaced


def is_complete(*parts: np.ndarray) -> bool:
    """Return whether every cell is a finite number, so that imputation changes nothing.

    scikit-learn's imputers drop columns without any value and fill missing cells; without
    missing cells both the training and the validation rows come back as they are. Infinite
    cells make an imputer fail, hence are not complete either.
    """
    return all(bool(np.isfinite(part).all()) for part in parts)


def _plain(fitandscore: Any) -> Any:
    """Return WORC's own function, which prints a line for each missing cell."""
    return getattr(fitandscore.replacenan, "stands_for", fitandscore.replacenan)
