"""What the winning workflows are made of, and which groups of features they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from lungmet_worc.analyses.results import ArmExplanation, ArmPredictions
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval

#: Stands for all groups of a modality.
ALL_GROUPS = "all"


def workflows_table(explanations: Sequence[ArmExplanation]) -> pd.DataFrame:
    """Count classifiers, steps and groups of features in the ensembles of all splits.

    Parameters
    ----------
    explanations : sequence of ArmExplanation

    Returns
    -------
    DataFrame
        Columns of the table ``workflows``, the most frequent first. A workflow has one classifier
        and any number of steps and groups, so only the shares of the classifiers add up to 1.
        Classifiers that were scored and never won are listed with 0.
    """
    rows: list[tuple[object, ...]] = []
    for arm in explanations:
        members = [member for split in arm.splits for member in split.members]
        candidates: Counter[str] = Counter()
        for split in arm.splits:
            candidates.update(split.candidates)
        counts = {
            "classifier": Counter(str(member["classifier"]) for member in members),
            "step": Counter(step for member in members for step in set(member["steps"])),
            "group": Counter(group for member in members for group in _chosen(member)),
        }
        counts["classifier"].update(dict.fromkeys(candidates, 0))
        counts["group"].update({f"{m}/{g}": 0 for m, g, _ in _groups(arm) if g != ALL_GROUPS})
        for kind, found in counts.items():
            for name, n in sorted(found.items(), key=lambda item: (-item[1], item[0])):
                share = n / len(members) if members else float("nan")
                tried = float("nan")
                if kind == "classifier" and candidates.total():
                    tried = candidates[name] / candidates.total()
                rows.append((arm.arm, kind, name, n, share, tried))
    return TABLES["workflows"].frame(rows)


def importance_table(
    arms: Sequence[ArmPredictions], explanations: Sequence[ArmExplanation]
) -> pd.DataFrame:
    """Summarise over the splits how much each group of features adds to the AUC.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Give the sizes of the parts, on which the interval depends.
    explanations : sequence of ArmExplanation

    Returns
    -------
    DataFrame
        Columns of the table ``importance``: the mean fall of the AUC of the test part over the
        splits that define it, with its corrected resampled interval (Nadeau and Bengio 2003),
        not clipped. A group "all" sums up each modality.
    """
    predicted = {arm.arm: {split.split: split for split in arm.splits} for arm in arms}
    rows = []
    for arm in explanations:
        splits = [split for split in arm.splits if split.split in predicted.get(arm.arm, {})]
        parts = [predicted[arm.arm][split.split] for split in splits]
        members = [member for split in arm.splits for member in split.members]
        for modality, group, n_features in _groups(arm):
            drops = [_drop(split.importance, modality, group) for split in splits]
            interval = corrected_resampled_interval(
                drops,
                [len(part.train_ids) for part in parts],
                [len(part.test_ids) for part in parts],
                bounds=None,
            )
            users = sum(_uses(member, modality, group) for member in members)
            chosen = users / len(members) if members else float("nan")
            mean, low, high, used = interval
            rows.append((arm.arm, modality, group, n_features, chosen, mean, low, high, used))
    return TABLES["importance"].frame(rows)


def _groups(arm: ArmExplanation) -> list[tuple[str, str, int]]:
    """Return modality, group and number of features of what an arm is made of."""
    found: dict[tuple[str, str], int] = {}
    for split in arm.splits:
        for entry in split.importance:
            key = (str(entry["modality"]), str(entry["group"]))
            found[key] = max(found.get(key, 0), int(entry["n_features"]))
    order = list(dict.fromkeys(modality for modality, _ in found))
    # A modality's sum stands behind its groups.
    keys = sorted(found, key=lambda key: (order.index(key[0]), key[1] == ALL_GROUPS))
    return [(*key, found[key]) for key in keys]


def _drop(importance: Iterable[Mapping[str, Any]], modality: str, group: str) -> float:
    """Return the fall of the AUC in one split; nan where it is not defined."""
    for entry in importance:
        if (entry["modality"], entry["group"]) == (modality, group):
            return float("nan") if entry["drop"] is None else float(entry["drop"])
    return float("nan")


def _chosen(member: Mapping[str, Any]) -> set[str]:
    """Return the groups of which a workflow uses at least one feature."""
    return {group for group, number in member["chosen"].items() if number}


def _uses(member: Mapping[str, Any], modality: str, group: str) -> bool:
    """Tell whether a workflow uses a group, or any group of a modality."""
    chosen = _chosen(member)
    if group != ALL_GROUPS:
        return f"{modality}/{group}" in chosen
    return any(name.rpartition("/")[0] == modality for name in chosen)
