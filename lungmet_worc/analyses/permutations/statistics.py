"""P-value of a permutation test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def permutation_p_value(observed: float, permuted: ArrayLike) -> float:
    """Compute the one-sided p-value of a permutation test.

    p = (1 + number of permuted values >= observed) / (1 + number of permutations) [1]_: the
    data as observed are one of their permutations, so that p is never 0.

    Parameters
    ----------
    observed : float
        Value with the outcomes as they are, such as the AUC of an arm.
    permuted : array of float, shape (n_permutations,)
        Values of the whole analysis repeated with permuted outcomes; nan where it gave none.
        Such permutations are left out.

    Returns
    -------
    float
        Nan without an observed value or a permutation.

    References
    ----------
    .. [1] Phipson B, Smyth GK. Permutation p-values should never be zero: calculating exact
       p-values when permutations are randomly drawn. Statistical Applications in Genetics and
       Molecular Biology 2010;9:39. doi:10.2202/1544-6115.1585
    """
    values = np.asarray(permuted, dtype=float)
    values = values[~np.isnan(values)]
    if np.isnan(observed) or values.size == 0:
        return float("nan")
    # Equal means, summed in another order, can differ by a rounding error.
    reached = int((values >= observed - 1e-12 * max(abs(observed), 1.0)).sum())
    return (1 + reached) / (1 + values.size)
