"""How far a run is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STAGES = ("fingerprint", "extraction", "settings", "search", "evaluation")


def status_text(status: Mapping[str, Any]) -> str:
    """Return what ``Run.status`` says, for a reader.

    Parameters
    ----------
    status : mapping
        See :meth:`lungmet_worc.run.Run.status`.
    """
    if status["running"]:
        state = "running"
    elif status["finished"]:
        state = f"finished at {status['finished']}"
    else:
        state = "stopped before its end; the same run command goes on with it"
    lines = [f'Study "{status["study"]}": {state} (started {status["started"]}).', ""]
    lines.append(f"{'stage':<12} {'done':>6} {'to do':>6} {'failed':>6}")
    for stage in _STAGES:
        states = status["stages"].get(stage)
        if states:
            counts = [states.get(name, 0) for name in ("done", "to do", "failed")]
            lines.append(f"{stage:<12} {counts[0]:>6} {counts[1]:>6} {counts[2]:>6}")
    if status["arms"]:
        lines += ["", "arms"]
        lines += [
            f"  {name}: {arm['n_patients']} patients, {arm['n_events']} events"
            for name, arm in status["arms"].items()
        ]
    for title, entries in (
        (
            "left out",
            [(f"{e['patient_id']} {e['modality']}", e["cause"]) for e in status["excluded"]],
        ),
        ("failed", status["failures"]),
    ):
        if entries:
            lines += ["", title, *(f"  {name}: {cause}" for name, cause in entries)]
    return "\n".join(lines)
