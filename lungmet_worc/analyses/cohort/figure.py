"""Cohort flow diagram: who is in the manifest, who is left out and why, who enters each arm.

The diagram follows that of STARD 2015 (Bossuyt et al., BMJ 2015;351:h5527).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.style import (
    DOUBLE,
    INK,
    SMALL,
    TEXT,
    Drawing,
    lines_height,
    place,
    sheet,
    wrapped,
    write,
)
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import NoFeatures, Reason, said_causes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_REASONS = 6
#: Arms beside each other.
COLUMNS = 4
_PAD, _ARROW, _GAP = 0.18, 0.75, 0.3
#: Width of the main boxes, and from their middle to the box beside them.
_MAIN, _SIDE = 7.0, 0.6
CAPTIONS = {
    "flow": (
        later("Flow diagram of the cohort: who is in the manifest, who enters each arm."),
        later("From the manifest to the arms: how many patients, and why others do not enter."),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the figure of this analysis."""
    auc = tables["performance"].query("metric == 'auc'")
    tested = {str(arm): int(n) for arm, n in zip(auc["arm"], auc["n_patients"], strict=True)}
    drawing = flow_figure(results.cohort, say, tested)
    return {"flow": drawing} if drawing else {}


class _Box(NamedTuple):
    """A box: a line in bold, then lines, each wrapped to its width; `rows` go to the CSV."""

    heading: list[str]
    lines: list[str]
    width: float
    rows: list[tuple[str, str, str, int, int]]

    @property
    def height(self) -> float:
        return (
            2 * _PAD + lines_height(len(self.heading), TEXT) + lines_height(len(self.lines), SMALL)
        )


def flow_figure(
    cohort: Cohort, say: Language, tested: Mapping[str, int] | None = None
) -> Drawing | None:
    """Draw who enters each arm, and why others do not.

    Parameters
    ----------
    cohort : Cohort
    say : Language
    tested : mapping of str to int, optional
        Arm -> patients tested in at least one split; said where it is not everybody.

    Returns
    -------
    Drawing, optional
        None where the cohort names no arm. Numbers: box ("manifest", "left out", "entering",
        "arm", "not in arm"), arm, reason, n_patients, n_events.
    """
    arms = list(cohort.arms)
    if not arms or not cohort.patients:
        return None
    anywhere = set(cohort.everyone)
    entering = [patient for patient in cohort.patients if patient.patient_id in anywhere]
    manifest = _manifest_box(cohort, say)
    left_out = _left_out_box(cohort, say)
    same = all(set(ids) == anywhere for ids in cohort.arms.values())
    boxes = [] if same else _arm_boxes(cohort, entering, say, tested or {})
    middle = _entering_box(entering, arms, same, say, tested or {})
    figure = _draw(manifest, left_out, middle, boxes)
    rows = [row for box in (manifest, left_out, middle, *boxes) if box for row in box.rows]
    columns = ["box", "arm", "reason", "n_patients", "n_events"]
    return Drawing(figure, pd.DataFrame(rows, columns=columns))


def _events(patients: Iterable[Patient]) -> int:
    return sum(patient.outcome == 1 for patient in patients)


def _manifest_box(cohort: Cohort, say: Language) -> _Box:
    """Return the box of everybody: outcomes and scans."""
    outcomes = Counter(patient.outcome for patient in cohort.patients)
    numbers = {"events": outcomes[1], "others": outcomes[0], "unknown": outcomes[None]}
    lines = [say("{events} with the outcome, {others} without", **numbers)]
    if outcomes[None]:
        text = say("{events} with the outcome, {others} without, {unknown} not known", **numbers)
        lines = [text]
    for modality, (present, missing) in cohort.scan_counts().items():
        lines.append(
            say(
                "{modality}: {present} with scan, {missing} without",
                modality=say.modality(modality),
                present=present,
                missing=missing,
            )
        )
    n = len(cohort.patients)
    heading = say.plural(n, "In the manifest: {n} patient", "In the manifest: {n} patients")
    return _box(heading, lines, _MAIN, [("manifest", "", "", n, outcomes[1])])


def _left_out_box(cohort: Cohort, say: Language) -> _Box | None:
    """Return the box of those who enter no arm; None if there are none."""
    anywhere = set(cohort.everyone)
    out = [patient for patient in cohort.patients if patient.patient_id not in anywhere]
    if not out:
        return None
    counted = _counted(out, list(cohort.reasons.values()), ("left out", ""))
    heading = say.plural(len(out), "Left out: {n} patient", "Left out: {n} patients")
    return _box(heading, _reason_lines(counted, say), DOUBLE / 2 - _SIDE - 0.15, counted)


def _entering_box(
    entering: Sequence[Patient],
    arms: Sequence[str],
    same: bool,
    say: Language,
    tested: Mapping[str, int],
) -> _Box:
    """Return the box of those who enter an arm, or all arms where that is the same."""
    n, events = len(entering), _events(entering)
    names = ", ".join(say.arm(arm) for arm in arms)
    if not same:
        heading = say.plural(
            n, "In at least one arm: {n} patient", "In at least one arm: {n} patients"
        )
    elif len(arms) == 1:
        heading = say.plural(n, "{arm}: {n} patient", "{arm}: {n} patients", arm=names)
    else:
        heading = say.plural(n, "In every arm: {n} patient", "In every arm: {n} patients")
    lines = [say("{events} with the outcome, {others} without", events=events, others=n - events)]
    counts = {tested.get(arm, n) for arm in arms}
    if same and len(counts) == 1:
        lines += _tested_line(counts.pop(), n, say)
    if same and len(arms) > 1:
        lines.append(say("Arms: {arms}", arms=names))
    rows = [("entering", "", "", n, events)]
    if same:
        rows = [("arm", arm, "", n, events) for arm in arms]
    return _box(heading, lines, _MAIN, rows)


def _arm_boxes(
    cohort: Cohort, entering: Sequence[Patient], say: Language, tested: Mapping[str, int]
) -> list[_Box]:
    """Return the box of each arm, with those who enter only other arms."""
    width = _arm_width(len(cohort.arms))
    boxes = []
    for arm, reasons in cohort.reasons.items():
        inside = [patient for patient in entering if patient.patient_id not in reasons]
        outside = [patient for patient in entering if patient.patient_id in reasons]
        n, events = len(inside), _events(inside)
        text = {"events": events, "others": n - events}
        lines = [
            say.plural(n, "{n} patient", "{n} patients"),
            say("{events} with the outcome, {others} without", **text),
            *_tested_line(tested.get(arm, n), n, say),
        ]
        counted = _counted(outside, [reasons], ("not in arm", arm))
        if counted:
            k = len(outside)
            lines.append(say.plural(k, "Not in this arm: {n}", "Not in this arm: {n}"))
            lines += _reason_lines(counted, say)
        boxes.append(_box(say.arm(arm), lines, width, [("arm", arm, "", n, events), *counted]))
    return boxes


def _tested_line(tested: int, entering: int, say: Language) -> list[str]:
    """Say how many were tested, unless everybody was."""
    return [] if tested == entering else [say("In a test part at least once: {n}", n=tested)]


def _counted(
    patients: Sequence[Patient], arms: Sequence[Mapping[str, Reason]], box: tuple[str, str]
) -> list[tuple[str, str, str, int, int]]:
    """Count patients and events by what they lack in arms, the most common first."""
    lacking = {
        patient.patient_id: _short([reasons[patient.patient_id] for reasons in arms])
        for patient in patients
    }
    counts = Counter(lacking.values())
    events = Counter(lacking[each.patient_id] for each in patients if each.outcome == 1)
    return [(*box, why, count, events[why]) for why, count in counts.most_common()]


def _short(reasons: Iterable[Reason]) -> Sentence:
    """Return each cause once, without the details of a failure: they differ by patient."""
    causes = (
        replace(cause, cause="") if isinstance(cause, NoFeatures) else cause
        for reason in reasons
        for cause in reason.causes
    )
    return said_causes(dict.fromkeys(causes))


def _reason_lines(counted: Sequence[tuple[str, str, str, int, int]], say: Language) -> list[str]:
    """Return "3: no MRI image" for each reason, the rare ones together."""
    most = SHOWN_REASONS if len(counted) <= SHOWN_REASONS else SHOWN_REASONS - 1
    lines = [f"{count}: {say.of(why)}" for _, _, why, count, _ in counted[:most]]
    if len(counted) > most:
        rest = sum(count for *_, count, _ in counted[most:])
        lines.append(f"{rest}: {say('other reasons')}")
    return lines


def _box(
    heading: str, lines: Sequence[str], width: float, rows: list[tuple[str, str, str, int, int]]
) -> _Box:
    inside = width - 2 * _PAD
    wrapped_lines = [part for line in lines for part in wrapped(line, inside)]
    return _Box(wrapped(heading, inside, TEXT, "bold"), wrapped_lines, width, rows)


def _arm_width(n_arms: int) -> float:
    """Return the width of an arm's box: with more than four arms, four stand beside each other."""
    columns = min(n_arms, COLUMNS)
    return min((DOUBLE - 0.3 - _GAP * (columns - 1)) / columns, 6.0)


def _draw(manifest: _Box, left_out: _Box | None, middle: _Box, boxes: Sequence[_Box]) -> Figure:
    """Place the boxes and join them with arrows."""
    rows = [boxes[i : i + COLUMNS] for i in range(0, len(boxes), COLUMNS)]
    heights = [max(box.height for box in row) for row in rows]
    # The box of those left out lies beside the arrow from the manifest downwards.
    between = _ARROW if left_out is None else left_out.height + 0.5
    middle_top = 0.15 + manifest.height + between
    total = middle_top + middle.height + sum(height + _ARROW for height in heights) + 0.15
    figure = sheet(DOUBLE, total)
    axes = place(figure, 0, 0, DOUBLE, total)
    axes.set(xlim=(0, DOUBLE), ylim=(total, 0))
    axes.set_axis_off()
    centre = DOUBLE / 2
    _draw_box((figure, axes), manifest, centre - _MAIN / 2, 0.15)
    _arrow(axes, (centre, 0.15 + manifest.height), (centre, middle_top))
    if left_out is not None:
        beside = middle_top - between / 2
        _arrow(axes, (centre, beside), (centre + _SIDE, beside))
        _draw_box((figure, axes), left_out, centre + _SIDE, beside - left_out.height / 2)
    _draw_box((figure, axes), middle, centre - _MAIN / 2, middle_top)
    top = start = middle_top + middle.height
    for row, height in zip(rows, heights, strict=True):
        columns = len(boxes) if len(rows) == 1 else COLUMNS
        step = boxes[0].width + _GAP
        first = centre - (columns * step - _GAP) / 2 + boxes[0].width / 2
        places = [first + i * step for i in range(len(row))]
        bus = top + _ARROW / 2
        # Between two columns of boxes there is a gap for the line to the next row.
        axes.plot([centre, centre], [start, bus], color=INK, lw=0.8)
        axes.plot([min(centre, *places), max(centre, *places)], [bus, bus], color=INK, lw=0.8)
        for box, x in zip(row, places, strict=True):
            _arrow(axes, (x, bus), (x, top + _ARROW))
            _draw_box((figure, axes), box, x - box.width / 2, top + _ARROW, height)
        top, start = top + _ARROW + height, bus
    return figure


def _draw_box(
    on: tuple[Figure, Axes], box: _Box, left: float, top: float, height: float | None = None
) -> None:
    """Draw a box with its text; higher than its text where its row asks for it."""
    from matplotlib.patches import Rectangle

    figure, axes = on
    height = box.height if height is None else height
    axes.add_patch(
        Rectangle(
            (left, top), box.width, height, facecolor="white", edgecolor=INK, lw=0.8, zorder=2
        )
    )
    y = top + _PAD
    y += write(figure, left + _PAD, y, box.heading, size=TEXT, weight="bold")
    write(figure, left + _PAD, y, box.lines)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "lw": 0.8, "color": INK, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops={**arrow, "mutation_scale": 7})
