"""Candidate workflows without a score (errata E9), and searches in which none has one."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from lungmet_worc.tasks.task import Task

if TYPE_CHECKING:
    from lungmet_worc.study.tested_splits import UntestedSplit

WITHOUT_SCORE = "without_score"


def remember(entries: MutableMapping[str, Any], searches: Sequence[Task]) -> int:
    """Add to each done search why candidates have no score, where that is not known yet.

    Parameters
    ----------
    entries : mapping
        The tasks of ``run.json`` by their keys; those of the searches are completed.
    searches : sequence of Task
        Search tasks.

    Returns
    -------
    int
        Candidates without a score, over all searches that are done.
    """
    from lungmet_worc.worc.storage import read_result

    number = 0
    for task in searches:
        entry = entries.get(str(task.key), {})
        if entry.get("state") != "done":
            continue
        if WITHOUT_SCORE not in entry:
            entry[WITHOUT_SCORE] = dict(read_result(task.output)["causes"])
        number += sum(entry[WITHOUT_SCORE].values())
    return number


def without_workflow(searches: Sequence[Task]) -> list[UntestedSplit]:
    """Return the searches that are done and found no workflow that could be scored.

    Parameters
    ----------
    searches : sequence of Task
        Search tasks that are done.
    """
    from lungmet_worc.study.tested_splits import UntestedSplit
    from lungmet_worc.worc.storage import read_result

    found = []
    for task in searches:
        result = read_result(task.output)
        if result.get("no_workflow"):
            sizes = (len(result["train"]), len(result["test"]))
            found.append(UntestedSplit(task.key.arm, task.key.split, *sizes, "no workflow"))
    return found
