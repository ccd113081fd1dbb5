"""What the ensemble of a split looks at: chosen features, and groups by permutation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from lungmet_worc.study.feature_groups import feature_group, feature_modality

#: How often each group is permuted in a split; the splits repeat it again.
REPEATS = 5

#: The entry for all groups of a modality together.
WHOLE = "all"


def chosen_groups(labels: Sequence[str], modalities: tuple[str, ...]) -> dict[str, int]:
    """Count the features that reach a classifier, as "MRI/texture" -> number."""
    return dict(
        Counter(
            f"{feature_modality(name, modalities)}/{feature_group(name)}" for name in labels
        ).most_common()
    )


def ensemble_posterior(
    members: Sequence[Any], values: Sequence[Sequence[float]]
) -> NDArray[np.float64]:
    """Return the mean posterior of an ensemble, each member asked once.

    WORC's ``Ensemble.predict_proba`` asks each member three times.

    Parameters
    ----------
    members : sequence of RandomizedSearchCVfastr
        Fitted.
    values : sequence of sequence of float, shape (n_patients, n_features)
        Features.

    Returns
    -------
    array of float, shape (n_patients,)
    """
    rows = [list(row) for row in values]
    posteriors = []
    for member in members:
        ready, _ = member.preprocess(rows)
        posteriors.append(member.best_estimator_.predict_proba(ready)[:, 1])
    return np.mean(posteriors, axis=0)


def group_importance(
    members: Sequence[Any],
    values: Sequence[Sequence[float]],
    outcome: NDArray[np.float64],
    labels: Sequence[str],
    modalities: tuple[str, ...],
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """Measure how much the AUC of the test part falls without each group of features.

    The features of a group are permuted together over the test patients, so that they keep
    what they have in common [1]_; one entry more for each modality permutes all of its groups.
    They are permuted where they reach the classifier, or a decomposition before it, behind
    imputation, scaling and selection. These treat features apart (imputation by neighbours does
    not), so that it is as if the patients' own values had been permuted.

    Parameters
    ----------
    members : sequence of RandomizedSearchCVfastr
        The fitted ensemble.
    values : sequence of sequence of float, shape (n_test, n_features)
        Features of the test patients.
    outcome : array of float, shape (n_test,)
        Outcomes, 0 or 1.
    labels : sequence of str, shape (n_features,)
        Feature names.
    modalities : tuple of str
        Modalities of the arm.
    seed : int
        Seed of the permutations.

    Returns
    -------
    list of dict
        ``modality``, ``group``, ``n_features``, and ``drop``: the mean fall of the AUC, None in a
        test part of one outcome only.

    References
    ----------
    .. [1] Breiman L. Random forests. Machine Learning 2001;45:5-32. doi:10.1023/A:1010933404324
    """
    groups = _columns(labels, modalities)
    random = np.random.default_rng(seed)
    orders = [random.permutation(len(outcome)) for _ in range(REPEATS)]
    defined = np.unique(outcome).size == 2
    aucs = np.empty((0,))
    if defined:
        parts = np.mean([_permuted_posteriors(m, values, groups, orders) for m in members], axis=0)
        aucs = np.asarray([roc_auc_score(outcome, part) for part in parts])
    found = []
    for number, ((modality, group), names) in enumerate(groups.items()):
        of_group = aucs[1 + number * REPEATS : 1 + (number + 1) * REPEATS]
        found.append(
            {
                "modality": modality,
                "group": group,
                "n_features": len(names),
                "drop": float(aucs[0] - of_group.mean()) if defined else None,
            }
        )
    return found


def _permuted_posteriors(
    member: Any,
    values: Sequence[Sequence[float]],
    groups: Mapping[tuple[str, str], frozenset[str]],
    orders: Sequence[NDArray[np.intp]],
) -> NDArray[np.float64]:
    """Return a member's posteriors, shape (1 + n_groups * n_orders, n_test), first as it is."""
    decomposition, member.best_pca = member.best_pca, None
    try:
        ready = np.asarray(member.preprocess([list(row) for row in values])[0], dtype=float)
    finally:
        member.best_pca = decomposition
    permuted = [ready]
    for names in groups.values():
        columns = [i for i, name in enumerate(member.best_featlab) if name in names]
        for order in orders:
            changed = ready.copy()
            changed[:, columns] = ready[order][:, columns]
            permuted.append(changed)
    stacked = np.concatenate(permuted)
    if decomposition is not None:
        stacked = decomposition.transform(stacked)
    posteriors = member.best_estimator_.predict_proba(stacked)[:, 1]
    return posteriors.reshape(len(permuted), len(values))


def _columns(
    labels: Sequence[str], modalities: tuple[str, ...]
) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return (modality, group) -> names of features, with all groups of a modality last."""
    groups: dict[tuple[str, str], list[str]] = {}
    whole: dict[tuple[str, str], list[str]] = {}
    for name in labels:
        modality = feature_modality(name, modalities)
        groups.setdefault((modality, feature_group(name)), []).append(name)
        whole.setdefault((modality, WHOLE), []).append(name)
    return {key: frozenset(names) for key, names in {**groups, **whole}.items()}
