"""What the winning workflows are made of, and which groups of features they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import ArmExplanation, ArmPredictions, StudyResults, Tables
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.analyses.table_notes import OVER_SPLITS
from lungmet_worc.display.labels import COLUMNS, GROUPS, Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table, share_text, with_interval

#: Stands for all groups of a modality.
ALL_GROUPS = "all"


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the tables of this analysis."""
    return {
        "workflows": workflows_table(results.explanations),
        "importance": importance_table(results.arms, results.explanations),
    }


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
    return WORKFLOWS.frame(rows)


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
    return IMPORTANCE.frame(rows)


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


def _workflows(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Show number and share of workflows in one cell."""
    table = WORKFLOWS.rows(frame[["arm", "kind", "name"]], say)
    table[say("Workflows")] = [
        f"{n} ({share_text(share, say)})"
        for n, share in zip(frame["n"], frame["share"], strict=True)
    ]
    table[WORKFLOWS.heading("share_of_candidates", say)] = [
        "" if np.isnan(share) else share_text(share, say) for share in frame["share_of_candidates"]
    ]
    return table


def _importance(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, the fall of the AUC with its interval in one cell."""
    table = IMPORTANCE.rows(frame[["arm", "modality", "group", "n_features", "chosen"]], say)
    table[say("Fall of the AUC (95% interval)")] = [
        with_interval(row, "importance", say, decimals=3) for row in frame.to_dict("records")
    ]
    return table


def _group_name(say: Language, text: str) -> str:
    """Return "MRI, Texture" for "MRI/texture"; other names stay as they are."""
    modality, _, group = text.rpartition("/")
    if modality == group:
        return COLUMNS["group"].label(group, say)
    return (
        f"{COLUMNS['modality'].label(modality, say)}, {say(GROUPS[group])}"
        if group in GROUPS
        else text
    )


WORKFLOWS = Table(
    "workflows",
    "Workflows",
    "What the winning workflows of each arm are made of: share of all workflows in the "
    "ensembles of all splits",
    (
        "arm",
        Column(
            *("kind", later("Kind"), "text"),
            words={
                "classifier": later("Classifier"),
                "step": later("Step"),
                "group": later("Group of features"),
            },
        ),
        Column("name", later("Name"), "text", said=_group_name),
        Column("n", later("Workflows"), "integer"),
        Column("share", later("Share of workflows"), "share"),
        Column("share_of_candidates", later("Share of candidates"), "share"),
    ),
    _workflows,
    notes=(
        "Beside a classifier is its share of all candidates that were scored: it was chosen "
        "by merit where its share of the ensembles is larger.",
    ),
)
IMPORTANCE = Table(
    "importance",
    "Importance",
    "Importance of groups of features: mean fall of the AUC when the features of the group "
    "are permuted together among the test patients",
    (
        *("arm", "modality", "group", "n_features"),
        Column("chosen", later("Chosen"), "share"),
        Column("importance", later("Fall of the AUC"), places=3),
        # An interval has as many decimals as what it is of.
        replace(COLUMNS["ci_low"], places=3),
        replace(COLUMNS["ci_high"], places=3),
        "n_splits",
    ),
    _importance,
    notes=(
        "Chosen: share of the workflows in the ensembles that use a feature of the group.",
        "Importance is that of groups that also share information: a group can be replaced "
        "by one that is correlated with it.",
        OVER_SPLITS,
    ),
)
TABLES = (WORKFLOWS, IMPORTANCE)
