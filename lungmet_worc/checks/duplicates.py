"""The same image or mask where there should be two different ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.imaging.inspection import PairInspection, same_place
from lungmet_worc.imaging.scans import InspectedScan


def duplicate_problems(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    """Report images and masks that are used more than once, by content.

    Each scan concerned gets the problem, since nobody knows which one is right. Two masks of
    the same shape in different places are a warning only: small masks in cropped images can
    agree by chance. One mask for several images of the same patient is how co-registered
    scans are segmented, and nothing to report.
    """
    yield from _same_images(scans)
    yield from _same_masks(scans)
    yield from _image_as_mask(scans)


def _grouped(
    scans: Iterable[InspectedScan], key: Callable[[PairInspection], str]
) -> list[list[InspectedScan]]:
    """Return the scans that share a key, where more than one does; "" is no key."""
    groups: dict[str, list[InspectedScan]] = {}
    for scan in scans:
        groups.setdefault(key(scan.inspection), []).append(scan)
    groups.pop("", None)
    return [group for group in groups.values() if len(group) > 1]


def _named(group: Sequence[InspectedScan]) -> Sentence:
    """Return "P1 (row 2), P3 (row 4) and P7 (row 8)"."""
    rows = dict.fromkeys((scan.patient.patient_id, scan.patient.row) for scan in group)
    return _and([Sentence("{patient} (row {row})", patient=p, row=row) for p, row in rows])


def _and(names: Sequence[str]) -> Sentence:
    """Return "one, two and three"; there are at least two."""
    return Sentence("{names} and {last}", names=joined(names[:-1], ", "), last=names[-1])


def _in_conflict(group: Sequence[InspectedScan], part: int) -> list[InspectedScan]:
    """Return the scans of a group that belong to several patients.

    Of scans of several modalities only those of the same column, if there are any: with one
    mask for the MRI and the CT of a patient, a copy of it in another patient's MRI says
    nothing against the CT.
    """
    if len({scan.patient.patient_id for scan in group}) < 2:
        return []
    same_column = [
        scan
        for scan in group
        if any(
            other.patient.patient_id != scan.patient.patient_id
            and other.columns[part] == scan.columns[part]
            for other in group
        )
    ]
    return same_column or list(group)


def _same_images(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    for group in _grouped(scans, lambda found: found.image_content or found.image_digest):
        if conflict := _in_conflict(group, 0):
            what = Sentence(
                "The same image is used for patients {patients}.", patients=_named(conflict)
            )
            for scan in conflict:
                yield _problem(scan, 0, what, Sentence("Give each patient's own image."))
        elif len({scan.columns[0] for scan in group}) > 1:
            modalities = _and([scan.modality for scan in group])
            what = Sentence("The same image is used for {modalities}.", modalities=modalities)
            remedy = Sentence("Correct one of the two paths, unless this is meant.")
            yield _problem(group[-1], 0, what, remedy, warning=True)


def _same_masks(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    for same in _grouped(
        scans, lambda found: found.segmentation_content or found.segmentation_digest
    ):
        group = _in_conflict(same, 1)
        if not group:
            continue
        if any(_same_mask(*two) for two in itertools.combinations(group, 2)):
            what = Sentence(
                "The same mask is used for patients {patients}.", patients=_named(group)
            )
            for scan in group:
                yield _problem(scan, 1, what, Sentence("Give each patient's own mask."))
        else:
            what = Sentence(
                "The masks of patients {patients} have the same voxels, in another place.",
                patients=_named(group),
            )
            remedy = Sentence("Look whether one was copied to the other.")
            for scan in group:
                yield _problem(scan, 1, what, remedy, warning=True)


def _same_mask(first: InspectedScan, second: InspectedScan) -> bool:
    if first.patient.patient_id == second.patient.patient_id:
        return False
    one, other = first.inspection, second.inspection
    return one.segmentation_digest == other.segmentation_digest or same_place(one, other)


def _image_as_mask(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    images = {scan.inspection.image_digest: scan for scan in scans}
    images.pop("", None)
    for scan in scans:
        other = images.get(scan.inspection.segmentation_digest)
        if other is not None and other.patient.row != scan.patient.row:
            what = Sentence(
                "This mask file is the image of patient {patient} (row {row}).",
                patient=other.patient.patient_id,
                row=other.patient.row,
            )
            yield _problem(scan, 1, what, Sentence("Correct one of the two paths."))


def _problem(
    scan: InspectedScan, part: int, what: str, remedy: str, *, warning: bool = False
) -> Problem:
    return Problem(
        what,
        remedy,
        "warning" if warning else "error",
        file=scan.entries[part],
        row=scan.patient.row,
        column=scan.columns[part],
        patient=scan.patient.patient_id,
    )
